"""Thresholds of normals that the maps do not know: scaled, chunked, never below what was seen."""

import numpy as np
import pytest

from adapp.methods.calibrating import CHUNK, VIEWS, thresholds_of_normals

BLANK = np.zeros((8, 8, 3), dtype=np.uint8)


def scorer(calls, top):
    """Return a score for each picture that grows with its number, up to half of ``top``."""

    def scored(images):
        start = sum(calls)
        calls.append(len(images))
        numbers = np.arange(start, start + len(images))
        return (top * numbers / 40).tolist(), (numbers / 40).tolist()

    return scored


@pytest.mark.parametrize("top", [1.0, 2.0])
def test_thresholds_lie_above_every_normal_on_the_scores_own_scale(top):
    calls = []
    found = thresholds_of_normals([BLANK] * 20, scorer(calls, top), top, 0.5, 0)
    assert calls == [CHUNK, CHUNK, 20 - 2 * CHUNK]
    assert found.normal_scores == pytest.approx([top * n / 40 for n in range(20)])
    assert top * 19 / 40 < found.image_threshold < top
    assert found.pixel_threshold >= 0.5
    assert (found.n_normals, found.basis) == (20, "leave_one_out")
    assert found.note.endswith("the maps do not know them.")


def test_the_scale_changes_nothing_else():
    one, two = (
        thresholds_of_normals([BLANK] * 4, scorer([], top), top, 0.5, 0) for top in (1.0, 2.0)
    )
    assert two.image_threshold == pytest.approx(2 * one.image_threshold)
    assert two.pixel_threshold == one.pixel_threshold


def test_a_single_normal_is_joined_by_views_of_itself():
    calls = []
    found = thresholds_of_normals([BLANK], scorer(calls, 1.0), 1.0, 0.5, 0)
    assert sum(calls) == 1 + VIEWS
    assert (found.n_normals, found.basis) == (1, "augmented")
