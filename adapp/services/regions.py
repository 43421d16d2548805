"""From maps and scores to what a user reads: regions, matches and a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.core.results import AnomalyMap, BinaryMask, Calibration, NearestNormal
from adapp.services.grading import Grade, grade, review_limit

Box: TypeAlias = tuple[int, int, int, int]
"""Half-open pixel box: first row, first column, row after the last, column after the last."""

_SMALLEST_PX = 9
_SMALLEST_FRACTION = 2e-4


@dataclass(frozen=True, slots=True)
class Region:
    """A connected set of pixels above the threshold.

    Attributes:
        box: Smallest box around it, in pixels of the map.
        area_px: Number of its pixels.
        area_fraction: The same as a fraction of the picture, in [0, 1].
        peak: Row and column of its highest value.
        peak_value: That value.
    """

    box: Box
    area_px: int
    area_fraction: float
    peak: tuple[int, int]
    peak_value: float


@dataclass(frozen=True, slots=True)
class Match:
    """The most similar normal patch for the patch of the query under a region's peak.

    Attributes:
        query_box: The query's patch, in the query's pixels.
        support_index: Position of the matched picture in the support.
        support_box: The matched patch, in that picture's pixels.
        cost: 1 - cosine similarity of the two patches, in [0, 2].
        cost_ratio: ``cost`` over the largest cost among the normal pictures themselves; None if
            those show no cost at all.
    """

    query_box: Box
    support_index: int
    support_box: Box
    cost: float
    cost_ratio: float | None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Values above which a picture is anomalous and a pixel belongs to a region.

    ``review`` is the score from which on a person should look at a picture that still passes;
    None leaves no such zone.
    """

    image: float
    pixel: float
    review: float | None = None

    @classmethod
    def of(
        cls, calibration: Calibration, image: float | None = None, pixel: float | None = None
    ) -> "Thresholds":
        """Return the user's thresholds; the support decides those that are None."""
        return cls(
            image=calibration.image_threshold if image is None else image,
            pixel=calibration.pixel_threshold if pixel is None else pixel,
            review=review_limit(calibration),
        )

    def grade(self, score: float) -> Grade:
        """Return whether a picture of that score passes, is to be reviewed, or fails."""
        return grade(score, self.image if self.review is None else self.review, self.image)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the score says, given the normal pictures; never a probability of a defect.

    Attributes:
        label: ``anomalous`` if the score exceeds the threshold.
        score: Image-level anomaly score.
        threshold: Image-level threshold it was held against.
        unlikeness: Share of the normal pictures that score lower, counted as one of k + 1, so in
            steps of 1 / (k + 1) from 0 to k / (k + 1); None without normal pictures.
        normals_below: Number of the k normal pictures that score lower; None likewise.
        n_normals: k: normal pictures whose score is known, each without itself in the support.
        times_threshold: ``score / threshold``; None for a threshold of 0 or less.
        n_given: Number of normal pictures, whether their scores are known or not.
    """

    label: Literal["normal", "anomalous"]
    score: float
    threshold: float
    unlikeness: float | None
    normals_below: int | None
    n_normals: int
    times_threshold: float | None
    n_given: int = 0

    @property
    def anomalous(self) -> bool:
        """Whether the score exceeds the threshold."""
        return self.label == "anomalous"

    @property
    def position(self) -> str:
        """Where the score stands among the normal pictures, in words."""
        if self.normals_below is None:
            return "normals not scored like this" if self.n_given else "no normal pictures given"
        if self.n_normals == 1:
            above = "above" if self.normals_below else "not above"
            return f"{above} the one normal picture"
        if self.normals_below == self.n_normals:
            return f"above all {self.n_normals} normal pictures"
        return f"above {self.normals_below} of {self.n_normals} normal pictures"


def regions(
    anomaly_map: AnomalyMap, threshold: float, min_pixels: int | None = None
) -> tuple[Region, ...]:
    """Return the regions of ``anomaly_map`` above ``threshold``, highest peak first.

    Pixels that touch by an edge or a corner belong together.

    Args:
        anomaly_map: Values at the picture's resolution, [H, W].
        threshold: Value a pixel has to exceed.
        min_pixels: Smaller regions are dropped; None takes 0.02 % of the picture, at least 9.
    """
    smallest = default_min_pixels(anomaly_map.shape) if min_pixels is None else min_pixels
    return _listed(anomaly_map, *_components(anomaly_map > threshold), smallest)


def regions_with_mask(
    anomaly_map: AnomalyMap, threshold: float
) -> tuple[tuple[Region, ...], BinaryMask]:
    """Return ``regions`` and the mask of all of them, [H, W], labelled once for both."""
    smallest = default_min_pixels(anomaly_map.shape)
    labels, stats = _components(anomaly_map > threshold)
    return _listed(anomaly_map, labels, stats, smallest), _covered(labels, stats, smallest)


def default_min_pixels(shape: tuple[int, ...]) -> int:
    """Return the size in pixels below which a region of an [H, W] map counts as noise."""
    return max(_SMALLEST_PX, round(_SMALLEST_FRACTION * shape[0] * shape[1]))


def region_mask(anomaly_map: AnomalyMap, threshold: float, min_pixels: int) -> BinaryMask:
    """Return the pixels of all regions of at least ``min_pixels``, [H, W]."""
    return _covered(*_components(anomaly_map > threshold), min_pixels)


def match(
    region: Region,
    nearest: NearestNormal,
    query_size: tuple[int, int],
    support_sizes: Sequence[tuple[int, int]],
) -> Match:
    """Return the normal patch that is most similar to the one under ``region``'s peak.

    Args:
        region: A region of the query.
        nearest: Patch correspondences of the query.
        query_size: Height and width of the query in pixels.
        support_sizes: The same of each support picture.
    """
    grid = nearest.cost.shape
    cell = tuple(
        min(peak * cells // side, cells - 1)
        for peak, cells, side in zip(region.peak, grid, query_size, strict=True)
    )
    index = int(nearest.support_index[cell])
    cost = float(nearest.cost[cell])
    centre = (float(nearest.row[cell]), float(nearest.column[cell]))
    query_centre = ((cell[0] + 0.5) / grid[0], (cell[1] + 0.5) / grid[1])
    return Match(
        query_box=_patch_box(query_centre, nearest.patch_fraction, query_size),
        support_index=index,
        support_box=_patch_box(centre, nearest.patch_fraction, support_sizes[index]),
        cost=cost,
        cost_ratio=cost / nearest.normal_cost if nearest.normal_cost > 0 else None,
    )


def verdict(score: float, calibration: Calibration, threshold: float | None = None) -> Verdict:
    """Return what ``score`` says, given the normal pictures.

    Args:
        score: Image-level anomaly score.
        calibration: What the support says about normal scores.
        threshold: The user's own threshold; None takes the calibrated one.
    """
    limit = calibration.image_threshold if threshold is None else threshold
    scored = min(calibration.n_normals, len(calibration.normal_scores))
    below = _normals_below(score, calibration.normal_scores, scored)
    return Verdict(
        label="anomalous" if score > limit else "normal",
        score=score,
        threshold=limit,
        unlikeness=None if below is None else below / (scored + 1),
        normals_below=below,
        n_normals=scored,
        times_threshold=score / limit if limit > 0 else None,
        n_given=calibration.n_normals,
    )


def _normals_below(score: float, normal_scores: Sequence[float], pictures: int) -> int | None:
    """Return how many of the normal ``pictures`` score lower than ``score``; None without any.

    There may be more scores than pictures (each picture also augmented); the share of lower
    scores then counts in whole pictures, rounded down.
    """
    if pictures == 0:
        return None
    lower = sum(normal < score for normal in normal_scores)
    return lower * pictures // len(normal_scores)


def _components(mask: BinaryMask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the labels [H, W], 0 outside, and a row of numbers for each label."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return np.asarray(labels, dtype=np.int32), np.asarray(stats, dtype=np.int32)


def _listed(
    anomaly_map: AnomalyMap, labels: NDArray[np.int32], stats: NDArray[np.int32], smallest: int
) -> tuple[Region, ...]:
    found = [
        _region(anomaly_map, labels, row, number)
        for number, row in enumerate(stats)
        if number > 0 and row[cv2.CC_STAT_AREA] >= smallest
    ]
    return tuple(sorted(found, key=lambda region: (-region.peak_value, region.box)))


def _covered(labels: NDArray[np.int32], stats: NDArray[np.int32], smallest: int) -> BinaryMask:
    kept = stats[:, cv2.CC_STAT_AREA] >= smallest
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.bool_)


def _region(
    anomaly_map: AnomalyMap, labels: NDArray[np.int32], stats: NDArray[np.int32], number: int
) -> Region:
    left, top, width, height, area = (int(value) for value in stats)
    window = (slice(top, top + height), slice(left, left + width))
    values = np.where(labels[window] == number, anomaly_map[window], -np.inf)
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return Region(
        box=(top, left, top + height, left + width),
        area_px=area,
        area_fraction=area / anomaly_map.size,
        peak=(top + int(row), left + int(column)),
        peak_value=float(values[row, column]),
    )


def _patch_box(
    centre: tuple[float, float], fraction: tuple[float, float], size: tuple[int, int]
) -> Box:
    """Return the patch around ``centre`` in pixels of a picture of ``size``, inside of it."""
    spans = []
    for middle, share, side in zip(centre, fraction, size, strict=True):
        length = min(max(round(share * side), 1), side)
        first = min(max(round(middle * side - length / 2), 0), side - length)
        spans.append((first, first + length))
    (row0, row1), (column0, column1) = spans
    return row0, column0, row1, column1
