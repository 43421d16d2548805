"""The seven metrics of the project, in percent; None where one does not apply, never 0 or NaN.

Every value is exact, ties included, and equal to scikit-learn's: the anomalous values and the
normal values are sorted apart, and each curve is read off at the anomalous values alone, since
between two of them only the false positives grow. That costs one sort of the normal values in
their own precision and no index array, so 10^8 pixels fit a small machine.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.ndimage
from numpy.typing import ArrayLike, NDArray

from adapp.core.results import BinaryMask

MetricName: TypeAlias = Literal[
    "image_auroc",
    "image_ap",
    "image_f1max",
    "pixel_auroc",
    "pixel_ap",
    "pixel_f1max",
    "aupro",
]
METRICS: tuple[MetricName, ...] = (
    "image_auroc",
    "image_ap",
    "image_f1max",
    "pixel_auroc",
    "pixel_ap",
    "pixel_f1max",
    "aupro",
)
FPR_LIMIT = 0.3
_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.int64)
_PERCENT = 100.0

Floats: TypeAlias = NDArray[np.floating[Any]]


class Ranking:
    """Anomalous and normal values, sorted, with the counts every threshold metric needs.

    At each distinct anomalous value v, from the highest down: how many values of either kind
    lie at or above it.
    """

    def __init__(self, values: Floats, anomalous: BinaryMask) -> None:
        """Sort the values of both kinds.

        Args:
            values: Scores, larger meaning more anomalous, any shape.
            anomalous: Truth of each value, the same shape.

        Raises:
            ValueError: If shapes differ, a value is not finite, or values have half precision
                (its ties change every metric).
        """
        if values.shape != anomalous.shape:
            msg = f"values {values.shape} and truth {anomalous.shape} differ in shape"
            raise ValueError(msg)
        if values.dtype.itemsize < np.dtype(np.float32).itemsize:
            msg = f"values have dtype {values.dtype}; keep float32, half precision makes ties"
            raise ValueError(msg)
        if not np.isfinite(values).all():
            msg = "values hold NaN or infinity"
            raise ValueError(msg)
        self.anomalous: Floats = values[anomalous]
        self.normal: Floats = values[~anomalous]
        self.normal.sort()  # in place: this is the large one
        distinct, counts = np.unique(self.anomalous, return_counts=True)
        self.thresholds: Floats = distinct[::-1]
        self.hits = np.cumsum(counts[::-1])
        n_normal = self.normal.size
        self.false_alarms = n_normal - np.searchsorted(self.normal, self.thresholds, "left")
        self.false_alarms_above = n_normal - np.searchsorted(self.normal, self.thresholds, "right")

    @property
    def one_class(self) -> bool:
        """Whether one of the two kinds is absent, so that no metric applies."""
        return self.anomalous.size == 0 or self.normal.size == 0

    def auroc(self) -> float | None:
        """Return the chance that an anomalous value outranks a normal one; ties count half."""
        if self.one_class:
            return None
        per_threshold = np.diff(self.hits, prepend=0)
        lost = int((per_threshold * (self.false_alarms + self.false_alarms_above)).sum())
        pairs = self.anomalous.size * self.normal.size
        return _PERCENT * (1.0 - lost / (2 * pairs))

    def average_precision(self) -> float | None:
        """Return the step-wise sum of precision over the gains in recall."""
        if self.one_class:
            return None
        precision = self.hits / (self.hits + self.false_alarms)
        gained = np.diff(self.hits, prepend=0) / self.anomalous.size
        return _PERCENT * float((gained * precision).sum())

    def f1max(self) -> float | None:
        """Return the highest F1 score over all thresholds."""
        if self.one_class:
            return None
        f1 = 2 * self.hits / (self.hits + self.false_alarms + self.anomalous.size)
        return _PERCENT * float(f1.max())


def image_auroc(scores: ArrayLike, labels: ArrayLike) -> float | None:
    """Return the AUROC of image scores [B] against labels [B] in {0, 1}, in percent."""
    return _image_ranking(scores, labels).auroc()


def image_ap(scores: ArrayLike, labels: ArrayLike) -> float | None:
    """Return the average precision of image scores [B], in percent."""
    return _image_ranking(scores, labels).average_precision()


def image_f1max(scores: ArrayLike, labels: ArrayLike) -> float | None:
    """Return the highest F1 of image scores [B] over all thresholds, in percent."""
    return _image_ranking(scores, labels).f1max()


def pixel_auroc(maps: Floats, masks: BinaryMask) -> float | None:
    """Return the AUROC of all pixels of maps [B, H, W] against masks [B, H, W], in percent."""
    return Ranking(maps, masks).auroc()


def pixel_ap(maps: Floats, masks: BinaryMask) -> float | None:
    """Return the average precision of all pixels of maps [B, H, W], in percent."""
    return Ranking(maps, masks).average_precision()


def pixel_f1max(maps: Floats, masks: BinaryMask) -> float | None:
    """Return the highest F1 of all pixels of maps [B, H, W] over all thresholds, in percent."""
    return Ranking(maps, masks).f1max()


def aupro(maps: Floats, masks: BinaryMask, fpr_limit: float = FPR_LIMIT) -> float | None:
    """Return the area under the per-region overlap curve up to ``fpr_limit``, in percent.

    The overlap is the mean, over the connected regions of all masks (8 neighbours), of the share
    of a region at or above the threshold; the false-positive rate counts all normal pixels of all
    pictures. Every distinct value is a threshold, and the area is divided by the limit.

    Args:
        maps: Anomaly maps, [B, H, W].
        masks: Ground truth of the same shape; all False for normal pictures.
        fpr_limit: Upper end of the false-positive rate, in (0, 1].

    Source: Bergmann et al., The MVTec Anomaly Detection Dataset, IJCV 2021, section 4.2.
    """
    return _aupro(Ranking(maps, masks), maps, masks, fpr_limit)


def image_metrics(scores: ArrayLike, labels: ArrayLike) -> dict[str, float | None]:
    """Return the three image metrics of scores [B] by name, in percent."""
    ranking = _image_ranking(scores, labels)
    return {
        "image_auroc": ranking.auroc(),
        "image_ap": ranking.average_precision(),
        "image_f1max": ranking.f1max(),
    }


def pixel_metrics(maps: Floats, masks: BinaryMask) -> dict[str, float | None]:
    """Return the four pixel metrics of maps [B, H, W] by name, in percent, from one sort.

    Normal pictures belong in, with an empty mask; anomalous ones without a mask do not.
    """
    ranking = Ranking(maps, masks)
    return {
        "pixel_auroc": ranking.auroc(),
        "pixel_ap": ranking.average_precision(),
        "pixel_f1max": ranking.f1max(),
        "aupro": _aupro(ranking, maps, masks, FPR_LIMIT),
    }


def mean_metrics(
    categories: Mapping[str, Mapping[str, object]], names: tuple[str, ...] = METRICS
) -> dict[str, float | None]:
    """Return the unweighted mean of each metric over the categories that have it."""
    means: dict[str, float | None] = {}
    for name in names:
        values = [row[name] for row in categories.values()]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        means[name] = sum(numbers) / len(numbers) if numbers else None
    return means


def bootstrap_image_auroc(
    scores: ArrayLike, labels: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % bootstrap interval of the image AUROC, in percent.

    Normal and anomalous pictures are drawn again separately, so no resample lacks a kind.

    Args:
        scores: Image scores, [B].
        labels: Their truth in {0, 1}, [B].
        resamples: Number of resamples.
        seed: Seed of the draws.
    """
    ranking = _image_ranking(scores, labels)
    if ranking.one_class:
        return None
    rng = np.random.default_rng(seed)
    anomalous, normal = ranking.anomalous, ranking.normal
    wins = (anomalous[:, None] > normal) + 0.5 * (anomalous[:, None] == normal)
    drawn_anomalous = _resample_weights(rng, resamples, anomalous.size)
    drawn_normal = _resample_weights(rng, resamples, normal.size)
    aurocs = ((drawn_anomalous @ wins) * drawn_normal).sum(axis=1)
    low, high = np.percentile(aurocs, [2.5, 97.5])
    return _PERCENT * float(low), _PERCENT * float(high)


