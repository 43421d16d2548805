"""One entry to all recipes: draws one, checks that the damage shows, and returns its mask."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from adapp.core.results import BinaryMask, RgbImage
from adapp.data.raster import largest_change, to_bytes
from adapp.data.synthetic import paste, perlin, spots, typed
from adapp.data.synthetic.canvas import Canvas, Layer, prepare
from adapp.data.synthetic.config import RECIPES, Recipe, SyntheticConfig

_LAST_RESORT = 20  # foreign bodies tried once every recipe has failed
_SPECK = 4  # pixels; smaller islands of change are noise, not defect


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticSample:
    """A picture and what was done to it.

    Attributes:
        image: The picture, [H, W, 3], equal to the normal one outside the mask.
        mask: Where it visibly differs, [H, W]; empty for an untouched picture.
        recipe: ``perlin``, ``cutpaste``, ``nsa``, ``typed``, or ``clean``.
        defect_type: What was drawn: a member of ``DEFECT_TYPES``, or the recipe's variant.
    """

    image: RgbImage
    mask: BinaryMask
    recipe: str
    defect_type: str


class SyntheticAnomalies:
    """Damages normal pictures; the generator handed in decides everything random."""

    def __init__(self, config: SyntheticConfig | None = None) -> None:
        self.config = SyntheticConfig() if config is None else config

    def draw(
        self, image: RgbImage, rng: np.random.Generator, others: Sequence[RgbImage] = ()
    ) -> SyntheticSample:
        """Return a clean sample with ``clean_probability``, otherwise a damaged one."""
        if rng.random() < self.config.clean_probability:
            mask = np.zeros(image.shape[:2], dtype=np.bool_)
            return SyntheticSample(image, mask, "clean", "none")
        return self.make(image, rng, others)

    def make(
        self,
        image: RgbImage,
        rng: np.random.Generator,
        others: Sequence[RgbImage] = (),
        *,
        defect_type: str | None = None,
    ) -> SyntheticSample:
        """Return a damaged copy of ``image``; its mask is never empty.

        Args:
            image: A normal picture, [H, W, 3], at least 32 pixels on each side.
            rng: Source of all randomness.
            others: Normal pictures of the same category; NSA takes its patches from them.
            defect_type: Ask for this type of ``DEFECT_TYPES``. A picture that cannot show it (no
                edge to chip, no structure to lose) gets a foreign body; the sample says so.

        Raises:
            ValueError: If the picture is too small or not RGB uint8, or the type is unknown.
        """
        canvas = prepare(image, self.config)
        for recipe in self._order(rng, defect_type):
            for _ in range(self.config.attempts):
                layer = _paint(recipe, canvas, rng, others, defect_type)
                sample = None if layer is None else _finish(canvas, layer, recipe)
                if sample is not None:
                    return sample
        for _ in range(_LAST_RESORT):
            layer = spots.paint_contamination(canvas, rng)
            sample = None if layer is None else _finish(canvas, layer, "typed")
            if sample is not None:
                return sample
        return _plain_spot(canvas)

    def _order(self, rng: np.random.Generator, defect_type: str | None) -> list[Recipe]:
        """Return the recipe to try first, then the others in use, in random order."""
        if defect_type is not None:
            return ["typed"]
        weights = self.config.weights()
        share = np.array([weights[name] for name in RECIPES])
        used = int(np.count_nonzero(share))
        drawn = rng.choice(len(RECIPES), size=used, replace=False, p=share / share.sum())
        return [RECIPES[int(index)] for index in drawn]


def _paint(
    recipe: Recipe,
    canvas: Canvas,
    rng: np.random.Generator,
    others: Sequence[RgbImage],
    defect_type: str | None,
) -> Layer | None:
    if recipe == "perlin":
        return perlin.paint(canvas, rng)
    if recipe == "cutpaste":
        return paste.paint_cutpaste(canvas, rng)
    if recipe == "nsa":
        return paste.paint_nsa(canvas, rng, others)
    return typed.paint(canvas, rng, defect_type)


def _finish(canvas: Canvas, layer: Layer, recipe: str) -> SyntheticSample | None:
    """Return the sample whose mask is where the change shows; None if too little shows."""
    altered = to_bytes(layer.pixels)
    if canvas.grey:
        altered = np.asarray(cv2.cvtColor(altered, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        altered = np.asarray(cv2.cvtColor(altered, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    change = largest_change(altered, canvas.image)
    visible = max(canvas.config.visible_change, canvas.noise)
    shows = (cv2.blur(change, (3, 3)) >= visible) | (change >= 3 * visible)
    support = layer.support > 0.02
    marked = (shows & support & (change > 0)).astype(np.uint8)
    closing = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = np.asarray(cv2.morphologyEx(marked, cv2.MORPH_CLOSE, closing), dtype=np.uint8)
    mask = _without_specks(closed * support)
    least = max(8.0, canvas.config.least_area * mask.size)
    if np.count_nonzero(mask & (change > 0)) < least:
        return None
    image = cv2.copyTo(altered, mask.astype(np.uint8), canvas.image.copy())
    return SyntheticSample(np.asarray(image), mask, recipe, layer.defect_type)


def _without_specks(marked: RgbImage) -> BinaryMask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    if count <= 1:
        return np.zeros(marked.shape, dtype=np.bool_)
    keep = np.asarray(stats[:, cv2.CC_STAT_AREA]) >= _SPECK
    keep[0] = False
    return np.asarray(keep[labels], dtype=np.bool_)


def _plain_spot(canvas: Canvas) -> SyntheticSample:
    """Return the picture with one inverted square at its middle: shows on any picture."""
    half = max(2, int(0.03 * canvas.extent))
    row, column = canvas.height // 2, canvas.width // 2
    window = (slice(row - half, row + half), slice(column - half, column + half))
    image, mask = canvas.image.copy(), np.zeros(canvas.foreground.shape, dtype=np.bool_)
    image[window] ^= 128
    mask[window] = True
    return SyntheticSample(image, mask, "typed", "contamination")
