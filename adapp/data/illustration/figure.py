"""From a page's few words on its picture ("part", "flaw") to the pictures themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from adapp.core.results import BinaryMask, RgbImage
from adapp.data.illustration import flaws
from adapp.data.illustration.parts import PARTS, Part
from adapp.data.raster import as_float, largest_change, to_bytes
from adapp.data.synthetic import DEFECT_TYPES, SyntheticAnomalies, SyntheticConfig
from adapp.data.synthetic.canvas import prepare

SIZE = 384
_AREA = (0.012, 0.035)  # of the picture: large enough to be seen on a page
_DRAWS = 6  # synthetic defects drawn; the clearest is shown
_LARGEST = 0.12  # of the picture; a larger defect hides the part
_VISIBLE = 9  # grey levels


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """The pictures of a page.

    Attributes:
        sound: The part without a flaw, [S, S, 3].
        damaged: The same part with the flaw, [S, S, 3]; None for a page about the sound part.
        mask: Where the two differ, [S, S]; None likewise.
        detail: The flaw seen close, [S, S, 3]; None likewise.
    """

    sound: RgbImage
    damaged: RgbImage | None = None
    mask: BinaryMask | None = None
    detail: RgbImage | None = None


def draw(wanted: Mapping[str, str | int | float], size: int = SIZE, *, variant: int = 0) -> Figure:
    """Return the pictures of a page; the same wish gives the same pictures.

    Args:
        wanted: ``part`` (one of ``PARTS``); perhaps ``flaw``, ``extra`` (a second flaw), ``seed``.
        size: Side of the pictures in pixels, at least 64.
        variant: Another specimen with another flaw of the same kind: for measuring retrieval on
            pictures that are on no page.

    Raises:
        ValueError: If part or flaw is unknown, or the part cannot show the flaw.
    """
    name, flaw = str(wanted.get("part", "")), str(wanted.get("flaw", ""))
    if name not in PARTS:
        msg = f"unknown part {name!r}; known: {', '.join(PARTS)}"
        raise ValueError(msg)
    part = PARTS[name]
    key = [int(wanted.get("seed", 0)), variant, *name.encode()]
    sound = part.render(key, size)
    if not flaw:
        return Figure(sound)
    damaged = damage(part, key, sound, flaw)
    if extra := str(wanted.get("extra", "")):
        damaged = paint_flaw(part, [*key, 7], damaged, extra)
    mask = flaws.change_of(as_float(sound), as_float(damaged), _VISIBLE)
    return Figure(sound, damaged, mask, close_up(damaged, mask))


def damage(part: Part, key: list[int], sound: RgbImage, flaw: str) -> RgbImage:
    """Return the part with a flaw, drawn with it or painted on it, [S, S, 3].

    Raises:
        ValueError: See ``draw``.
    """
    if flaw in part.flaws:
        return part.render(key, sound.shape[0], flaw)
    return paint_flaw(part, [*key, *flaw.encode()], sound, flaw)


def paint_flaw(part: Part, key: list[int], sound: RgbImage, flaw: str) -> RgbImage:
    """Return ``sound`` with a flaw of a general kind painted on it, [S, S, 3].

    Raises:
        ValueError: If the flaw is unknown or does not show on this part.
    """
    if flaw in DEFECT_TYPES and flaw not in flaws.PAINTERS:
        return _clearest(part, key, sound, flaw)
    if flaw not in flaws.PAINTERS:
        known = sorted({*DEFECT_TYPES, *flaws.PAINTERS, *part.flaws})
        msg = f"unknown flaw {flaw!r}; known: {', '.join(known)}"
        raise ValueError(msg)
    mask = np.ones(sound.shape[:2], dtype=np.bool_)
    if not part.filled:
        canvas = prepare(sound, SyntheticConfig())
        mask = canvas.foreground
    painted = flaws.PAINTERS[flaw](as_float(sound), mask, np.random.default_rng(key))
    return to_bytes(np.clip(painted, 0, 255).astype(np.float32))


def _clearest(part: Part, key: list[int], sound: RgbImage, flaw: str) -> RgbImage:
    """Return the synthetic defect that stands out most among a few of the wanted type."""
    config = SyntheticConfig(defect_area=_AREA, foreground="none" if part.filled else "auto")
    best, contrast = sound, -1.0
    for number in range(_DRAWS):
        rng = np.random.default_rng([*key, number])
        sample = SyntheticAnomalies(config).make(sound, rng, defect_type=flaw)
        share = float(sample.mask.mean())
        if sample.defect_type != flaw or share > _LARGEST:
            continue
        seen = float(largest_change(sample.image, sound)[sample.mask].mean()) * min(1, share / 0.01)
        if seen > contrast:
            best, contrast = sample.image, seen
    if contrast < 0:
        msg = f"this part cannot show the flaw {flaw!r}; choose another part or flaw"
        raise ValueError(msg)
    return best


def close_up(picture: RgbImage, mask: BinaryMask) -> RgbImage:
    """Return the square around a mask, with some surroundings, at the picture's size."""
    size = picture.shape[0]
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return picture
    low = np.percentile(rows, 2), np.percentile(columns, 2)
    high = np.percentile(rows, 98), np.percentile(columns, 98)
    side = int(np.clip(1.5 * max(high[0] - low[0], high[1] - low[1]), size / 4, size))
    top = int(np.clip((low[0] + high[0] - side) / 2, 0, size - side))
    left = int(np.clip((low[1] + high[1] - side) / 2, 0, size - side))
    window = picture[top : top + side, left : left + side]
    grown = cv2.resize(window, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(grown, dtype=np.uint8)
