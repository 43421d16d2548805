"""How the pictures of one run compare with each other: near-duplicates and differing scales."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.core.results import RgbImage

# A copy that was saved again or scaled stays below both (250 pictures: JPEG quality 75 all, 40 nine
# in ten, half size eight in ten); a small defect or a part moved by a pixel or two does not.
MEAN_DIFFERENCE = 1.0  # grey levels of 255, over the whole thumbnail
LARGEST_DIFFERENCE = 6.0  # grey levels of 255, in any cell

SCALE_FACTOR = 2.0  # picture sides that differ by more are flagged
ASPECT_FACTOR = 1.1  # aspect ratios that differ by more are flagged

_SIDE = 48


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """A picture reduced to what near-duplicates share.

    Attributes:
        cells: Brightness averaged over a 48 x 48 grid, [48, 48] float32 in [0, 255].
        mean: Mean of the cells.
    """

    cells: NDArray[np.float32]
    mean: float


def fingerprint(pixels: RgbImage) -> Fingerprint:
    """Return the fingerprint of an RGB picture, [H, W, 3]."""
    small = cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    cells = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return Fingerprint(cells, float(cells.mean()))


def are_near_duplicates(first: Fingerprint, second: Fingerprint) -> bool:
    """Return whether two pictures are the same shot, perhaps saved again or resized."""
    if abs(first.mean - second.mean) > MEAN_DIFFERENCE:
        return False  # the mean difference of the cells cannot be smaller
    difference = np.abs(first.cells - second.cells)
    return bool(difference.mean() <= MEAN_DIFFERENCE and difference.max() <= LARGEST_DIFFERENCE)


def scale_flags(size: tuple[int, int], others: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Return the remarks on a picture whose size fits none of the pictures it is compared with.

    Args:
        size: Height and width of the picture.
        others: Height and width of the support pictures; without any there is no remark.
    """
    if not others:
        return ()
    height, width = size
    shown = " or ".join(f"{w} x {h}" for h, w in list(dict.fromkeys(others))[:2])
    shape = min(_factor(width / height, w / h) for h, w in others)
    if shape > ASPECT_FACTOR:
        return (f"Its shape, {width} x {height} pixels, differs from the support ({shown}).",)
    scale = min(_factor(height * width, h * w) for h, w in others) ** 0.5
    if scale > SCALE_FACTOR:
        flag = (
            f"Its size, {width} x {height} pixels, is far from the support ({shown}): details "
            "appear at another scale and small defects can be missed."
        )
        return (flag,)
    return ()


def _factor(first: float, second: float) -> float:
    return max(first / second, second / first)
