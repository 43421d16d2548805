"""Short trainings that leave categories out, to learn what unseen pictures score (D8, D10)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.auxiliary.held_out import Unseen, held_out, looked_at, settled
from adapp.auxiliary.sampling import gather
from adapp.core.detector import Report
from adapp.methods.adseeker.lessons import Lesson, Lessons, lesson_output
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.optimise import stage_epochs, train_network
from adapp.methods.adseeker.scoring import SCORE_RANGE, image_scores, peaks
from adapp.training.loop import LoopPlan


def settle(
    network: SeekerNetwork,
    lessons: Lessons,
    apart: Callable[[Sequence[int]], tuple[SeekerNetwork, Lessons]],
    plan: LoopPlan,
    side: int,
    report: Report | None = None,
) -> GenericThreshold:
    """Fit the reader of ``network`` in place and return the generic threshold (D8, D10).

    Both come from pictures of every category, seen by a network and through a bridge that were
    trained without it.

    Args:
        network: The trained network.
        lessons: Everything the main training draws from.
        apart: Makes a prepared network and its lessons, less the shelves at some positions.
        plan: The main training's plan; the short ones take a share of its joint epochs.
        side: Side of the encoder's square, pixels.
        report: Progress callback.
    """
    recipe = network.config.training

    def train(left_out: Sequence[int], part: LoopPlan) -> tuple[SeekerNetwork, Lessons]:
        short, kept = apart(left_out)
        alone = len(stage_epochs(short))
        epochs = alone + max(1, round((plan.epochs - alone) * recipe.threshold_epochs))
        train_network(short, kept, replace(part, epochs=epochs), report)
        return short, replace(lessons, joint=kept.joint, wording=kept.wording)

    def seen(trained: tuple[SeekerNetwork, Lessons], position: int) -> Unseen:
        count = len(lessons.shelves[position])
        return looked_at(position, count, partial(_look, *trained, side))

    found = held_out(lessons.shelves, recipe.threshold_folds, plan, train, seen)
    threshold = settled(lessons.shelves, found, network.reader, torch.sigmoid, recipe.false_alarms)
    return threshold or GenericThreshold.middle(SCORE_RANGE)


def _look(
    network: SeekerNetwork, lessons: Lessons, side: int, places: list[tuple[int, int]]
) -> Unseen:
    """Return what ``network`` says of pictures of one shelf."""
    batch, config = gather(lessons.shelves, places), network.config.score
    pixels = None if lessons.album is None else lessons.album.pixels(places)
    with torch.no_grad():
        output = lesson_output(network, Lesson(batch, pixels), lessons, None)
    return Unseen(
        label=batch.label,
        peaks=peaks(output.fused, side, config.sigma),
        scores=image_scores(output, side, config),
        readings=output.readings,
    )
