"""Short trainings that leave categories out, to learn what pictures never seen score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.generic_threshold import (
    GenericThreshold,
    GoodScores,
    generic_threshold,
    parted,
)
from adapp.auxiliary.picture_reader import PictureReader, Read, fit
from adapp.training.loop import LoopPlan, forget

CHUNK: Final = 8
"""Pictures looked at at once."""

Trained = TypeVar("Trained")


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """What a network says of the pictures of a category that it was trained without.

    Attributes:
        label: 0 normal or 1 anomalous, [P].
        peaks: Largest value of each fused map, [P] in [0, 1].
        scores: Image scores by the method's formula, [P].
        readings: What a reader reads of each, [P, F]; None where the method has no reader.
    """

    label: Tensor
    peaks: Tensor
    scores: Tensor
    readings: Tensor | None


def held_out(
    shelves: Sequence[Shelf],
    folds: int,
    plan: LoopPlan,
    train: Callable[[Sequence[int], LoopPlan], Trained],
    seen: Callable[[Trained, int], Unseen],
) -> dict[int, Unseen]:
    """Return what networks say of every category, each trained without it, by its position.

    Args:
        shelves: Everything the main training draws from.
        folds: Parts they are cut into.
        plan: The main training's plan; the short ones have states of their own beside its state.
        train: Trains without the shelves at these positions, by a plan of their own; with all
            left out there is nothing else to learn from, and nothing is left out.
        seen: Looks at the pictures of the shelf at a position.
    """
    found: dict[int, Unseen] = {}
    states: list[Path] = []
    for number, left_out in enumerate(parted(shelves, folds)):
        state = plan.state_path and plan.state_path.with_suffix(f".state{number}")
        part = replace(plan, state_path=state, fingerprint=f"{plan.fingerprint} {number}")
        network = train(left_out if len(left_out) < len(shelves) else (), part)
        if state is not None:
            states.append(state)
        found |= {position: seen(network, position) for position in left_out}
    for state in states:
        forget(state)
    return found


def settled(
    shelves: Sequence[Shelf],
    found: Mapping[int, Unseen],
    reader: PictureReader | None,
    scored: Callable[[Tensor], Tensor],
    false_alarms: float,
) -> GenericThreshold | None:
    """Return the threshold that a stated share of unseen categories' good pictures lie above.

    The reader, if there is one, is fitted to the same pictures first, in place. None if no
    category has a good picture.

    Args:
        shelves: Everything the main training draws from.
        found: What networks say of the shelves at these positions, which they did not see.
        reader: Of the network that is kept.
        scored: Image scores, [P], for a reader's log-odds [P].
        false_alarms: Share that may lie above, in (0, 1).
    """
    if reader is not None:
        looks = found.values()
        fit(reader, [Read(one.readings, one.label) for one in looks if one.readings is not None])
    categories = []
    for position, one in found.items():
        good = one.label == 0
        if not bool(good.any()):
            continue
        told = one.scores
        if reader is not None and one.readings is not None:
            told = scored(reader(one.readings))
        rendered = "rendered" in shelves[position].kinds
        categories.append(GoodScores(told[good].numpy(), one.peaks[good].numpy(), rendered))
    return generic_threshold(categories, false_alarms) if categories else None


def looked_at(position: int, count: int, look: Callable[[list[tuple[int, int]]], Unseen]) -> Unseen:
    """Return what is said of all ``count`` pictures of a shelf, ``CHUNK`` looked at at once.

    Args:
        position: Of the shelf.
        count: Its pictures, at least one.
        look: Looks at the pictures at some places (shelf, row).
    """
    places = [(position, row) for row in range(count)]
    parts = [look(places[start : start + CHUNK]) for start in range(0, count, CHUNK)]
    read = [part.readings for part in parts if part.readings is not None]
    return Unseen(
        label=torch.cat([part.label for part in parts]),
        peaks=torch.cat([part.peaks for part in parts]).cpu(),
        scores=torch.cat([part.scores for part in parts]).cpu(),
        readings=torch.cat(read).cpu() if read else None,
    )
