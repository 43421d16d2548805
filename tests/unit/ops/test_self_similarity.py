"""A patch against the rest of its own picture: against a loop, with and without a stride."""

import pytest
import torch

from adapp.ops.self_similarity import self_costs
from adapp.ops.similarity import unit_norm

GRID = (4, 6)


def tokens(seed=0, batch=2, width=8):
    generator = torch.Generator().manual_seed(seed)
    return unit_norm(torch.randn(batch, GRID[0] * GRID[1], width, generator=generator))


def by_hand(picture, cell, count, stride):
    """Return the mean cost of one patch to its ``count`` most similar others on the lattice."""
    keys = [
        row * GRID[1] + column
        for row in range(0, GRID[0], stride)
        for column in range(0, GRID[1], stride)
    ]
    costs = sorted(1.0 - float(picture[cell] @ picture[key]) for key in keys if key != cell)
    kept = costs[:count]
    return sum(kept) / len(kept)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("count", [1, 3, 1000])
def test_agrees_with_a_loop(count, stride):
    pictures = tokens()
    found = self_costs(pictures, GRID, (count,), stride=stride)
    assert found.shape == (2, 24, 1)
    for picture in range(2):
        for cell in (0, 1, 7, 13, 23):
            expected = by_hand(pictures[picture], cell, count, stride)
            assert float(found[picture, cell, 0]) == pytest.approx(expected, abs=1e-5)


def test_channels_follow_the_order_asked_for_and_rise_with_the_number():
    found = self_costs(tokens(), GRID, (1, 4, 1000))
    torch.testing.assert_close(found[..., 1:2], self_costs(tokens(), GRID, (4,)))
    assert (found[..., 0] <= found[..., 1]).all()
    assert (found[..., 1] <= found[..., 2]).all()


def test_what_the_picture_repeats_costs_nothing_and_the_odd_one_out_the_most():
    pictures = tokens(batch=1)[:, :1].expand(1, 24, -1).clone()
    pictures[0, 9] = tokens(seed=1, batch=1)[0, 0]
    found = self_costs(pictures, GRID, (1, 4))
    usual = [cell for cell in range(24) if cell != 9]
    assert float(found[0, usual, 0].max()) < 1e-5
    assert float(found[0, 9].min()) > 0.1


def test_pictures_do_not_see_each_other():
    together = self_costs(tokens(), GRID, (2,))
    alone = self_costs(tokens()[:1], GRID, (2,))
    torch.testing.assert_close(together[:1], alone)


def test_reduced_precision_comes_back_as_float32():
    found = self_costs(tokens().bfloat16(), GRID, (1, 1000))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, self_costs(tokens(), GRID, (1, 1000)), atol=0.02, rtol=0)


def test_gradient_reaches_the_tokens():
    pictures = tokens(batch=1).double().requires_grad_()
    self_costs(pictures, GRID, (2, 1000)).sum().backward()
    assert pictures.grad.isfinite().all()
    assert float(pictures.grad.abs().sum()) > 0


@pytest.mark.parametrize(("neighbours", "stride"), [((), 1), ((0,), 1), ((1,), 9)])
def test_nothing_to_compare_with_is_refused(neighbours, stride):
    with pytest.raises(ValueError, match="self_costs needs"):
        self_costs(tokens(), GRID, neighbours, stride=stride)


def test_a_grid_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="tokens has shape"):
        self_costs(tokens(), (5, 5), (1,))
