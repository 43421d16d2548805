"""The colour bar that says which colour stands for which value."""

from typing import Final

import cv2
import numpy as np

from adapp.core.results import RgbImage
from adapp.rendering.overlay import colorize

_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_INK: Final = (40, 40, 40)
_TICKS: Final = 5
_LABEL_ROWS: Final = 22


def colour_bar(
    colormap: str, low: float = 0.0, high: float = 1.0, *, width: int = 320, height: int = 40
) -> RgbImage:
    """Return a horizontal colour bar with the values under it, [height, width, 3].

    Args:
        colormap: One of ``colormaps.SEQUENTIAL`` or ``colormaps.DIVERGING``.
        low: Value at the left end.
        high: Value at the right end.
        width: Width in pixels, at least 120.
        height: Height in pixels, at least 30; the lowest 22 hold the values.

    Raises:
        ValueError: If the size is too small, the scale does not rise or the colour map is unknown.
    """
    if width < 120 or height < _LABEL_ROWS + 8:
        msg = f"a colour bar needs at least 120 x {_LABEL_ROWS + 8} pixels, got {width} x {height}"
        raise ValueError(msg)
    bar = np.full((height, width, 3), 255, dtype=np.uint8)
    ramp = np.linspace(low, high, width, dtype=np.float32)
    bar[: height - _LABEL_ROWS] = colorize(ramp[None, :], low, high, colormap)
    for share in np.linspace(0.0, 1.0, _TICKS):
        column = round(share * (width - 1))
        text = f"{low + share * (high - low):g}"
        bar[height - _LABEL_ROWS : height - _LABEL_ROWS + 4, column] = _INK
        (text_width, _), _ = cv2.getTextSize(text, _FONT, 0.38, 1)
        left = min(max(column - text_width // 2, 0), width - text_width)
        cv2.putText(bar, text, (left, height - 5), _FONT, 0.38, _INK, 1, cv2.LINE_AA)
    return bar
