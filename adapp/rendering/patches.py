"""Crops that put a suspicious patch beside the normal patch most like it."""

from typing import Final, TypeAlias

import cv2
import numpy as np

from adapp.core.results import RgbImage
from adapp.rendering.overlay import BLACK, WHITE

Box: TypeAlias = tuple[int, int, int, int]

_GAP_PX: Final = 8


def crop_around(image: RgbImage, box: Box, *, context: float = 1.0, side: int = 192) -> RgbImage:
    """Return the surroundings of ``box`` as a square crop with the box outlined.

    The crop keeps the picture's proportions: it covers a square of the picture, cut and filled
    with grey where the picture ends.

    Args:
        image: Picture to cut from, [H, W, 3].
        box: Half-open pixel box (row 0, column 0, row 1, column 1).
        context: Margin on each side, as a multiple of the box's longer side.
        side: Height and width of the crop in pixels.
    """
    row0, column0, row1, column1 = box
    longer = max(row1 - row0, column1 - column0, 1)
    span = max(round(longer * (1.0 + 2.0 * context)), 1)
    top = (row0 + row1 - span) // 2
    left = (column0 + column1 - span) // 2
    square = _cut(image, top, left, span)
    enlarge = span < side
    how = cv2.INTER_NEAREST if enlarge and span < side // 8 else cv2.INTER_LINEAR
    crop = cv2.resize(square, (side, side), interpolation=how if enlarge else cv2.INTER_AREA)
    scale = side / span
    corners = (
        (round((column0 - left) * scale), round((row0 - top) * scale)),
        (round((column1 - left) * scale) - 1, round((row1 - top) * scale) - 1),
    )
    cv2.rectangle(crop, *corners, BLACK, 3)
    cv2.rectangle(crop, *corners, WHITE, 1)
    return np.asarray(crop, dtype=np.uint8)


def side_by_side(left: RgbImage, right: RgbImage) -> RgbImage:
    """Return two crops of equal height beside each other with a white gap of 8 pixels.

    Raises:
        ValueError: If the heights differ.
    """
    if left.shape[0] != right.shape[0]:
        msg = f"crops differ in height: {left.shape[0]} and {right.shape[0]}"
        raise ValueError(msg)
    gap = np.full((left.shape[0], _GAP_PX, 3), 255, dtype=np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def _cut(image: RgbImage, top: int, left: int, span: int) -> RgbImage:
    """Return the square [span, span, 3] at (top, left); grey outside of the picture."""
    height, width = image.shape[:2]
    square = np.full((span, span, 3), 128, dtype=np.uint8)
    rows = slice(max(top, 0), min(top + span, height))
    columns = slice(max(left, 0), min(left + span, width))
    square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = image[
        rows, columns
    ]
    return square
