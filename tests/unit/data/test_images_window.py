"""The intensity window of a run: nominal where it fits, robust where it does not."""

import numpy as np
import pytest

from adapp.data.window import Window, fit_window, sample_statistics


def _fit(*pictures):
    return fit_window([sample_statistics(np.asarray(picture)) for picture in pictures])


def _ramp(low, high, dtype=np.uint16):
    return np.linspace(low, high, 4096).reshape(64, 64).astype(dtype)


@pytest.mark.parametrize(
    ("samples", "high"),
    [
        (_ramp(0, 65535), 65535),
        (_ramp(0, 4095), 4095),
        (_ramp(100, 1023), 1023),
        (_ramp(0, 16000), 16383),
        (_ramp(0, 255), 255),
        (_ramp(0, 1), 1),
        (_ramp(0, 1, np.float32), 1),
        (_ramp(0.2, 0.7, np.float64), 1),
        (_ramp(0, 255, np.float32), 255),
        (_ramp(0, 4000, np.int32), 4095),
    ],
)
def test_the_smallest_nominal_range_that_holds_the_data_is_taken(samples, high):
    window = _fit(samples)
    assert (window.low, window.high) == (0, high)


def test_a_container_that_is_hardly_used_gets_a_robust_window():
    samples = _ramp(30_000, 31_000)
    samples[0, 0] = 65_535  # one hot pixel must not flatten the rest
    window = _fit(samples)
    assert 30_000 <= window.low < 30_010
    assert 30_990 < window.high <= 31_010
    assert "99.8 %" in window.origin


@pytest.mark.parametrize("samples", [_ramp(-1, 1, np.float32), _ramp(-300, 300, np.int16)])
def test_negative_samples_get_a_robust_window(samples):
    window = _fit(samples)
    assert samples.min() <= window.low < window.high <= samples.max()


@pytest.mark.parametrize("value", [0, 7, 40_000, -5, 1e30, -1e30, 1.7e308])
def test_a_constant_picture_still_has_a_window(value):
    window = _fit(np.full((8, 8), value, np.float64))
    assert window.low < window.high
    assert np.unique(window.apply(np.full((8, 8), value, np.float64))).size == 1


def test_a_rare_value_is_used_where_the_tails_agree():
    samples = np.zeros((200, 200), np.float64)
    samples[5, 5] = 1e6
    window = _fit(samples)
    assert (window.low, window.high) == (0, 1e6)


def test_the_window_holds_for_all_pictures_in_any_order():
    dark, bright = _ramp(0, 900), _ramp(2000, 4000)
    assert _fit(dark, bright) == _fit(bright, dark)
    assert _fit(dark, bright).high == 4095
    assert _fit(dark).high == 1023


def test_a_run_without_deep_pictures_has_no_window():
    with pytest.raises(ValueError, match="at least one"):
        fit_window([])


@pytest.mark.parametrize("bounds", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_bounds_must_be_finite_and_in_order(bounds):
    with pytest.raises(ValueError, match="low < high"):
        Window(*bounds)


def test_extreme_bounds_do_not_overflow():
    window = Window(-1.7e308, 1.7e308)
    assert window.apply(np.array([[-1.7e308, 0.0, 1.7e308]])).tolist() == [[0, 128, 255]]


def test_statistics_come_from_the_whole_picture():
    samples = np.zeros((1024, 1024), np.uint16)
    samples[:, 1023] = 500  # the last column alone
    found = sample_statistics(samples)
    assert (found.low, found.high) == (0, 500)
    assert found.tail_high == 0
    samples[:, 512:] = 500
    assert sample_statistics(samples).tail_high == 500
