"""Short trainings that leave categories out, to learn what unseen pictures score (D7, D11)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.auxiliary.held_out import Unseen, held_out, looked_at, settled
from adapp.auxiliary.sampling import gather
from adapp.core.detector import Report
from adapp.methods.kanoclip.inputs import pictures_of
from adapp.methods.kanoclip.model import KanoNetwork, KanoOutput
from adapp.methods.kanoclip.optimise import Lessons, train_network
from adapp.methods.kanoclip.scoring import SCORE_RANGE, image_scores, peaks, read_scores
from adapp.training.loop import LoopPlan


def settle(
    network: KanoNetwork,
    lessons: Lessons,
    apart: Callable[[Sequence[int]], tuple[KanoNetwork, Lessons]],
    plan: LoopPlan,
    side: int,
    report: Report | None = None,
) -> GenericThreshold:
    """Fit the reader of ``network`` in place and return the generic threshold (D7, D11).

    Both come from pictures of every category, seen by a network and through a bridge that were
    trained without it.

    Args:
        network: The trained network.
        lessons: Everything the main training draws from.
        apart: Makes an untrained network and its lessons, less the shelves at some positions.
        plan: The main training's plan; the short ones take a share of its epochs.
        side: Side of the encoder's square, pixels.
        report: Progress callback.
    """
    recipe = network.config.training
    epochs = max(1, round(plan.epochs * recipe.threshold_epochs))

    def train(left_out: Sequence[int], part: LoopPlan) -> tuple[KanoNetwork, Lessons]:
        short, kept = apart(left_out)
        train_network(short, kept, replace(part, epochs=epochs), report)
        return short, replace(lessons, joint=kept.joint)

    def seen(trained: tuple[KanoNetwork, Lessons], position: int) -> Unseen:
        count = len(lessons.shelves[position])
        return looked_at(position, count, partial(_look, *trained, side))

    found = held_out(lessons.shelves, recipe.threshold_folds, plan, train, seen)
    threshold = settled(lessons.shelves, found, network.reader, read_scores, recipe.false_alarms)
    return threshold or GenericThreshold.middle(SCORE_RANGE)


def _look(
    network: KanoNetwork, lessons: Lessons, side: int, places: list[tuple[int, int]]
) -> Unseen:
    """Return what ``network`` says of pictures of one shelf."""
    batch = gather(lessons.shelves, places)
    joint, sigma = lessons.joint, network.config.sigma
    name = lessons.base.of(lessons.shelves[places[0][0]].category).name
    with torch.no_grad():
        text = network.prompts(joint, [name]).repeated(len(places))
        pictures = pictures_of(network, joint, batch.patches, batch.local, batch.pooled, batch.grid)
        output: KanoOutput = network(pictures, text, joint.temperature, reduced=lessons.reduced)
    return Unseen(
        label=batch.label,
        peaks=peaks(output.fused, side, sigma),
        scores=image_scores(output, side, sigma),
        readings=output.readings,
    )
