"""Regions, matches and verdicts, held against independent counts."""

import numpy as np
import pytest
from scipy import ndimage

from adapp.core.results import Calibration, NearestNormal
from adapp.services.regions import (
    Region,
    Thresholds,
    default_min_pixels,
    match,
    region_mask,
    regions,
    regions_with_mask,
    verdict,
)


def empty(height=20, width=30):
    return np.zeros((height, width), dtype=np.float32)


def calibration(*scores, n_normals=None, image=0.5, pixel=0.4):
    return Calibration(
        normal_scores=scores,
        image_threshold=image,
        pixel_threshold=pixel,
        n_normals=len(scores) if n_normals is None else n_normals,
        basis="leave_one_out",
        note="",
    )


def test_a_region_is_measured_in_pixels_of_the_map():
    values = empty()
    values[3:7, 10:16] = 0.6
    values[5, 12] = 0.9
    (region,) = regions(values, 0.5, 1)
    assert region == Region(
        box=(3, 10, 7, 16),
        area_px=24,
        area_fraction=24 / 600,
        peak=(5, 12),
        peak_value=pytest.approx(0.9),
    )


def test_regions_come_highest_peak_first():
    values = empty()
    values[0:3, 0:3], values[10:13, 0:3], values[10:13, 10:13] = 0.6, 0.9, 0.7
    assert [region.box[:2] for region in regions(values, 0.5, 1)] == [(10, 0), (10, 10), (0, 0)]


def test_pixels_that_touch_at_a_corner_belong_together():
    values = empty()
    values[2, 2] = values[3, 3] = 0.8
    (region,) = regions(values, 0.5, 1)
    assert region.area_px == 2


def test_threshold_itself_is_not_above_the_threshold():
    values = empty()
    values[2, 2] = 0.5
    assert regions(values, 0.5, 1) == ()


def test_small_regions_are_dropped():
    values = empty()
    values[0, :4], values[5, :5] = 0.8, 0.7
    assert [region.area_px for region in regions(values, 0.5, 5)] == [5]


def test_default_size_limit_grows_with_the_picture():
    assert default_min_pixels((60, 80)) == 9
    assert default_min_pixels((1000, 2000)) == 400


def test_peak_lies_in_its_own_region_even_where_boxes_overlap():
    values = empty()
    values[0:10, 0] = values[9, 0:10] = 0.6  # an L around ...
    values[2:4, 4:6] = 0.9  # ... a brighter spot
    spot, corner = regions(values, 0.5, 1)
    assert spot.peak == (2, 4)
    assert corner.peak_value == pytest.approx(0.6)
    assert corner.box == (0, 0, 10, 10)


@pytest.mark.parametrize("seed", range(5))
def test_regions_agree_with_scipy(seed):
    rng = np.random.default_rng(seed)
    values = ndimage.gaussian_filter(rng.random((70, 90)), 2).astype(np.float32)
    threshold = float(np.quantile(values, 0.8))
    labels, count = ndimage.label(values > threshold, structure=np.ones((3, 3)))
    index = range(1, count + 1)
    areas = ndimage.sum_labels(np.ones_like(labels), labels, index)
    expected = {
        ((r.start, c.start, r.stop, c.stop), int(area), float(peak))
        for (r, c), area, peak in zip(
            ndimage.find_objects(labels), areas, ndimage.maximum(values, labels, index), strict=True
        )
        if area >= 9
    }
    found = regions(values, threshold)
    assert {(region.box, region.area_px, region.peak_value) for region in found} == expected
    assert all(values[region.peak] == np.float32(region.peak_value) for region in found)
    mask = region_mask(values, threshold, 9)
    assert mask.sum() == sum(region.area_px for region in found)
    assert not mask[values <= threshold].any()


def nearest(grid=(4, 6)):
    rows, columns = grid
    shape = np.zeros(grid)
    index = (np.arange(rows * columns).reshape(grid) % 2).astype(np.int32)
    return NearestNormal(
        support_index=index,
        row=(shape + 0.75).astype(np.float32),
        column=(shape + 0.25).astype(np.float32),
        cost=np.linspace(0, 1, rows * columns).reshape(grid).astype(np.float32),
        normal_cost=0.25,
        patch_fraction=(0.25, 1 / 6),
    )


def region_at(row, column):
    return Region((row, column, row + 1, column + 1), 1, 0.1, (row, column), 0.9)


