"""Thresholds from the support's own scores, and how far they can be trusted."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from adapp.core.results import Calibration, RgbImage
from adapp.data.augment import mild_views

CHUNK = 8
"""Pictures scored at once."""
VIEWS = 6
"""Mild views that stand for the next normal part where there is a single one."""


def thresholds(
    scores: Sequence[float],
    map_peaks: Sequence[float],
    pictures: Sequence[int],
    margin: float,
    pixel_floor: float = 0.5,
) -> Calibration:
    """Return thresholds above everything that the normals themselves show.

    The threshold is the largest normal score plus a margin in log-odds; the fewer normals there
    are, the wider the margin.

    Args:
        scores: Image scores of normal pictures, each without itself in the support.
        map_peaks: Largest fused-map value of each of them.
        pictures: Support pictures of each category.
        margin: Distance above the largest normal, log-odds at one normal; it shrinks with the
            square root of their number.
        pixel_floor: Least value that a pixel of a region must exceed.
    """
    total = sum(pictures)
    single = min(pictures) == 1
    scored = 1 if single else len(scores)
    margin = margin / math.sqrt(scored)
    if single:
        note = (
            "One normal picture gives no spread, so the threshold is a guess from mild views "
            "of it; add 3 or more normals."
        )
    else:
        behind = f"{scored} normals" if scored == total else f"{scored} of {total} normals"
        note = (
            f"Threshold from {behind}, each scored without itself; "
            f"it cannot promise fewer than 1 false alarm in {scored + 1} normal parts."
        )
    return Calibration(
        normal_scores=tuple(scores),
        image_threshold=_above(scores, margin),
        pixel_threshold=max(_above(map_peaks, margin), pixel_floor),
        n_normals=total,
        basis="augmented" if single else "leave_one_out",
        note=note,
    )


def thresholds_of_normals(
    images: Sequence[RgbImage],
    scored: Callable[[Sequence[RgbImage]], tuple[Sequence[float], Sequence[float]]],
    highest_score: float,
    margin: float,
    seed: int,
) -> Calibration:
    """Return thresholds from normal pictures whose maps do not know them.

    Args:
        images: Normal pictures, one or more; a single one is joined by mild views of itself.
        scored: Returns image scores and largest map values of a few pictures.
        highest_score: Upper bound of the image score; its lower bound is 0.
        margin: As in ``thresholds``.
        seed: Of the mild views.
    """
    shown = list(images)
    if len(images) == 1:
        shown += mild_views(images[0], VIEWS, seed)
    scores: list[float] = []
    peaks: list[float] = []
    for start in range(0, len(shown), CHUNK):
        found = scored(shown[start : start + CHUNK])
        scores += found[0]
        peaks += found[1]
    relative = [score / highest_score for score in scores]
    calibration = thresholds(relative, peaks, [len(images)], margin)
    return replace(
        calibration,
        normal_scores=tuple(scores),
        image_threshold=highest_score * calibration.image_threshold,
        note=f"{calibration.note} The normals set the threshold only: the maps do not know them.",
    )


def _above(values: Sequence[float], margin: float) -> float:
    """Return the largest of ``values`` in (0, 1), raised by ``margin`` in log-odds."""
    largest = float(np.clip(max(values), 1e-6, 1 - 1e-6))
    return 1.0 / (1.0 + math.exp(-(math.log(largest / (1.0 - largest)) + margin)))
