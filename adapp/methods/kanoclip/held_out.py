"""Short trainings that leave categories out, to learn what unseen good pictures score (D11)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.sampling import gather
from adapp.core.detector import Report
from adapp.methods.kanoclip.inputs import pictures_of
from adapp.methods.kanoclip.model import KanoNetwork, KanoOutput
from adapp.methods.kanoclip.optimise import Lessons, train_network
from adapp.methods.kanoclip.scoring import image_scores, peaks
from adapp.methods.kanoclip.thresholds import GenericThreshold, generic_threshold, parted
from adapp.training.loop import LoopPlan, forget

CHUNK = 8
"""Pictures scored at once."""


def held_out_threshold(
    make: Callable[[Lessons], KanoNetwork],
    lessons: Lessons,
    plan: LoopPlan,
    side: int,
    report: Report | None = None,
) -> GenericThreshold:
    """Return the threshold that a stated share of unseen categories' good pictures lie above.

    Every category is scored by a network that was trained without it, for a share of the epochs.

    Args:
        make: Makes an untrained network for some lessons.
        lessons: Everything the main training draws from.
        plan: The main training's plan; these have states of their own beside its state.
        side: Side of the encoder's square, pixels.
        report: Progress callback.
    """
    config = make(lessons).config
    recipe = config.training
    epochs = max(1, round(plan.epochs * recipe.threshold_epochs))
    scores: list[np.ndarray] = []
    highest: list[np.ndarray] = []
    states: list[Path] = []
    for number, left_out in enumerate(parted(lessons.shelves, recipe.threshold_folds)):
        kept = lessons.without(left_out)
        if not kept.shelves:
            kept = lessons  # a single category: nothing else to learn from
        state = plan.state_path and plan.state_path.with_suffix(f".state{number}")
        part = replace(plan, epochs=epochs, state_path=state)
        network = make(kept)
        train_network(
            network, kept, replace(part, fingerprint=f"{plan.fingerprint} {number}"), report
        )
        if state is not None:
            states.append(state)
        for position in left_out:
            found = good_scores(network, lessons, lessons.shelves[position], side)
            if found is not None:
                scores.append(found[0])
                highest.append(found[1])
    for state in states:
        forget(state)
    if not scores:
        return GenericThreshold()
    return generic_threshold(scores, highest, recipe.false_alarms)


def good_scores(
    network: KanoNetwork, lessons: Lessons, shelf: Shelf, side: int
) -> tuple[np.ndarray, np.ndarray] | None:
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