def test_match_is_looked_up_under_the_peak_and_told_in_both_pictures_pixels():
    found = match(region_at(25, 50), nearest(), (40, 60), [(40, 60), (200, 100)])
    assert found.query_box == (20, 50, 30, 60)  # cell (2, 5)
    assert found.support_index == 1
    assert found.support_box == (125, 16, 175, 33)  # centre (150, 25), a quarter by a sixth
    assert found.cost == pytest.approx(17 / 23)
    assert found.cost_ratio == pytest.approx(17 / 23 / 0.25)


@pytest.mark.parametrize("corner", [(0, 0), (0, 59), (39, 0), (39, 59)])
def test_match_stays_inside_the_pictures(corner):
    found = match(region_at(*corner), nearest(), (40, 60), [(7, 5), (7, 5)])
    row0, column0, row1, column1 = found.query_box
    assert row0 <= corner[0] < row1 <= 40
    assert column0 <= corner[1] < column1 <= 60
    assert 0 <= found.support_box[0] < found.support_box[2] <= 7
    assert 0 <= found.support_box[1] < found.support_box[3] <= 5


def test_match_has_no_ratio_where_the_normals_show_no_cost():
    flat = nearest()
    flat = NearestNormal(flat.support_index, flat.row, flat.column, flat.cost, 0.0, (0.25, 0.2))
    assert match(region_at(0, 0), flat, (40, 60), [(40, 60), (40, 60)]).cost_ratio is None


@pytest.mark.parametrize(
    ("score", "label"), [(0.49, "normal"), (0.5, "normal"), (0.51, "anomalous")]
)
def test_verdict_follows_the_calibrated_threshold(score, label):
    found = verdict(score, calibration(0.1, 0.2))
    assert found.label == label
    assert found.anomalous == (label == "anomalous")
    assert found.times_threshold == pytest.approx(score / 0.5)


def test_verdict_follows_the_users_own_threshold():
    assert verdict(0.3, calibration(0.1, 0.2), threshold=0.25).label == "anomalous"
    assert verdict(0.3, calibration(0.1, 0.2), threshold=0.25).threshold == 0.25


@pytest.mark.parametrize(
    ("score", "unlikeness", "position"),
    [
        (0.05, 0.0, "above 0 of 4 normal pictures"),
        (0.25, 0.4, "above 2 of 4 normal pictures"),
        (0.30, 0.4, "above 2 of 4 normal pictures"),  # a tie is not above
        (0.99, 0.8, "above all 4 normal pictures"),  # never finer than 1 / (k + 1)
    ],
)
def test_unlikeness_counts_normals_and_nothing_finer(score, unlikeness, position):
    found = verdict(score, calibration(0.1, 0.2, 0.3, 0.4))
    assert found.unlikeness == pytest.approx(unlikeness)
    assert found.position == position


def test_augmented_scores_do_not_make_the_scale_finer():
    scores = tuple(np.linspace(0.1, 0.4, 40))
    found = verdict(0.39, calibration(*scores, n_normals=4))
    assert found.normals_below == 3
    assert found.unlikeness == pytest.approx(3 / 5)


def test_normals_that_were_not_scored_do_not_make_the_scale_finer():
    found = verdict(0.9, calibration(0.1, 0.2, n_normals=80))
    assert found.unlikeness == pytest.approx(2 / 3)
    assert found.position == "above all 2 normal pictures"


@pytest.mark.parametrize(
    ("score", "position"),
    [(0.2, "above the one normal picture"), (0.05, "not above the one normal picture")],
)
def test_one_normal_says_little(score, position):
    found = verdict(score, calibration(0.1))
    assert found.position == position
    assert found.unlikeness in {0.0, 0.5}


def test_without_normals_there_is_no_unlikeness():
    found = verdict(0.9, calibration())
    assert found.unlikeness is None
    assert found.position == "no normal pictures given"


def test_threshold_of_zero_has_no_multiple():
    assert verdict(0.9, calibration(0.0, image=0.0)).times_threshold is None


def test_thresholds_follow_from_the_calibration():
    assert Thresholds.of(calibration(0.1, image=0.5, pixel=0.4)) == Thresholds(0.5, 0.4, 0.1)


def test_regions_with_mask_are_those_found_apart():
    rng = np.random.default_rng(0)
    values = ndimage.gaussian_filter(rng.random((90, 120)), 3).astype(np.float32)
    limit = float(np.quantile(values, 0.8))
    found, mask = regions_with_mask(values, limit)
    assert found == regions(values, limit)
    assert len(found) > 1
    np.testing.assert_array_equal(
        mask, region_mask(values, limit, default_min_pixels(values.shape))
    )
