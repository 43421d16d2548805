"""How often the expert names the right type: measured in training, kept in the card."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

import torch
from torch import Tensor

from adapp.core.results import TypeAccuracy
from adapp.methods.adseeker.centroids import ABSENT, LeftOut
from adapp.methods.adseeker.regions import NOTHING
from adapp.training.checkpoint import CardValue

CARD_KEY: Final = "type_accuracy"
SETTING: Final = (
    "outlined defects, real and drawn, of training categories that the type centroids were fitted "
    "without"
)
_FIRST: Final = 3


def type_accuracy(told: LeftOut | None) -> TypeAccuracy | None:
    """Return how often centroids name the type of regions of categories they did not see.

    Among the named types: how often "none of these" is right stays out of it. Every type weighs
    the same. None if no region can tell.
    """
    if told is None:
        return None
    defects = (told.types != NOTHING).nonzero().flatten()
    if not len(defects):
        return None
    logits, truths = told.logits[defects][:, :NOTHING], told.types[defects]
    rank = _rank(logits, truths)
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


def among_three(told: LeftOut | None) -> float | None:
    """Return how often the right type is among three, in [0, 1]; None if no region can tell.

    The mean of four figures, as far as there are regions behind them: of real and of drawn defects,
    as outlined and as cut out too wide. Within each, every type of every category weighs the same.
    """
    if told is None:
        return None
    figures = []
    for logits in (told.logits, told.loose):
        right = _rank(logits[:, :NOTHING], told.types.clamp_max(NOTHING - 1)) < _FIRST
        for real in (True, False):
            heard = (told.types != NOTHING) & (told.real == real)
            kinds = (told.categories * NOTHING + told.types)[heard]
            each = [
                float(right[heard][kinds == kind].double().mean())
                for kind in sorted(set(kinds.tolist()))
            ]
            if each:
                figures.append(sum(each) / len(each))
    return sum(figures) / len(figures) if figures else None


def _rank(logits: Tensor, truths: Tensor) -> Tensor:
    """Return how many types are more probable than the right one, [R]."""
    return (logits > logits.gather(1, truths[:, None])).sum(dim=1)


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
