"""The seven metrics against scikit-learn and a slow direct oracle, and their known traps."""

import itertools
import math

import numpy as np
import pytest
import scipy.ndimage
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from adapp.evaluation.metrics import (
    METRICS,
    Ranking,
    aupro,
    bootstrap_image_auroc,
    image_ap,
    image_auroc,
    image_f1max,
    image_metrics,
    mean_metrics,
    pixel_ap,
    pixel_auroc,
    pixel_f1max,
    pixel_metrics,
)

EXACT = 1e-9


def reference(values: NDArray, truth: NDArray) -> tuple[float, float, float]:
    values, truth = values.ravel(), truth.ravel()
    precision, recall, _ = precision_recall_curve(truth, values)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return (
        100 * roc_auc_score(truth, values),
        100 * average_precision_score(truth, values),
        100 * float(f1.max()),
    )


def slow_aupro(maps: NDArray, masks: NDArray, limit: float = 0.3) -> float:
    """Every distinct value as a threshold, region by region, point by point."""
    regions = []
    for index, mask in enumerate(masks):
        labels, count = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
        regions += [(index, labels == number + 1) for number in range(count)]
    points = [(0.0, 0.0)]
    for threshold in np.unique(maps)[::-1]:
        above = maps >= threshold
        fpr = above[~masks].mean()
        points.append((fpr, np.mean([above[index][region].mean() for index, region in regions])))
    area = 0.0
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x0 >= limit or x1 == x0:
            continue
        end = min(x1, limit)
        y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
        area += (end - x0) * (y0 + y_end) / 2
    return 100 * area / limit


