"""Notes on a calibration: when they appear and what they say."""

import pytest

from adapp.core.results import Calibration
from adapp.services.advice import advice


def calibration(*scores, basis="leave_one_out", n_normals=None):
    return Calibration(
        normal_scores=scores,
        image_threshold=0.5,
        pixel_threshold=0.5,
        n_normals=len(scores) if n_normals is None else n_normals,
        basis=basis,
        note="",
    )


def test_even_normals_raise_no_note():
    assert advice(calibration(0.10, 0.12, 0.11, 0.13)) == ()


def test_one_normal_is_told_to_be_a_guess():
    (note,) = advice(calibration(0.1, basis="augmented"))
    assert note.startswith("Threshold is a guess: one normal picture gives no spread.")


def test_no_normal_is_told_to_be_generic():
    (note,) = advice(calibration(basis="generic"))
    assert note.startswith("Generic scale")


def test_a_normal_far_above_the_others_is_named_by_its_place():
    (note,) = advice(calibration(0.10, 0.12, 0.60, 0.11))
    assert note.startswith("Normal picture 3 scores 0.60, the others at most 0.12.")


@pytest.mark.parametrize(
    "silent",
    [
        calibration(0.1, 0.9, 0.1),  # three normals: too few to call one odd
        calibration(0.10, 0.11, 0.12, 0.13),  # a tiny spread makes nothing odd
        calibration(0.1, 0.3, 0.5, 0.8),  # a wide spread allows a high one
        calibration(0.1, 0.1, 0.1, 0.9, n_normals=2),  # scores that are not one per picture
    ],
)
def test_no_normal_is_called_odd_without_ground(silent):
    assert advice(silent) == ()
