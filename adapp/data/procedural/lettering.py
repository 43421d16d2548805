"""Print on parts: words and drawings laid into a part's own coordinates."""

import cv2
import numpy as np

from adapp.data.procedural.frame import Frame
from adapp.data.raster import FloatMap, as_float


def stamp(frame: Frame, drawn: FloatMap) -> FloatMap:
    """Return a square drawing ([R, R] in 0..1 over -1..1) laid into the frame, [S, S]."""
    side = np.float32(drawn.shape[0] / 2)
    laid = cv2.remap(drawn, frame.x * side + side, frame.y * side + side, cv2.INTER_LINEAR)
    return np.asarray(laid, dtype=np.float32)


def word(look: np.random.Generator, shortest: int, longest: int) -> str:
    """Return a made-up marking of capitals and digits."""
    letters = "ABCDEFGHKLMNPRSTUVXZ0123456789"
    count = int(look.integers(shortest, longest + 1))
    return "".join(letters[int(index)] for index in look.integers(0, len(letters), count))


def print_lines(
    frame: Frame, lines: list[str], width: float, height: float | None = None
) -> FloatMap:
    """Return lines of print centred in the frame, [S, S] in 0..1."""
    side = 512
    drawn = np.zeros((side, side), dtype=np.uint8)
    fonts = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
    scale = width * side / 2 / (max(len(line) for line in lines) * 20)
    step = (height or 44 * scale * 2 / side) * side / 2
    for index, line in enumerate(lines):
        font = fonts[len(lines) % 3]
        (wide, tall), _ = cv2.getTextSize(line, font, scale, max(1, round(2 * scale)))
        y = side / 2 + (index - (len(lines) - 1) / 2) * step + tall / 2
        at = (int(side / 2 - wide / 2), int(y))
        cv2.putText(drawn, line, at, font, scale, 255, max(1, round(2 * scale)), cv2.LINE_AA)
    return stamp(frame, as_float(drawn) / np.float32(255))
