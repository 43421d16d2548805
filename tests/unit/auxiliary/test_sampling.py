"""Batches: categories weigh the same, kinds come in the proportions asked for, grids stay true."""

import collections

import numpy as np
import pytest
import torch

from adapp.auxiliary.bank import TARGET_SCALE, Shelf
from adapp.auxiliary.sampling import Batch, Mixture, Sampler, batches, gather, mirrored
from adapp.core.errors import UsageError

GRID = (4, 6)


def shelf(category, kinds, labels, *, local=False):
    """Return a shelf whose patch (row, column) of picture p is known by its value."""
    count, cells = len(kinds), GRID[0] * GRID[1]
    patches = torch.arange(count * 2 * cells, dtype=torch.float16).reshape(count, 2, cells, 1)
    target = torch.zeros(count, GRID[0] * TARGET_SCALE, GRID[1] * TARGET_SCALE, dtype=torch.uint8)
    target[:, :TARGET_SCALE, :TARGET_SCALE] = 1  # the cell in the top left corner
    return Shelf(
        category=category,
        part=category,
        open=True,
        patches=patches.expand(-1, -1, -1, 3).contiguous(),
        local=-patches.expand(-1, -1, -1, 3).contiguous() if local else None,
        pooled=torch.ones(count, 3, dtype=torch.float16),
        target=target,
        label=torch.tensor(labels, dtype=torch.uint8),
        defect_types=tuple("" if label == 0 else "dent" for label in labels),
        kinds=tuple(kinds),
        grid=GRID,
    )


@pytest.fixture
def shelves():
    return [
        shelf("big", ["real"] * 60 + ["synthetic"] * 20, [0] * 30 + [1] * 50),
        shelf("small", ["real"] * 4, [1] * 4),
        shelf("rendered", ["rendered"] * 6, [0, 0, 1, 1, 1, 1]),
    ]


def test_categories_count_the_same_whatever_their_size(shelves):
    sampler = Sampler(shelves[:2], Mixture(synthetic=0, normal=0))
    drawn = sampler.draw(4000, np.random.default_rng(0))
    share = np.mean([position == 0 for position, _ in drawn])
    assert share == pytest.approx(0.5, abs=0.04)


def test_kinds_come_in_the_proportions_asked_for(shelves):
    sampler = Sampler(shelves, Mixture(real=0.5, synthetic=0.2, rendered=0.3, normal=0.4))
    drawn = sampler.draw(6000, np.random.default_rng(0))
    counted = collections.Counter((shelves[s].kinds[p], int(shelves[s].label[p])) for s, p in drawn)
    expected = {
        ("real", 0): 0.4 * 0.7,
        ("rendered", 0): 0.4 * 0.3,
        ("real", 1): 0.6 * 0.5,
        ("synthetic", 1): 0.6 * 0.2,
        ("rendered", 1): 0.6 * 0.3,
    }
    assert {k: v / 6000 for k, v in counted.items()} == pytest.approx(expected, abs=0.03)


def test_what_the_shelves_lack_is_drawn_from_the_rest(shelves):
    sampler = Sampler([shelves[1]], Mixture(normal=0.9))
    assert {position for position, _ in sampler.draw(50, np.random.default_rng(0))} == {0}


def test_nothing_of_the_kinds_asked_for_is_told(shelves):
    with pytest.raises(UsageError, match="kinds asked for"):
        Sampler([shelves[2]], Mixture(rendered=0))


@pytest.mark.parametrize("shares", [{"real": -1.0}, {"normal": 1.2}])
def test_impossible_mixtures_are_refused(shares):
    with pytest.raises(ValueError, match="share"):
        Mixture(**shares)


def test_a_batch_holds_the_pictures_drawn(shelves):
    batch = gather(shelves, [(0, 2), (2, 3)])
    assert batch.patches.shape == (2, 2, 24, 3)
    assert batch.patches.dtype == torch.float32
    assert torch.equal(batch.patches[:, 0], shelves[0].patches[2].float())
    assert torch.equal(batch.patches[:, 1], shelves[2].patches[3].float())
    assert batch.label.tolist() == [0, 1]
    assert batch.defect_types == ("", "dent")
    assert batch.kinds == ("real", "rendered")
    assert batch.shelves == (0, 2)
    assert batch.local is None
    assert batch.target.shape == (2, 1, 16, 24)


def test_local_patches_come_along():
    batch = gather([shelf("part", ["real"] * 2, [0, 1], local=True)], [(0, 0), (0, 1)])
    assert torch.equal(batch.local, -batch.patches)
    turned = mirrored(batch, np.random.default_rng(1))
    assert torch.equal(turned.local, -turned.patches)


def marked(batch: Batch) -> list[float]:
    """Return the patch value under the marked corner of each picture."""
    cells = batch.target[:, 0, ::TARGET_SCALE, ::TARGET_SCALE].flatten(1).bool()
    return [float(batch.patches[0, b, cells[b]][0, 0]) for b in range(len(cells))]


def test_mirroring_moves_patches_and_masks_together(shelves):
    batch = gather(shelves, [(0, 1), (0, 2)])
    rng = np.random.default_rng(0)
    turned = [mirrored(batch, rng) for _ in range(64)]
    corners = {tuple(t.target[0, 0].nonzero()[0].tolist()) for t in turned}
    assert corners == {(0, 0), (0, 20), (12, 0), (12, 20)}
    assert all(marked(t) == marked(batch) for t in turned)


def test_a_window_cuts_patches_and_masks_together(shelves):
    sampler = Sampler([shelves[1]])
    whole = {float(p[0, 0, 0]): p for p in shelves[1].patches.float()}
    seen, labels = set(), set()
    for batch in batches(sampler, 2, 40, np.random.default_rng(0), crop=3):
        assert batch.grid == (3, 3)
        assert batch.patches.shape == (2, 2, 9, 3)
        assert batch.target.shape == (2, 1, 12, 12)
        assert batch.label.tolist() == batch.target.flatten(1).any(dim=1).float().tolist()
        if batch.target.any():
            assert marked(batch)[0] in whole
        seen.add(tuple(batch.patches[0, 0, :, 0].sort().values.remainder(48).tolist()))
        labels.update(batch.label.tolist())
    assert len(seen) == 2 * 4  # every window of 3 x 3 in 4 x 6
    assert labels == {0.0, 1.0}


def test_thinned_batches_take_every_second_cell_from_anywhere(shelves):
    sampler = Sampler([shelves[1]])
    seen = set()
    for batch in batches(sampler, 1, 30, np.random.default_rng(0), thin=2):
        assert batch.grid == (2, 3)
        cells = batch.patches[0, 0, :, 0].sort().values.remainder(48).long().tolist()
        rows, columns = {c // 6 for c in cells}, {c % 6 for c in cells}
        assert (len(rows), max(rows) - min(rows)) == (2, 2)
        assert (len(columns), max(columns) - min(columns)) == (3, 4)
        assert bool(batch.label[0]) == (min(rows) == min(columns) == 0)
        seen.add(min(cells))
    assert seen == {0, 1, 6, 7}


def test_batches_are_the_same_for_the_same_seed(shelves):
    sampler = Sampler(shelves)
    runs = [list(batches(sampler, 4, 3, np.random.default_rng(5), crop=2)) for _ in range(2)]
    assert len(runs[0]) == 3
    for one, other in zip(*runs, strict=True):
        assert torch.equal(one.patches, other.patches)
        assert one.shelves == other.shelves
    assert not torch.equal(runs[0][0].patches, runs[0][1].patches)
