"""Short trainings that leave categories out: what unseen pictures score (D8, D10, D14)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.auxiliary.held_out import Unseen, held_out, looked_at, settled
from adapp.auxiliary.picture_reader import reread
from adapp.auxiliary.reading_ways import Ways, best_way, in_one_way
from adapp.auxiliary.sampling import gather
from adapp.core.detector import Report
from adapp.methods.adseeker.lessons import Lesson, Lessons, lesson_output
from adapp.methods.adseeker.model import SeekerNetwork, SeekerOutput
from adapp.methods.adseeker.optimise import stage_epochs, train_network
from adapp.methods.adseeker.scoring import SCORE_RANGE, image_scores, peaks
from adapp.training.checkpoint import CardValue
from adapp.training.loop import LoopPlan


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What the short trainings said.

    Attributes:
        threshold: The generic one.
        types: How loud the type centroids are in the score, a value of ``ScoreConfig.types``, and
            how well each of those ranked held-out categories; None where they do not speak.
    """

    threshold: GenericThreshold
    types: CardValue


def settle(
    network: SeekerNetwork,
    lessons: Lessons,
    apart: Callable[[Sequence[int]], tuple[SeekerNetwork, Lessons]],
    plan: LoopPlan,
    side: int,
    report: Report | None = None,
) -> Settled:
    """Set how loud the types are and fit the reader of ``network``, in place (D8, D14).

    These and the generic threshold (D10) come from pictures of every category, seen by a network
    and through a bridge that were trained without it.

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
    types: CardValue = None
    if network.loudness is not None:
        tried = network.config.score.types
        ways = best_way(lessons.shelves, found, recipe.threshold_folds)
        network.loudness.mul_(tried[ways.best])
        found = in_one_way(found, ways.best)
        types = _told(tried, ways)
    threshold = settled(lessons.shelves, found, network.reader, torch.sigmoid, recipe.false_alarms)
    return Settled(threshold or GenericThreshold.middle(SCORE_RANGE), types)


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
        readings=_readings(output, config.types),
    )


def _readings(output: SeekerOutput, loudnesses: Sequence[float]) -> Tensor | None:
    """Return what the reader reads, [P, F]; for each loudness of the types, [P, W, F]."""
    if output.readings is None or output.heard is None:
        return output.readings
    fused = output.stages.mean(dim=0).flatten(1)
    ways = [reread(output.readings, fused + loud * output.heard) for loud in loudnesses]
    return torch.stack(ways, dim=1)


def _told(tried: Sequence[float], ways: Ways) -> CardValue:
    """Return the entry of a checkpoint's card."""
    return {
        "loudness": tried[ways.best],
        "tried": list(tried),
        "image_auroc": None if ways.auroc is None else list(ways.auroc),
        "categories": ways.categories,
        "set_on": "training categories, each ranked by a training and a reader without it",
    }
