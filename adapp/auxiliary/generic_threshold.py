"""The generic threshold: what good pictures of categories never seen score.

Without a normal picture nothing says how this part's good pictures score. So the training
categories are cut into parts, each part's good pictures are scored by a short training without
it, and the threshold is set above all but a stated share of them. No test picture is looked at.

Rendered parts are cleaner than photographed ones, so their good pictures score lower: where a few
real categories have good pictures, those alone set the threshold of the image score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from adapp.auxiliary.bank import Shelf
from adapp.core.results import Calibration
from adapp.training.checkpoint import CardValue

CARD_KEY = "generic_threshold"
ENOUGH_REAL: Final = 4
"""Real categories from which on the rendered ones have no say in the image threshold."""


@dataclass(frozen=True, slots=True)
class GenericThreshold:
    """Thresholds for use without any normal picture.

    Attributes:
        image: Of the image score.
        pixel: Of the fused map, in [0, 1].
        false_alarms: Share of good pictures of unseen categories that score above it; None if
            nothing was learned that could tell.
        pictures: Good pictures behind the image threshold.
        categories: Their categories.
    """

    image: float
    pixel: float = 0.5
    false_alarms: float | None = None
    pictures: int = 0
    categories: int = 0

    @classmethod
    def middle(cls, score_range: tuple[float, float]) -> "GenericThreshold":
        """Return the middle of the scale, where nothing was learned that could tell."""
        return cls(sum(score_range) / 2.0)

    def calibration(self) -> Calibration:
        """Return the thresholds for a part of which there is no normal picture."""
        if self.false_alarms is None:
            note = (
                "No normal picture and no training stands behind this threshold: it is the "
                "middle of the scale; add 3 or more normals."
            )
        else:
            note = (
                f"Generic threshold: {self.false_alarms:.0%} of {self.pictures} good pictures of "
                f"{self.categories} training categories lay above it when their category was "
                "left out; add 3 or more normals for one of this part."
            )
        return Calibration(
            normal_scores=(),
            image_threshold=self.image,
            pixel_threshold=self.pixel,
            n_normals=0,
            basis="generic",
            note=note,
        )

    def card(self) -> CardValue:
        """Return the entry of a checkpoint's card."""
        return {
            "image": self.image,
            "pixel": self.pixel,
            "false_alarms": self.false_alarms,
            "pictures": self.pictures,
            "categories": self.categories,
            "set_on": "good training pictures, each scored by a training without its category",
        }

    @classmethod
    def of_card(
        cls, card: Mapping[str, CardValue], score_range: tuple[float, float]
    ) -> "GenericThreshold":
        """Return what a card says, or the middle of the scale if nothing was learned."""
        told = card.get(CARD_KEY)
        if not isinstance(told, dict) or told["false_alarms"] is None:
            return cls.middle(score_range)
        return cls(
            image=_number(told["image"]),
            pixel=_number(told["pixel"]),
            false_alarms=_number(told["false_alarms"]),
            pictures=int(_number(told["pictures"])),
            categories=int(_number(told["categories"])),
        )


@dataclass(frozen=True, slots=True, eq=False)
class GoodScores:
    """What a network says of the good pictures of one category that it did not see.

    Attributes:
        images: Image scores, [P].
        peaks: Largest fused-map value of each, [P].
        rendered: Whether the category is rendered, not photographed.
    """

    images: np.ndarray
    peaks: np.ndarray
    rendered: bool = False


def generic_threshold(categories: Sequence[GoodScores], false_alarms: float) -> GenericThreshold:
    """Return the thresholds that all but ``false_alarms`` of the good pictures stay below.

    Every category weighs the same, whatever its number of pictures. The image threshold listens
    to real categories alone where there are ``ENOUGH_REAL``; the region threshold to all.

    Args:
        categories: At least one.
        false_alarms: Share that may lie above, in (0, 1).
    """
    real = [one for one in categories if not one.rendered]
    heard = real if len(real) >= ENOUGH_REAL else categories
    level = 1.0 - false_alarms
    return GenericThreshold(
        image=balanced_quantile([one.images for one in heard], level),
        # a region on a good picture is a false alarm too
        pixel=max(0.5, balanced_quantile([one.peaks for one in categories], level)),
        false_alarms=false_alarms,
        pictures=sum(len(one.images) for one in heard),
        categories=len(heard),
    )


def balanced_quantile(groups: Sequence[np.ndarray], level: float) -> float:
    """Return the smallest value that at least ``level`` of the weight does not exceed.

    Each group has the same weight in all.

    Raises:
        ValueError: If there is no value.
    """
    kept = [np.asarray(group, dtype=np.float64) for group in groups if len(group)]
    if not kept:
        msg = "a quantile needs at least one value"
        raise ValueError(msg)
    values = np.concatenate(kept)
    weights = np.concatenate([np.full(len(group), 1.0 / len(group)) for group in kept])
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][int(np.searchsorted(share, level - 1e-9))])


def parted(shelves: Sequence[Shelf], parts: int) -> list[list[int]]:
    """Return positions of shelves in ``parts`` groups of like size, dealt out in turn.

    Real and rendered categories are dealt apart, so that every group holds both; no group is
    empty.
    """
    rendered = [n for n, shelf in enumerate(shelves) if "rendered" in shelf.kinds]
    real = [n for n in range(len(shelves)) if n not in rendered]
    groups: list[list[int]] = [[] for _ in range(parts)]
    for turn, position in enumerate([*real, *rendered]):
        groups[turn % parts].append(position)
    return [sorted(group) for group in groups if group]


def _number(value: CardValue) -> float:
    if not isinstance(value, int | float):
        msg = f"a card's threshold must be a number, got {value!r}"
        raise TypeError(msg)
    return float(value)
