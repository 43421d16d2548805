"""Small pictures for lists and reports, as JPEG files in memory."""

from typing import Final

import cv2
import numpy as np

from adapp.core.results import RgbImage
from adapp.rendering.overlay import shrink

_QUALITY: Final = 80
_GAP: Final = 4  # pixels of white between two pictures


def thumbnail(image: RgbImage, side: int) -> bytes:
    """Return ``image`` as a JPEG file, its longer side at most ``side`` pixels."""
    return _jpeg(shrink(image, side))


def thumbnail_pair(left: RgbImage, right: RgbImage, side: int) -> bytes:
    """Return two pictures of one size beside each other as a JPEG file, each at most ``side``."""
    small = shrink(left, side)
    other = shrink(right, side)
    gap = np.full((small.shape[0], _GAP, 3), 255, np.uint8)
    return _jpeg(np.concatenate([small, gap, other], axis=1))


def _jpeg(image: RgbImage) -> bytes:
    ordered = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not encoded:
        msg = f"cannot write an image of shape {image.shape} as JPEG"
        raise ValueError(msg)
    return data.tobytes()
