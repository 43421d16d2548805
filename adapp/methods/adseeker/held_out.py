"""Short trainings that leave categories out, to learn what unseen good pictures score (D10)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.generic_threshold import GenericThreshold, generic_threshold, parted
from adapp.auxiliary.sampling import gather
from adapp.core.detector import Report
from adapp.methods.adseeker.lessons import Lesson, Lessons, lesson_output
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.optimise import stage_epochs, train_network
from adapp.methods.adseeker.scoring import image_scores, peaks
from adapp.training.loop import LoopPlan, forget

CHUNK = 8
"""Pictures scored at once."""


def held_out_threshold(
    make: Callable[[Lessons], SeekerNetwork],
    lessons: Lessons,
    plan: LoopPlan,
    side: int,
    report: Report | None = None,
) -> GenericThreshold:
    """Return the threshold that a stated share of unseen categories' good pictures lie above.

    Every category is scored by a network that was trained without it, for a share of the joint
    epochs.

    Args:
        make: Makes a prepared network for some lessons.
        lessons: Everything the main training draws from.
        plan: The main training's plan; these have states of their own beside its state.
        side: Side of the encoder's square, pixels.
        report: Progress callback.
    """
    scores: list[np.ndarray] = []
    highest: list[np.ndarray] = []
    states: list[Path] = []
    recipe = None
    folds = make(lessons).config.training.threshold_folds
    for number, left_out in enumerate(parted(lessons.shelves, folds)):
        kept = lessons.without(left_out)
        if not kept.shelves:
            kept = lessons  # a single category: nothing else to learn from
        network = make(kept)
        recipe = network.config.training
        alone = len(stage_epochs(network))
        epochs = alone + max(1, round((plan.epochs - alone) * recipe.threshold_epochs))
        state = plan.state_path and plan.state_path.with_suffix(f".state{number}")
        mark = f"{plan.fingerprint} {number}"
        part = replace(plan, epochs=epochs, state_path=state, fingerprint=mark)
        train_network(network, kept, part, report)
        if state is not None:
            states.append(state)
        for position in left_out:
            found = good_scores(network, lessons, position, side)
            if found is not None:
                scores.append(found[0])
                highest.append(found[1])
    for state in states:
        forget(state)
    if not scores or recipe is None:
        return GenericThreshold()
    return generic_threshold(scores, highest, recipe.false_alarms)


def good_scores(
    network: SeekerNetwork, lessons: Lessons, position: int, side: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return image scores and map peaks of a shelf's normal pictures; None if it has none."""
    rows = [int(row) for row in lessons.shelves[position].normals]
    if not rows:
        return None
    scores, highest = [], []
    config = network.config.score
    for start in range(0, len(rows), CHUNK):
        places = [(position, row) for row in rows[start : start + CHUNK]]
        pixels = None if lessons.album is None else lessons.album.pixels(places)
        with torch.no_grad():
            lesson = Lesson(gather(lessons.shelves, places), pixels)
            output = lesson_output(network, lesson, lessons, None)
        scores.append(image_scores(output, side, config))
        highest.append(peaks(output.fused, side, config.sigma))
    return _numpy(torch.cat(scores)), _numpy(torch.cat(highest))


def _numpy(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.cpu().numpy()
    return array
