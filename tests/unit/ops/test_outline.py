"""Outlines: long, compact, thick, thin and broken regions read differently."""

import numpy as np
import pytest

from adapp.ops.outline import COVERED, READINGS, covered, loosened, outline_readings

COUNT, LONGER, THICK, BORDER, LARGEST = 1, 3, 4, 8, 9


def cells(rows, columns, side=48):
    drawn = np.zeros((side, side), np.uint8)
    drawn[rows, columns] = 1
    return drawn


LINE = cells(slice(20, 22), slice(5, 40))
BLOB = cells(slice(20, 28), slice(20, 28))


def test_a_line_is_longer_and_thinner_than_a_blob():
    line, blob = outline_readings(LINE), outline_readings(BLOB)
    assert line.shape == (READINGS,)
    assert line[LONGER] > 2
    assert blob[LONGER] == pytest.approx(0, abs=1e-6)
    assert line[THICK] < blob[THICK]


def test_turning_a_region_changes_nothing():
    np.testing.assert_allclose(outline_readings(LINE), outline_readings(LINE.T.copy()), atol=1e-5)


def test_pieces_are_counted_and_the_largest_has_its_share():
    both = np.maximum(BLOB, cells(slice(2, 6), slice(2, 6)))
    told = outline_readings(both)
    assert told[COUNT] == pytest.approx(np.log(2))
    assert told[LARGEST] == pytest.approx(64 / 80)


def test_it_notices_the_edge_of_the_picture():
    assert outline_readings(BLOB)[BORDER] == 0
    assert outline_readings(cells(slice(0, 3), slice(9, 12)))[BORDER] == 1


def test_a_single_cell_and_a_whole_picture_have_a_form():
    for drawn in (cells(3, 3), np.ones((8, 8), np.uint8)):
        assert np.isfinite(outline_readings(drawn)).all()


def test_a_loosened_outline_holds_the_outline_and_more():
    wide = loosened(LINE)
    assert (wide >= LINE).all()
    assert outline_readings(wide)[THICK] > outline_readings(LINE)[THICK]


def test_what_covers_little_never_vanishes():
    share = np.array([[0.0, COVERED / 2], [0.0, COVERED / 8]])
    assert covered(share).tolist() == [[0, 1], [0, 0]]
    assert covered(np.array([[COVERED, 0.1], [1.0, 0.0]])).tolist() == [[1, 0], [1, 0]]
