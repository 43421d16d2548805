"""Short trainings that leave categories out, to learn what unseen good pictures score (D10)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.auxiliary.held_out import Peaks, held_out_threshold
from adapp.auxiliary.sampling import gather
from adapp.core.detector import Report
from adapp.methods.adseeker.lessons import Lesson, Lessons, lesson_output
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.optimise import stage_epochs, train_network
from adapp.methods.adseeker.scoring import SCORE_RANGE, image_scores, peaks
from adapp.training.loop import LoopPlan

CHUNK = 8
"""Pictures scored at once."""


def threshold_for(
    make: Callable[[Lessons], SeekerNetwork],
    lessons: Lessons,
    plan: LoopPlan,
    side: int,
    report: Report | None = None,
) -> GenericThreshold:
    """Return the generic threshold (D10): every category scored by a network trained without it.

    Args:
        make: Makes a prepared network for some lessons.
        lessons: Everything the main training draws from.
        plan: The main training's plan; the short ones take a share of its joint epochs.
        side: Side of the encoder's square, pixels.
        report: Progress callback.
    """
    recipe = make(lessons).config.training

    def train(left_out: Sequence[int], part: LoopPlan) -> SeekerNetwork:
        kept = lessons.without(left_out)
        network = make(kept)
        alone = len(stage_epochs(network))
        epochs = alone + max(1, round((plan.epochs - alone) * recipe.threshold_epochs))
        train_network(network, kept, replace(part, epochs=epochs), report)
        return network

    def scored(network: SeekerNetwork, position: int) -> Peaks | None:
        return good_scores(network, lessons, position, side)

    folds = recipe.threshold_folds
    found = held_out_threshold(lessons.shelves, folds, plan, train, scored, recipe.false_alarms)
    return found or GenericThreshold.middle(SCORE_RANGE)


def good_scores(network: SeekerNetwork, lessons: Lessons, position: int, side: int) -> Peaks | None:
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
