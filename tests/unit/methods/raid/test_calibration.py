"""Thresholds lie above everything the normals show, and the note promises no more than they do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapp.methods.raid.calibration import calibrate
from adapp.methods.raid.config import RaidConfig

CONFIG = RaidConfig()
SCORE = st.floats(0.0, 0.999)


@given(scores=st.lists(SCORE, min_size=2, max_size=20), peaks=st.lists(SCORE, min_size=2))
def test_thresholds_lie_above_every_normal(scores, peaks):
    calibration = calibrate(scores, peaks, [len(scores)], CONFIG)
    assert max(scores) < calibration.image_threshold < 1
    assert max(peaks) < calibration.pixel_threshold < 1
    assert calibration.pixel_threshold >= 0.5
    assert calibration.normal_scores == tuple(scores)


def odds(value):
    return np.log(value / (1 - value))


def test_the_margin_is_in_log_odds_and_shrinks_with_the_normals():
    for count in (1, 4, 16):
        calibration = calibrate([0.3] * count, [0.6] * count, [count], CONFIG)
        wanted = CONFIG.margin / count**0.5
        assert odds(calibration.image_threshold) - odds(0.3) == pytest.approx(wanted)
        assert odds(calibration.pixel_threshold) - odds(0.6) == pytest.approx(wanted)


def test_one_normal_is_called_a_guess():
    calibration = calibrate([0.2] * 4, [0.4] * 4, [1], CONFIG)
    assert calibration.basis == "augmented"
    assert calibration.n_normals == 1
    assert "guess" in calibration.note
    assert "add 3 or more" in calibration.note


def test_four_normals_state_what_they_cannot_promise():
    calibration = calibrate([0.2] * 4, [0.4] * 4, [4], CONFIG)
    assert calibration.basis == "leave_one_out"
    assert calibration.n_normals == 4
    assert "Threshold from 4 normals, each scored without itself" in calibration.note
    assert "1 false alarm in 5 normal parts" in calibration.note


def test_only_the_normals_that_were_scored_count():
    calibration = calibrate([0.2] * 16, [0.4] * 16, [80], CONFIG)
    assert calibration.n_normals == 80
    assert "16 of 80 normals" in calibration.note
    assert "1 false alarm in 17" in calibration.note
    assert odds(calibration.image_threshold) - odds(0.2) == pytest.approx(CONFIG.margin / 4)


def test_one_category_with_a_single_picture_makes_the_whole_a_guess():
    calibration = calibrate([0.2] * 8, [0.4] * 8, [4, 1], CONFIG)
    assert calibration.basis == "augmented"
    assert calibration.n_normals == 5
    assert odds(calibration.image_threshold) - odds(0.2) == pytest.approx(CONFIG.margin)


def test_a_dark_support_still_gets_a_pixel_threshold_of_one_half():
    assert calibrate([0.01] * 3, [0.02] * 3, [3], CONFIG).pixel_threshold == 0.5
