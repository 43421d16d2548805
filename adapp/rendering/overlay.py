"""Pictures of anomaly maps: colours on a fixed scale, overlays, boxes and contours.

Nothing here looks at the map's own minimum or maximum, so a good part stays dark.
"""

import io
from collections.abc import Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from adapp.core.results import AnomalyMap, BinaryMask, RgbImage
from adapp.rendering.colormaps import STEPS, color_table

Box: TypeAlias = tuple[int, int, int, int]
Color: TypeAlias = tuple[int, int, int]

WHITE: Final[Color] = (255, 255, 255)
BLACK: Final[Color] = (0, 0, 0)
SELECTED: Final[Color] = (86, 180, 233)  # sky blue of the Okabe-Ito palette
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


def colorize(
    anomaly_map: AnomalyMap, low: float = 0.0, high: float = 1.0, colormap: str = "inferno"
) -> RgbImage:
    """Return ``anomaly_map`` in colours, [H, W, 3]; values outside the scale take its end.

    Args:
        anomaly_map: Values at the picture's resolution, [H, W].
        low: Value that takes the first colour.
        high: Value that takes the last colour.
        colormap: One of ``colormaps.SEQUENTIAL`` or ``colormaps.DIVERGING``.

    Raises:
        ValueError: If ``high`` is not above ``low`` or the colour map is not offered.
    """
    table = color_table(colormap).reshape(256, 1, 3)
    return np.asarray(cv2.applyColorMap(_steps(anomaly_map, low, high), table), dtype=np.uint8)


def encode_map(anomaly_map: AnomalyMap, low: float, high: float, colormap: str) -> bytes:
    """Return the pixels of ``colorize``, which explains the arguments, as a PNG with a palette.

    Raises:
        ValueError: As there.
    """
    picture = Image.fromarray(_steps(anomaly_map, low, high))
    picture.putpalette(color_table(colormap).tobytes())
    return _quick_png(picture)


def encode_mask(mask: BinaryMask) -> bytes:
    """Return ``mask`` [H, W] as a PNG file of one bit a pixel, white where it holds."""
    return _quick_png(Image.fromarray(mask))


def _quick_png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _steps(anomaly_map: AnomalyMap, low: float, high: float) -> NDArray[np.uint8]:
    """Return the nearest step of the scale for each value, 0 .. STEPS - 1, [H, W].

    Raises:
        ValueError: If ``high`` is not above ``low``.
    """
    if not high > low:
        msg = f"the scale must rise, got {low} to {high}"
        raise ValueError(msg)
    scale = (STEPS - 1) / (high - low)
    within = np.clip(anomaly_map, low, high)
    return np.asarray(cv2.convertScaleAbs(within, alpha=scale, beta=-low * scale), np.uint8)


def overlay(
    image: RgbImage,
    anomaly_map: AnomalyMap,
    opacity: float = 0.5,
    colormap: str = "inferno",
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> RgbImage:
    """Return ``image`` under the coloured map, [H, W, 3]; opacity 0 shows the image alone.

    Raises:
        ValueError: If image and map differ in size or ``opacity`` leaves [0, 1].
    """
    if image.shape[:2] != anomaly_map.shape:
        msg = f"image {image.shape[:2]} and map {anomaly_map.shape} differ in size"
        raise ValueError(msg)
    if not 0.0 <= opacity <= 1.0:
        msg = f"opacity must lie in [0, 1], got {opacity}"
        raise ValueError(msg)
    colors = colorize(anomaly_map, low, high, colormap)
    return np.asarray(cv2.addWeighted(image, 1.0 - opacity, colors, opacity, 0.0), dtype=np.uint8)


def draw_contours(image: RgbImage, mask: BinaryMask) -> RgbImage:
    """Return a copy of ``image`` with the outline of ``mask`` in white on black."""
    drawn = np.ascontiguousarray(image).copy()
    outlines, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    width = stroke(image)
    cv2.drawContours(drawn, outlines, -1, BLACK, width + 2)
    cv2.drawContours(drawn, outlines, -1, WHITE, width)
    return drawn


def draw_regions(image: RgbImage, boxes: Sequence[Box], selected: int | None = None) -> RgbImage:
    """Return a copy of ``image`` with each box and its number, counted from 1.

    Args:
        image: Picture to draw on, [H, W, 3].
        boxes: Half-open pixel boxes (row 0, column 0, row 1, column 1).
        selected: Position of the box to mark by colour and a thicker line; None marks none.
    """
    drawn = np.ascontiguousarray(image).copy()
    width = stroke(image)
    for position, box in enumerate(boxes):
        marked = position == selected
        _draw_box(drawn, box, SELECTED if marked else WHITE, width + marked)
    for position, box in enumerate(boxes):  # numbers last: no box may cross them
        _draw_number(drawn, str(position + 1), box, SELECTED if position == selected else WHITE)
    return drawn


def mask_image(mask: BinaryMask) -> NDArray[np.uint8]:
    """Return ``mask`` as a picture of exactly two grey levels, 0 and 255, [H, W]."""
    return np.where(mask, np.uint8(255), np.uint8(0))


def shrink(image: RgbImage, max_side: int) -> RgbImage:
    """Return ``image`` with its longer side at most ``max_side`` pixels, unchanged if it is."""
    height, width = image.shape[:2]
    if max(height, width) <= max_side:
        return image
    factor = max_side / max(height, width)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Return ``image`` (RGB [H, W, 3] or grey [H, W]) as a lossless PNG file."""
    ordered = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    encoded, data = cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not encoded:
        msg = f"cannot write an image of shape {image.shape} as PNG"
        raise ValueError(msg)
    return data.tobytes()


def stroke(image: RgbImage) -> int:
    """Return the line width in pixels that stays visible on ``image`` when shown whole."""
    longer = int(max(image.shape[:2]))
    return max(1, round(longer / 400))


def _draw_box(image: RgbImage, box: Box, color: Color, width: int) -> None:
    row0, column0, row1, column1 = box
    corners = ((column0, row0), (max(column1 - 1, column0), max(row1 - 1, row0)))
    cv2.rectangle(image, *corners, BLACK, width + 2)
    cv2.rectangle(image, *corners, color, width)


def _draw_number(image: RgbImage, text: str, box: Box, color: Color) -> None:
    """Write ``text`` above the box's corner, or inside the picture where there is no room."""
    height, width = image.shape[:2]
    scale = max(0.35, max(height, width) / 1200)
    weight = max(1, round(scale * 1.5))
    (text_width, text_height), base = cv2.getTextSize(text, _FONT, scale, weight)
    pad = weight + 1
    tall, wide = text_height + base + pad, text_width + 2 * pad
    top = min(max(box[0] - tall, 0), max(height - tall, 0))
    left = min(max(box[1], 0), max(width - wide, 0))
    cv2.rectangle(image, (left, top), (left + wide - 1, top + tall - 1), color, cv2.FILLED)
    place = (left + pad, top + text_height + pad // 2)
    cv2.putText(image, text, place, _FONT, scale, BLACK, weight, cv2.LINE_AA)
