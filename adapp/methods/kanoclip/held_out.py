"""Short trainings that leave categories out, to learn what unseen good pictures score (D11)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.auxiliary.held_out import Peaks, held_out_threshold
from adapp.auxiliary.sampling import gather
from adapp.core.detector import Report
from adapp.methods.kanoclip.inputs import pictures_of
from adapp.methods.kanoclip.model import KanoNetwork, KanoOutput
from adapp.methods.kanoclip.optimise import Lessons, train_network
from adapp.methods.kanoclip.scoring import SCORE_RANGE, image_scores, peaks
from adapp.training.loop import LoopPlan

CHUNK = 8
"""Pictures scored at once."""


def threshold_for(
    make: Callable[[Lessons], KanoNetwork],
    lessons: Lessons,
    plan: LoopPlan,
    side: int,
    report: Report | None = None,
) -> GenericThreshold:
    """Return the generic threshold (D11): every category scored by a network trained without it.

    Args:
        make: Makes an untrained network for some lessons.
        lessons: Everything the main training draws from.
        plan: The main training's plan; the short ones take a share of its epochs.
        side: Side of the encoder's square, pixels.
        report: Progress callback.
    """
    recipe = make(lessons).config.training
    epochs = max(1, round(plan.epochs * recipe.threshold_epochs))

    def train(left_out: Sequence[int], part: LoopPlan) -> KanoNetwork:
        kept = lessons.without(left_out)
        network = make(kept)
        train_network(network, kept, replace(part, epochs=epochs), report)
        return network

    def scored(network: KanoNetwork, position: int) -> Peaks | None:
        return good_scores(network, lessons, lessons.shelves[position], side)

    folds = recipe.threshold_folds
    found = held_out_threshold(lessons.shelves, folds, plan, train, scored, recipe.false_alarms)
    return found or GenericThreshold.middle(SCORE_RANGE)


def good_scores(network: KanoNetwork, lessons: Lessons, shelf: Shelf, side: int) -> Peaks | None:
    """Return image scores and map peaks of a shelf's normal pictures; None if it has none."""
    rows = [int(row) for row in shelf.normals]
    if not rows:
        return None
    outputs = [
        _output(network, lessons, shelf, rows[start : start + CHUNK])
        for start in range(0, len(rows), CHUNK)
    ]
    sigma = network.config.sigma
    return (
        _numpy(torch.cat([image_scores(output, side, sigma) for output in outputs])),
        _numpy(torch.cat([peaks(output.fused, side, sigma) for output in outputs])),
    )


def _output(network: KanoNetwork, lessons: Lessons, shelf: Shelf, rows: list[int]) -> KanoOutput:
    batch = gather([shelf], [(0, row) for row in rows])
    joint = lessons.joint
    name = lessons.base.of(shelf.category).name
    with torch.no_grad():
        text = network.prompts(joint, [name]).repeated(len(rows))
        pictures = pictures_of(network, joint, batch.patches, batch.local, batch.pooled, batch.grid)
        output: KanoOutput = network(pictures, text, joint.temperature, reduced=lessons.reduced)
    return output


def _numpy(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.cpu().numpy()
    return array
