"""How often the expert names the right type: measured in training, kept in the card."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

import torch

from adapp.core.results import TypeAccuracy
from adapp.methods.adseeker.centroids import ABSENT, left_out_logits
from adapp.methods.adseeker.config import TypeConfig
from adapp.methods.adseeker.regions import NOTHING, Regions
from adapp.training.checkpoint import CardValue

CARD_KEY: Final = "type_accuracy"
SETTING: Final = (
    "outlined defects, real and drawn, of training categories that the type centroids were fitted "
    "without"
)
_FIRST: Final = 3


def type_accuracy(regions: Regions, config: TypeConfig) -> TypeAccuracy | None:
    """Return how often centroids name the type of regions of categories they did not see.

    Among the named types: how often "none of these" is right stays out of it. Every type weighs
    the same. None if no region can tell.
    """
    told = left_out_logits(regions, config)
    if told is None:
        return None
    defects = (told[1] != NOTHING).nonzero().flatten()
    if not len(defects):
        return None
    logits, truths = told[0][defects][:, :NOTHING], told[1][defects]
    own = logits.gather(1, truths[:, None])
    rank = (logits > own).sum(dim=1)
    rivals = (logits > ABSENT).sum(dim=1).double()
    count = torch.bincount(truths, minlength=NOTHING)
    weight = 1.0 / count[truths].double()
    weight /= weight.sum()
    return TypeAccuracy(
        first=float(weight @ (rank < 1).double()),
        among_three=float(weight @ (rank < _FIRST).double()),
        chance_first=float(weight @ (1.0 / rivals)),
        chance_among_three=float(weight @ (_FIRST / rivals).clamp_max(1.0)),
        defects=len(defects),
        types=int((count > 0).sum()),
        setting=SETTING,
    )


def card_of(accuracy: TypeAccuracy | None) -> CardValue:
    """Return the entry of a checkpoint's card."""
    return None if accuracy is None else asdict(accuracy)


def of_card(card: Mapping[str, CardValue]) -> TypeAccuracy | None:
    """Return what a checkpoint's card tells; None if it tells nothing of it."""
    told = card.get(CARD_KEY)
    if not isinstance(told, dict):
        return None
    return TypeAccuracy(
        first=_number(told["first"]),
        among_three=_number(told["among_three"]),
        chance_first=_number(told["chance_first"]),
        chance_among_three=_number(told["chance_among_three"]),
        defects=int(_number(told["defects"])),
        types=int(_number(told["types"])),
        setting=str(told["setting"]),
    )


def _number(value: CardValue) -> float:
    if not isinstance(value, int | float):
        msg = f"a card's accuracy must be a number, got {value!r}"
        raise TypeError(msg)
    return float(value)
