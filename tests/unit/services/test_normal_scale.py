"""The common scale: order is kept, normals stay low, nothing is promised that k cannot carry."""

import numpy as np
import pytest

from adapp.core.detector import SupportSet
from adapp.services.normal_scale import ABOVE_ALL, NormalScale, map_scales
from tests.fakes import FakeDetector, part

DEFECT = (10, 20, 30, 50)


def _scales(count, name="raid", *, learns=True):
    regimes = frozenset({"zero_shot"}) if name == "kanoclip" else frozenset({"few_shot"})
    detector = FakeDetector(name, regimes=regimes)
    support = SupportSet("plate", [part(number) for number in range(count)])
    fitted = detector.fit(support)
    made = map_scales(detector, support, fitted.calibration(), learns_support=learns)
    return detector, fitted, made


def _scale(values, limit):
    return NormalScale(np.sort(np.asarray(values, np.float32)), limit, 3)


def test_positions_rise_with_the_value_and_meet_at_the_limit():
    scale = _scale(np.linspace(0.0, 0.5, 20_000), 0.5)
    placed = scale.positions(np.linspace(0, 1, 301, dtype=np.float32).reshape(1, -1))[0]
    assert (np.diff(placed) >= 0).all()
    assert placed.min() == 0.0
    assert placed[-1] == 1.0
    assert scale.positions(np.float32([[0.5]]))[0, 0] <= ABOVE_ALL
    assert scale.positions(np.float32([[0.51]]))[0, 0] > ABOVE_ALL


def test_a_tenth_of_the_normals_is_one_decade():
    scale = _scale(np.arange(9_999) / 10_000, 0.9999)
    tenth, hundredth = scale.positions(np.float32([[0.9, 0.99]]))[0]
    assert tenth == pytest.approx(ABOVE_ALL / 4, abs=1e-3)
    assert hundredth == pytest.approx(ABOVE_ALL / 2, abs=1e-3)
    assert scale.percentile(0.9) == pytest.approx(90.0, abs=0.1)
    assert scale.value_at(99.0) == pytest.approx(0.99, abs=1e-3)


def test_percentile_never_reaches_all_of_the_normals():
    scale = _scale([0.1, 0.2, 0.3], 0.3)
    assert scale.percentile(1.0) == pytest.approx(75.0)


def test_every_normal_is_scored_without_itself():
    detector, _, made = _scales(3)
    assert detector.fits[1:] == [2, 2, 2]
    assert made.fused.n_normals == 3
    assert made.fused.values.max() > 0  # its own picture would give zero throughout


def test_many_normals_are_held_out_in_four_groups():
    detector, _, made = _scales(9)
    assert sorted(detector.fits[1:]) == [6, 7, 7, 7]
    assert len(detector.predictions) == 9
    assert not made.base.generic


def test_one_normal_gives_mild_views_of_itself():
    detector, _, made = _scales(1)
    assert detector.fits == [1, 1]
    assert made.fused.n_normals == 1
    assert made.fused.limit > 0


def test_zero_shot_method_is_calibrated_without_holding_anything_out():
    detector, _, _ = _scales(3, "kanoclip", learns=False)
    assert detector.fits == [3, 3]


def test_without_normals_the_general_threshold_takes_their_place():
    _, fitted, made = _scales(0, "kanoclip", learns=False)
    limit = fitted.calibration().pixel_threshold
    assert made.fused.generic
    assert made.fused.percentile(0.7) is None
    assert made.fused.value_at(99.0) == limit
    placed = made.fused.positions(np.float32([[0.0, limit, 1.0]]))[0]
    assert placed == pytest.approx([0.0, ABOVE_ALL, 1.0])


def test_defect_stands_above_and_the_good_part_below():
    _, fitted, made = _scales(4)
    bad = made.fused.positions(fitted.predict(part(8, defect=DEFECT)).fused_map)
    good = made.fused.positions(fitted.predict(part(9)).fused_map)
    row0, column0, row1, column1 = DEFECT
    assert bad[row0 + 2 : row1 - 2, column0 + 2 : column1 - 2].min() > ABOVE_ALL
    assert np.median(good) < ABOVE_ALL / 2
