"""Short trainings that leave categories out, to learn what unseen good pictures score."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.generic_threshold import GenericThreshold, generic_threshold, parted
from adapp.training.loop import LoopPlan, forget

Trained = TypeVar("Trained")
Peaks = tuple[np.ndarray, np.ndarray]
"""Image scores and map peaks of some pictures."""


def held_out_threshold(
    shelves: Sequence[Shelf],
    folds: int,
    plan: LoopPlan,
    train: Callable[[Sequence[int], LoopPlan], Trained],
    scored: Callable[[Trained, int], Peaks | None],
    false_alarms: float,
) -> GenericThreshold | None:
    """Return the threshold that a stated share of unseen categories' good pictures lie above.

    Every category is scored by a network that was trained without it. None if no category has
    a good picture.

    Args:
        shelves: Everything the main training draws from.
        folds: Parts they are cut into.
        plan: The main training's plan; the short ones have states of their own beside its state.
        train: Trains without the shelves at these positions, by a plan of their own; with all
            left out there is nothing else to learn from, and nothing is left out.
        scored: Scores the good pictures of the shelf at a position; None if it has none.
        false_alarms: Share that may lie above, in (0, 1).
    """
    scores: list[np.ndarray] = []
    highest: list[np.ndarray] = []
    states: list[Path] = []
    for number, left_out in enumerate(parted(shelves, folds)):
        state = plan.state_path and plan.state_path.with_suffix(f".state{number}")
        part = replace(plan, state_path=state, fingerprint=f"{plan.fingerprint} {number}")
        network = train(left_out if len(left_out) < len(shelves) else (), part)
        if state is not None:
            states.append(state)
        for position in left_out:
            found = scored(network, position)
            if found is not None:
                scores.append(found[0])
                highest.append(found[1])
    for state in states:
        forget(state)
    return generic_threshold(scores, highest, false_alarms) if scores else None
