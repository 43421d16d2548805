"""Float rasters: blur, resize, warp and antialiased drawing, with one dtype throughout.

Maps are ``float32``. Points are (x, y) pairs in pixels, origin top left, as OpenCV counts them.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatMap: TypeAlias = NDArray[np.float32]  # [H, W]
FloatImage: TypeAlias = NDArray[np.float32]  # [H, W, 3], usually 0..255
Points: TypeAlias = NDArray[np.float32]  # [P, 2], columns x and y
Window: TypeAlias = tuple[slice, slice]

_SHIFT = 4  # fixed-point bits of OpenCV's drawing functions
_FULL_BLUR = 4.0  # above this sigma a blur runs on a reduced copy


def as_float(values: ArrayLike) -> NDArray[np.float32]:
    """Return ``values`` as float32, copied only if they are not."""
    return np.asarray(values, dtype=np.float32)


def resize(
    values: NDArray[np.float32], height: int, width: int, *, smooth: bool = True
) -> FloatMap:
    """Return ``values`` at [height, width]: cubic up, area down, nearest if not smooth."""
    if not smooth:
        how = cv2.INTER_NEAREST
    elif height < values.shape[0] and width < values.shape[1]:
        how = cv2.INTER_AREA
    else:
        how = cv2.INTER_CUBIC
    return np.asarray(cv2.resize(values, (width, height), interpolation=how), dtype=np.float32)


def blur(values: NDArray[np.float32], sigma: float) -> FloatMap:
    """Return ``values`` under a Gaussian of ``sigma`` pixels, mirrored at the border."""
    if sigma < 0.1:
        return values
    factor = int(sigma / _FULL_BLUR) + 1
    height, width = values.shape[:2]
    if factor == 1 or min(height, width) < 8 * factor:
        done = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
        return np.asarray(done, dtype=np.float32)
    small = resize(values, -(-height // factor), -(-width // factor))
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / factor), dtype=np.float32)
    grown = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, dtype=np.float32)


def warp(values: NDArray[np.float32], shift_x: FloatMap, shift_y: FloatMap) -> FloatMap:
    """Return ``values`` sampled at (x + shift_x, y + shift_y), mirrored at the border."""
    height, width = values.shape[:2]
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    moved = cv2.remap(
        values,
        columns + shift_x,
        rows + shift_y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(moved, dtype=np.float32)


def translate(values: FloatMap, shift_x: float, shift_y: float) -> FloatMap:
    """Return ``values`` moved right and down by a fraction of pixels; zeros move in."""
    matrix = np.array([[1, 0, shift_x], [0, 1, shift_y]], dtype=np.float32)
    size = (values.shape[1], values.shape[0])
    return np.asarray(cv2.warpAffine(values, matrix, size), dtype=np.float32)


def fill_polygons(height: int, width: int, outlines: Sequence[Points]) -> FloatMap:
    """Return the antialiased coverage of closed polygons together, [height, width] in [0, 1].

    OpenCV draws the outline too, so a shape grows by about half a pixel on each side.
    """
    canvas = np.zeros((height, width), dtype=np.uint8)
    for points in outlines:
        fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(canvas, [fixed], 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    return as_float(canvas) / np.float32(255)


def draw_ribbon(height: int, width: int, points: Points, widths: NDArray[np.float32]) -> FloatMap:
    """Return the coverage of a stroke with one width per point, [height, width] in [0, 1].

    Widths are pixels; a stroke narrower than a pixel keeps its share of ink by a lower coverage.
    """
    double = np.zeros((2 * height, 2 * width), dtype=np.uint8)
    drawn = np.maximum(widths, 1.0) * 2
    fixed = np.round(points * 2 * (1 << _SHIFT)).astype(np.int32)
    ink = np.clip(widths, 0.0, 1.0) * 255
    for i in range(len(points) - 1):
        thickness = max(1, round(float(drawn[i] + drawn[i + 1]) / 2))
        tone = int(max(ink[i], ink[i + 1]))
        start = (int(fixed[i, 0]), int(fixed[i, 1]))
        end = (int(fixed[i + 1, 0]), int(fixed[i + 1, 1]))
        cv2.line(double, start, end, tone, thickness, cv2.LINE_AA, _SHIFT)
    small = cv2.resize(double, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def bounding_window(alpha: FloatMap, margin: int = 0) -> Window | None:
    """Return the rows and columns that hold ``alpha > 0``, widened; None where there is none."""
    marked = (alpha > 0).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(marked)
    if width == 0 or height == 0:
        return None
    rows, columns = alpha.shape
    return (
        slice(max(0, top - margin), min(rows, top + height + margin)),
        slice(max(0, left - margin), min(columns, left + width + margin)),
    )


def luminance(image: NDArray[np.float32]) -> FloatMap:
    """Return the Rec. 601 grey value of an RGB picture, [H, W] on the scale of the input."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def to_bytes(values: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ``values`` rounded and cut to 0..255 as uint8."""
    done = cv2.addWeighted(values, 1.0, values, 0.0, 0.0, dtype=cv2.CV_8U)
    return np.asarray(done, dtype=np.uint8)


def largest_change(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the largest difference over the channels of two RGB pictures, [H, W] in 0..255."""
    red, green, blue = cv2.split(cv2.absdiff(one, other))
    return np.asarray(cv2.max(cv2.max(red, green), blue), dtype=np.uint8)


def box_mean(values: NDArray[np.float32], side: int) -> FloatMap:
    """Return the mean over a ``side`` x ``side`` box around each pixel."""
    return np.asarray(cv2.blur(values, (side, side)), dtype=np.float32)