def _resample_weights(rng: np.random.Generator, resamples: int, size: int) -> Floats:
    weights: Floats = rng.multinomial(size, np.full(size, 1.0 / size), size=resamples) / size
    return weights


def _image_ranking(scores: ArrayLike, labels: ArrayLike) -> Ranking:
    truth = np.asarray(labels)
    if not np.isin(truth, (0, 1)).all():
        msg = "labels must be 0 (normal) or 1 (anomalous)"
        raise ValueError(msg)
    return Ranking(np.asarray(scores, dtype=np.float64), truth.astype(np.bool_))


def _aupro(ranking: Ranking, maps: Floats, masks: BinaryMask, fpr_limit: float) -> float | None:
    if not 0.0 < fpr_limit <= 1.0:
        msg = f"fpr_limit {fpr_limit} lies outside (0, 1]"
        raise ValueError(msg)
    if ranking.one_class:
        return None
    values, weights = _region_weights(maps, masks)
    # The same distinct values as ranking.thresholds, so both count arrays line up.
    ascending = ranking.thresholds[::-1]
    per_threshold = np.bincount(
        np.searchsorted(ascending, values), weights=weights, minlength=ascending.size
    )[::-1]
    overlap = np.minimum(np.cumsum(per_threshold), 1.0)
    before = np.concatenate([[0.0], overlap[:-1]])
    # Two points per threshold: the curve is flat while only normal pixels pass, and rises in a
    # straight line where both kinds share a value.
    n_normal = ranking.normal.size
    rates = np.stack([ranking.false_alarms_above, ranking.false_alarms], axis=1) / n_normal
    overlaps = np.stack([before, overlap], axis=1)
    fpr = np.concatenate([[0.0], rates.ravel(), [1.0]])
    pro = np.concatenate([[0.0], overlaps.ravel(), [1.0]])
    return _PERCENT * _area_until(fpr, pro, fpr_limit) / fpr_limit


def _region_weights(maps: Floats, masks: BinaryMask) -> tuple[Floats, Floats]:
    """Values of the anomalous pixels and each one's share of the mean overlap."""
    values: list[Floats] = []
    weights: list[Floats] = []
    n_regions = 0
    for anomaly_map, mask in zip(maps, masks, strict=True):
        if not mask.any():
            continue
        regions, count = scipy.ndimage.label(mask, structure=_EIGHT_NEIGHBOURS)
        n_regions += count
        inside = regions[mask]
        values.append(anomaly_map[mask])
        weights.append(1.0 / np.bincount(inside)[inside])
    return np.concatenate(values), np.concatenate(weights) / n_regions


def _area_until(x: Floats, y: Floats, limit: float) -> float:
    """Area under the polyline from x = 0, where it starts, to ``limit``; x ascends."""
    inside = int(np.searchsorted(x, limit, "right"))
    area = float(np.trapezoid(y[:inside], x[:inside]))
    if inside == x.size:
        return area
    x0, x1, y0, y1 = x[inside - 1], x[inside], y[inside - 1], y[inside]
    y_limit = y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
    return area + float((y0 + y_limit) / 2 * (limit - x0))
