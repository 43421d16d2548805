"""Pictures as text that a page can hold, so that showing a result writes nothing to disk."""

import base64
import math

from adapp.core.results import AnomalyMap, BinaryMask, RgbImage
from adapp.rendering.overlay import encode_map, encode_mask, encode_png, shrink
from adapp.rendering.thumbnail import thumbnail

SCREEN_SIDE = 1280
"""Longest side, in pixels, of a picture sent to the page."""
MAP_SIDE = 400
"""The same of a map, which is smooth: the browser enlarges it without visible loss."""


def png_uri(pixels: RgbImage) -> str:
    """Return ``pixels`` as a lossless ``data:`` address."""
    return _uri(encode_png(pixels))


def thumb_uri(pixels: RgbImage, side: int) -> str:
    """Return ``pixels``, reduced to at most ``side``, as a ``data:`` address; a tenth of a PNG."""
    return _uri(thumbnail(pixels, side), "jpeg")


def map_uri(values: AnomalyMap, low: float, high: float, colormap: str) -> str:
    """Return ``values`` in colours between ``low`` and ``high`` as a lossless ``data:`` address."""
    return _uri(encode_map(values, low, high, colormap))


def mask_uri(mask: BinaryMask) -> str:
    """Return ``mask`` as a ``data:`` address of a black and white picture."""
    step = _step(mask.shape, SCREEN_SIDE)
    return _uri(encode_mask(mask[::step, ::step]))


def screen_picture(pixels: RgbImage, side: int = SCREEN_SIDE) -> RgbImage:
    """Return ``pixels`` smoothly reduced to at most ``side`` on either axis."""
    return shrink(pixels, side)


def screen_map(anomaly_map: AnomalyMap) -> AnomalyMap:
    """Return every n-th cell of ``anomaly_map``, so that it is no larger than the screen shows."""
    step = _step(anomaly_map.shape, MAP_SIDE)
    return anomaly_map[::step, ::step]


def _step(shape: tuple[int, ...], side: int) -> int:
    return math.ceil(max(shape) / side)


def _uri(file: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(file).decode('ascii')}"
