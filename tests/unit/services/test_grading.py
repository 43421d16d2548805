"""Grades and badges: never more promised than k normals can support."""

import pytest

from adapp.core.results import Calibration
from adapp.services.grading import badge, grade, review_limit
from tests.fakes import FakeDetector, part


def _calibration(count, basis=None):
    scores = tuple(0.1 * (number + 1) for number in range(count))
    known = basis or ("leave_one_out" if count > 1 else "augmented" if count else "generic")
    return Calibration(scores, max(scores, default=0.4) + 0.05, 0.5, count, known, "")


@pytest.mark.parametrize(
    ("count", "word", "level"),
    [
        (0, "generic scale", "none"),
        (1, "uncalibrated", "one"),
        (2, "roughly calibrated", "few"),
        (3, "roughly calibrated", "few"),
        (4, "calibrated", "enough"),
        (16, "calibrated", "enough"),
    ],
)
def test_badge_follows_the_number_of_normals(count, word, level):
    found = badge(_calibration(count))
    assert (found.word, found.level) == (word, level)


def test_false_alarms_are_never_promised_below_what_the_normals_support():
    for count in (2, 4, 9):
        assert badge(_calibration(count)).promise == f"at best 1 false alarm in {count + 1}"
    assert badge(_calibration(0)).promise == ""
    assert badge(_calibration(1)).promise == ""


def test_grades_lie_on_both_sides_of_two_limits():
    assert [grade(score, 0.4, 0.6) for score in (0.4, 0.5, 0.6, 0.7)] == [
        "pass",
        "review",
        "review",
        "fail",
    ]


def test_review_begins_where_no_normal_has_been_seen():
    found = _calibration(4)
    assert review_limit(found) == pytest.approx(0.4)
    assert review_limit(found) < found.image_threshold
    assert review_limit(_calibration(0)) == pytest.approx(0.8 * 0.45)


def test_every_normal_of_the_support_passes():
    from adapp.core.detector import SupportSet

    fitted = FakeDetector().fit(SupportSet("plate", [part(number) for number in range(4)]))
    found = fitted.calibration()
    limits = (review_limit(found), found.image_threshold)
    assert {grade(score, *limits) for score in found.normal_scores} == {"pass"}