def picture_set(
    seed: int, levels: int | None, dtype: type = np.float32, size: int = 24
) -> tuple[NDArray, NDArray]:
    """Maps [6, size, size] with blobs to find, on a grid of ``levels`` values if given."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((6, size, size), bool)
    for mask in masks[:4]:
        for _ in range(3):
            row, col = rng.integers(0, size - 5, 2)
            height, width = rng.integers(1, 5, 2)
            mask[row : row + height, col : col + width] = True
    maps = rng.normal(size=masks.shape) + 1.2 * masks
    if levels is not None:
        maps = np.round((maps - maps.min()) / np.ptp(maps) * levels) / levels
    return maps.astype(dtype), masks


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [None, 300, 12, 2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pixel_metrics_equal_scikit_learn(seed: int, levels: int | None, dtype: type) -> None:
    maps, masks = picture_set(seed, levels, dtype)
    auroc, average_precision, f1 = reference(maps, masks)
    found = pixel_metrics(maps, masks)
    assert found["pixel_auroc"] == pytest.approx(auroc, abs=EXACT)
    assert found["pixel_ap"] == pytest.approx(average_precision, abs=EXACT)
    assert found["pixel_f1max"] == pytest.approx(f1, abs=EXACT)
    assert pixel_auroc(maps, masks) == found["pixel_auroc"]
    assert pixel_ap(maps, masks) == found["pixel_ap"]
    assert pixel_f1max(maps, masks) == found["pixel_f1max"]
    assert aupro(maps, masks) == found["aupro"]


@pytest.mark.parametrize("levels", [None, 40, 3, 1])
@pytest.mark.parametrize("limit", [0.3, 0.05, 1.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_aupro_equals_the_slow_oracle(seed: int, limit: float, levels: int | None) -> None:
    maps, masks = picture_set(seed, levels, size=14)
    assert aupro(maps, masks, limit) == pytest.approx(slow_aupro(maps, masks, limit), abs=EXACT)


def test_aupro_of_a_map_that_is_worst_first() -> None:
    masks = np.zeros((1, 10, 10), bool)
    masks[0, 4:6, 4:6] = True
    maps = np.where(masks, 0.0, 1.0).astype(np.float32)
    assert slow_aupro(maps, masks) == 0.0
    assert aupro(maps, masks) == 0.0


def test_aupro_of_a_perfect_and_of_a_constant_map() -> None:
    masks = np.zeros((2, 10, 10), bool)
    masks[0, 4:6, 4:6] = True
    assert aupro(masks.astype(np.float32), masks) == pytest.approx(100.0, abs=EXACT)
    # One threshold, a straight line from (0, 0) to (1, 1): 0.3 * 0.3 / 2 of 0.3.
    assert aupro(np.ones(masks.shape, np.float32), masks) == pytest.approx(15.0, abs=EXACT)


def test_aupro_weighs_regions_not_pixels_and_joins_diagonals() -> None:
    masks = np.zeros((1, 20, 20), bool)
    masks[0, :10, :10] = True
    masks[0, 15, 15] = masks[0, 16, 16] = True
    maps = np.zeros(masks.shape, np.float32)
    maps[0, :10, :10] = 1.0
    # Two regions: the large one is found at once, the diagonal pair only at the end: its half
    # rises along the straight line from (0, 1/2) to (1, 1).
    assert aupro(maps, masks) == pytest.approx(100 * (0.5 + 0.3 / 4), abs=EXACT)


@pytest.mark.parametrize("seed", range(4))
def test_image_metrics_equal_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 40)
    scores = np.round(rng.normal(size=40) + labels, 1)
    found = image_metrics(scores.tolist(), labels.tolist())
    auroc, average_precision, f1 = reference(scores, labels)
    assert found["image_auroc"] == pytest.approx(auroc, abs=EXACT)
    assert found["image_ap"] == pytest.approx(average_precision, abs=EXACT)
    assert found["image_f1max"] == pytest.approx(f1, abs=EXACT)
    assert image_auroc(scores, labels) == found["image_auroc"]
    assert image_ap(scores, labels) == found["image_ap"]
    assert image_f1max(scores, labels) == found["image_f1max"]


def test_average_precision_is_not_the_interpolated_area() -> None:
    # Area under the straight-line curve would be optimistic; the step-wise sum is 1/2 (1 + 2/3).
    assert image_ap([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0]) == pytest.approx(100 * 5 / 6, abs=EXACT)


@pytest.mark.parametrize("factor", [0.01, 1.0, 7.0, 1e4])
def test_scores_above_one_are_neither_squashed_nor_clipped(factor: float) -> None:
    maps, masks = picture_set(3, None, np.float64)
    expected = pixel_metrics(maps, masks)
    scaled = pixel_metrics(maps * factor + 5.0, masks)
    for name, value in expected.items():
        assert scaled[name] == pytest.approx(value, abs=EXACT), name


def test_a_monotone_map_changes_nothing_but_a_saturating_one_would() -> None:
    rng = np.random.default_rng(5)
    labels = np.repeat([0, 1], 50)
    scores = rng.uniform(0, 2, 100) + labels
    expected = image_metrics(scores, labels)
    for stretched in (np.exp(scores), scores**3, 1 / (1 + np.exp(-scores))):
        assert image_metrics(stretched, labels) == pytest.approx(expected, abs=EXACT)
    assert image_auroc(np.minimum(scores, 1.0), labels) != pytest.approx(
        expected["image_auroc"], abs=0.1
    )


def test_neighbouring_float32_values_are_not_tied() -> None:
    low = np.float32(0.5)
    high = np.nextafter(low, np.float32(1))
    maps = np.array([[[low, high]]], np.float32)
    assert pixel_auroc(maps, np.array([[[False, True]]])) == 100.0
    assert pixel_auroc(maps, np.array([[[True, False]]])) == 0.0


def test_half_precision_is_refused() -> None:
    maps, masks = picture_set(0, None)
    with pytest.raises(ValueError, match="half precision"):
        pixel_auroc(maps.astype(np.float16), masks)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_no_numbers_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        image_auroc([0.1, bad], [0, 1])


def test_shapes_and_labels_are_checked() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        pixel_auroc(np.zeros((1, 2, 2), np.float32), np.zeros((1, 2, 3), bool))
    with pytest.raises(ValueError, match="labels must be 0"):
        image_auroc([0.1, 0.2], [0, 2])
    with pytest.raises(ValueError, match="fpr_limit"):
        aupro(*picture_set(0, None), 0.0)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_metric(label: int) -> None:
    labels = [label] * 3
    assert set(image_metrics([0.1, 0.2, 0.3], labels).values()) == {None}
    assert bootstrap_image_auroc([0.1, 0.2, 0.3], labels) is None
    masks = np.full((2, 4, 4), bool(label))
    maps = np.random.default_rng(0).random((2, 4, 4), np.float32)
    assert set(pixel_metrics(maps, masks).values()) == {None}


def test_no_pictures_have_no_metric() -> None:
    assert set(
        pixel_metrics(np.zeros((0, 4, 4), np.float32), np.zeros((0, 4, 4), bool)).values()
    ) == {None}
    assert image_auroc([], []) is None


def test_clean_pictures_count_as_normal_pixels() -> None:
    maps, masks = picture_set(0, None)
    loud = maps.copy()
    loud[4:] += 10  # the two pictures without a defect
    quiet, noisy = pixel_metrics(maps, masks), pixel_metrics(loud, masks)
    for name in ("pixel_auroc", "pixel_ap", "pixel_f1max", "aupro"):
        before, after = quiet[name], noisy[name]
        assert before is not None
        assert after is not None
        assert after < before - 5, name


def test_per_picture_stretching_would_destroy_pooled_metrics() -> None:
    """Why nothing here rescales a map: clean pictures would shout as loud as defective ones."""
    maps, masks = picture_set(1, None)
    maps = maps + 6 * masks
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    kept, stretched = pixel_ap(maps, masks), pixel_ap((maps - low) / (high - low), masks)
    assert kept is not None
    assert stretched is not None
    assert stretched < kept - 5


def test_false_alarm_counts_at_each_threshold() -> None:
    ranking = Ranking(np.array([3.0, 1.0, 3.0, 2.0, 0.0]), np.array([1, 1, 0, 0, 0], bool))
    assert ranking.thresholds.tolist() == [3.0, 1.0]
    assert ranking.hits.tolist() == [1, 2]
    assert ranking.false_alarms.tolist() == [1, 2]
    assert ranking.false_alarms_above.tolist() == [0, 2]


def test_the_mean_leaves_out_what_does_not_apply() -> None:
    rows = {
        "a": {"image_auroc": 90.0, "aupro": None},
        "b": {"image_auroc": 70.0, "aupro": 50.0},
        "c": {"image_auroc": None, "aupro": None},
    }
    assert mean_metrics(rows, ("image_auroc", "aupro")) == {"image_auroc": 80.0, "aupro": 50.0}
    assert mean_metrics({"c": dict.fromkeys(METRICS)}) == dict.fromkeys(METRICS)


def test_bootstrap_interval() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [30, 60])
    scores = rng.normal(size=90) + labels
    interval = bootstrap_image_auroc(scores, labels, seed=1)
    assert interval is not None
    assert interval == bootstrap_image_auroc(scores, labels, seed=1)
    assert interval != bootstrap_image_auroc(scores, labels, seed=2)
    point = image_auroc(scores, labels)
    assert point is not None
    assert interval[0] < point < interval[1]
    # Against resampling and scikit-learn, one draw at a time.
    drawn = []
    for _ in range(400):
        rows = np.concatenate([rng.integers(0, 30, 30), rng.integers(30, 90, 60)])
        drawn.append(100 * roc_auc_score(labels[rows], scores[rows]))
    np.testing.assert_allclose(interval, np.percentile(drawn, [2.5, 97.5]), atol=1.5)
    assert bootstrap_image_auroc([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1]) == (100.0, 100.0)
