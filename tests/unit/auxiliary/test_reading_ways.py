"""Which way of reading is taken: by categories that its reader was not fitted to."""

from types import SimpleNamespace

import pytest
import torch

from adapp.auxiliary.held_out import Unseen
from adapp.auxiliary.picture_reader import readings
from adapp.auxiliary.reading_ways import best_way, in_one_way

PICTURES, CELLS = 40, 50


def shelves(*kinds):
    return [SimpleNamespace(kinds=(kind,)) for kind in kinds]


def unseen(seed, strengths):
    """Return a category whose defects stand out by so much in each way of reading."""
    generator = torch.Generator().manual_seed(seed)
    label = (torch.arange(PICTURES) % 2).to(torch.uint8)
    ways = []
    for strength in strengths:
        maps = torch.randn(1, PICTURES, CELLS, generator=generator)
        maps[0, :, :5] += strength * label[:, None]
        ways.append(readings(maps, torch.zeros(PICTURES)))
    return Unseen(label, torch.zeros(PICTURES), torch.zeros(PICTURES), torch.stack(ways, dim=1))


def test_the_way_that_ranks_unseen_categories_best_is_taken():
    found = {n: unseen(n, (0.0, 4.0, 1.0)) for n in range(6)}
    ways = best_way(shelves(*["real"] * 6), found, 3)
    assert (ways.best, ways.categories) == (1, 6)
    assert ways.auroc[1] > 0.95 > ways.auroc[2] > ways.auroc[0]


def test_a_reader_never_saw_the_category_it_ranks():
    # a reading of its own gives each category's pictures away: fitted to it, it would be perfect
    def given_away(n):
        one = unseen(n, (0.0, 0.0))
        one.readings[:, 0] = 0.0
        one.readings[:, 0, n] = one.label.float()
        return one

    ways = best_way(shelves(*["real"] * 6), {n: given_away(n) for n in range(6)}, 6)
    assert ways.auroc[0] == pytest.approx(0.5)


def test_real_categories_tell_alone_where_there_are_a_few():
    real = {n: unseen(n, (0.0, 4.0)) for n in range(4)}
    drawn = {n: unseen(n, (4.0, 0.0)) for n in range(4, 16)}
    ways = best_way(shelves(*["real"] * 4, *["rendered"] * 12), real | drawn, 2)
    assert (ways.best, ways.categories) == (1, 4)
    del real[0]
    ways = best_way(shelves(*["real"] * 4, *["rendered"] * 12), real | drawn, 2)
    assert (ways.best, ways.categories) == (0, 15)


def test_equals_and_silence_take_the_first_way():
    same = unseen(0, (2.0,)).readings.expand(-1, 3, -1)
    twins = {n: Unseen(unseen(0, (2.0,)).label, same[:, 0, 0], same[:, 0, 0], same) for n in (0, 1)}
    assert best_way(shelves("real", "real"), twins, 2).best == 0
    good = unseen(0, (1.0, 2.0))
    good.label.zero_()
    assert best_way(shelves("real"), {0: good}, 2).auroc is None
    without = Unseen(good.label, good.peaks, good.scores, None)
    assert best_way(shelves("real"), {0: without}, 2).auroc is None


def test_one_way_is_kept():
    one = unseen(0, (1.0, 2.0))
    kept = in_one_way({3: one}, 1)[3]
    assert torch.equal(kept.readings, one.readings[:, 1])
    silent = Unseen(one.label, one.peaks, one.scores, None)
    assert in_one_way({3: silent}, 1)[3] is silent
