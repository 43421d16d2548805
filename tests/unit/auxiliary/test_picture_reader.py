"""Reading whole maps: what is read, what is fitted, and that it carries over to other levels."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from adapp.auxiliary.picture_reader import LEVELS, PictureReader, Read, fit, readings, unfitted

CELLS = 100


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def pictures(count, *, level, seed):
    """Return a category: maps about a level of its own, defects of a few hot cells in half."""
    maps = drawn(1, 2 * count, CELLS, seed=seed) + level
    maps[0, :count, :6] += 4.0
    label = torch.arange(2 * count) < count
    whole = drawn(2 * count, seed=seed + 100) * 5.0  # says nothing
    return Read(readings(maps, whole), label.to(torch.uint8))


def test_readings_are_quantiles_of_every_map_a_spread_and_the_whole():
    maps = drawn(3, 4, CELLS)
    whole = drawn(4, seed=1)
    read = readings(maps, whole)
    assert read.shape == (4, 3 * len(LEVELS) + 2)
    np.testing.assert_allclose(read[1, len(LEVELS)], np.quantile(maps[1, 1], LEVELS[0]), rtol=1e-5)
    assert read[2, len(LEVELS) - 1] == maps[0, 2].max()
    torch.testing.assert_close(read[:, -2], maps[0].std(dim=1))
    torch.testing.assert_close(read[:, -1], whole)


def test_no_gradient_reaches_the_maps():
    maps = drawn(1, 2, CELLS).requires_grad_()
    assert not readings(maps, torch.zeros(2)).requires_grad


def test_unfitted_it_is_the_mean_of_the_upper_few_percent():
    maps = torch.zeros(2, 1, CELLS)
    maps[0, 0] = torch.linspace(0.0, 99.0, CELLS)
    maps[1] = 1e6  # another map is not heard yet
    told = unfitted(maps, torch.full((1,), 1e6))
    torch.testing.assert_close(told, torch.tensor([0.5 * 99.0 * (0.97 + 0.99)]))


def test_where_in_the_picture_a_value_lies_does_not_matter():
    maps = drawn(1, 3, CELLS)
    torch.testing.assert_close(
        readings(maps, torch.zeros(3)), readings(maps.flip(2), torch.zeros(3))
    )


def test_a_map_that_is_higher_everywhere_never_lowers_the_score():
    reader = PictureReader(1)
    # upside down: anomalous pictures have lower maps, and still no slope turns
    seen = pictures(30, level=0.0, seed=0)
    assert fit(reader, [Read(-seen.readings, seen.label)])
    assert (reader.weights >= 0).all()


def test_it_learns_to_rank_within_a_category_whatever_its_level():
    reader = PictureReader(1)
    seen = [pictures(30, level=3.0 * n, seed=n) for n in range(4)]
    assert fit(reader, seen)
    fresh = pictures(40, level=-5.0, seed=50)
    plain = fresh.readings[:, -1]
    assert roc_auc_score(fresh.label, reader(fresh.readings)) > 0.97
    assert roc_auc_score(fresh.label, plain) < 0.7
    assert reader.weights[-1] < 0.02, "what says nothing of the defect gets next to no weight"


def test_scores_are_log_odds_of_pictures_like_those_it_was_fitted_to():
    reader = PictureReader(1)
    seen = pictures(200, level=1.0, seed=3)
    fit(reader, [seen])
    chance = torch.sigmoid(reader(seen.readings))
    assert chance[seen.label == 1].mean() > 0.9
    assert chance[seen.label == 0].mean() < 0.1


def test_every_category_weighs_the_same():
    large, small = pictures(200, level=0.0, seed=1), pictures(8, level=0.0, seed=2)
    once, often = PictureReader(1), PictureReader(1)
    fit(once, [large, small])
    doubled = Read(large.readings.repeat(3, 1), large.label.repeat(3))
    fit(often, [doubled, small])
    torch.testing.assert_close(once.weights, often.weights, rtol=0.1, atol=0.02)


@pytest.mark.parametrize("label", [0, 1])
def test_without_both_kinds_in_a_category_nothing_is_fitted(label):
    reader = PictureReader(1)
    before = {name: tensor.clone() for name, tensor in reader.state_dict().items()}
    seen = pictures(5, level=0.0, seed=0)
    assert not fit(reader, [Read(seen.readings, torch.full((10,), label, dtype=torch.uint8))])
    assert all(torch.equal(before[name], now) for name, now in reader.state_dict().items())


def test_pictures_that_cannot_be_told_apart_leave_finite_rising_odds():
    reader = PictureReader(1)
    same = readings(drawn(1, 20, CELLS), torch.zeros(20))
    label = (torch.arange(20) % 2).to(torch.uint8)
    assert fit(reader, [Read(same, label)])
    told = reader(same)
    assert torch.isfinite(told).all()
    assert (reader.weights >= 0).all()
