"""The generic threshold: a balanced quantile, told in the card and in the note."""

from types import SimpleNamespace

import numpy as np
import pytest

from adapp.auxiliary.generic_threshold import (
    CARD_KEY,
    ENOUGH_REAL,
    GenericThreshold,
    GoodScores,
    balanced_quantile,
    generic_threshold,
    parted,
)


def test_a_quantile_of_one_group_is_the_usual_one():
    values = np.arange(1.0, 101.0)
    assert balanced_quantile([values], 0.95) == 95.0
    assert balanced_quantile([values], 1.0) == 100.0


def test_every_category_weighs_the_same():
    many, few = np.zeros(1000), np.array([1.0, 2.0])
    assert balanced_quantile([many, few], 0.5) == 0.0
    assert balanced_quantile([many, few], 0.75) == 1.0
    assert balanced_quantile([many, few, np.array([])], 0.76) == 2.0


def test_a_quantile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one value"):
        balanced_quantile([np.array([])], 0.9)


def test_no_more_than_the_stated_share_lies_above():
    rng = np.random.default_rng(0)
    scores = [rng.normal(0.8 + 0.1 * n, 0.1, 50) for n in range(4)]
    found = generic_threshold([GoodScores(one, one / 2) for one in scores], 0.05)
    above = np.mean([np.mean(one > found.image) for one in scores])
    assert above <= 0.05
    assert np.mean([np.mean(one >= found.image) for one in scores]) > 0.04
    assert found.pixel == pytest.approx(found.image / 2)
    assert (found.pictures, found.categories, found.false_alarms) == (200, 4, 0.05)


def test_regions_start_at_one_half():
    assert generic_threshold([GoodScores(np.array([0.1]), np.array([0.2]))], 0.1).pixel == 0.5


@pytest.mark.parametrize("real", [ENOUGH_REAL - 1, ENOUGH_REAL])
def test_rendered_categories_are_heard_only_where_real_ones_are_few(real):
    photographed = [GoodScores(np.full(10, 0.8), np.full(10, 0.9)) for _ in range(real)]
    drawn = [GoodScores(np.full(10, 0.3), np.full(10, 0.6), rendered=True) for _ in range(96)]
    found = generic_threshold(photographed + drawn, 0.05)
    enough = real == ENOUGH_REAL
    assert found.image == (0.8 if enough else 0.3)
    assert found.categories == (real if enough else real + 96)
    assert found.pictures == 10 * found.categories
    assert found.pixel == 0.6  # regions: all of them


def test_a_card_gives_back_what_it_was_given():
    found = GenericThreshold(1.2, 0.7, 0.05, 30, 6)
    assert GenericThreshold.of_card({CARD_KEY: found.card()}, (0.0, 2.0)) == found
    assert "without its category" in str(found.card()["set_on"])
    assert GenericThreshold.of_card({}, (0.0, 2.0)) == GenericThreshold(1.0, 0.5)
    nothing = GenericThreshold.middle((0.0, 2.0))  # no category had a good picture
    assert GenericThreshold.of_card({CARD_KEY: nothing.card()}, (0.0, 2.0)) == nothing


def test_the_note_says_what_stands_behind_it():
    calibration = GenericThreshold(1.2, 0.7, 0.05, 30, 6).calibration()
    assert (calibration.image_threshold, calibration.pixel_threshold) == (1.2, 0.7)
    assert (calibration.basis, calibration.n_normals) == ("generic", 0)
    assert "5% of 30 good pictures of 6 training categories" in calibration.note
    assert "no training stands behind" in GenericThreshold.middle((0.0, 1.0)).calibration().note


def shelf(kind):
    return SimpleNamespace(kinds=(kind, kind))


def test_parts_share_real_and_rendered_categories():
    shelves = [shelf("real") for _ in range(5)] + [shelf("rendered") for _ in range(4)]
    groups = parted(shelves, 3)
    assert sorted(position for group in groups for position in group) == list(range(9))
    for group in groups:
        real = sum(position < 5 for position in group)
        assert 1 <= real <= 2
        assert 1 <= len(group) - real <= 2


def test_no_part_is_empty():
    assert parted([shelf("real"), shelf("real")], 5) == [[0], [1]]
