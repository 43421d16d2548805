"""The support gallery: what it holds, and what the support says about its own spread."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.h2vlr.gallery import (
    make_gallery,
    search_bank,
    sources,
    structure_tokens,
    widened,
)
from adapp.methods.h2vlr.presets import TINY
from adapp.methods.h2vlr.spread import (
    cell_distance,
    held_out_residual,
    left_out,
    matched_costs,
    principal_directions,
    quantile,
    rarity,
    tap_costs,
    unexplained,
)
from adapp.ops.similarity import join_stages, unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import CELLS, GRID

WIDTH = 24


def support(count, noise=0.3, width=WIDTH):
    """Return two joined taps of pictures whose cells each have their own look, [k, N, W]."""
    looks = torch.randn(2, 1, CELLS, width // 2)
    return join_stages(unit_norm(looks + noise * torch.randn(2, count, CELLS, width // 2)))


def test_the_gallery_holds_every_patch_and_where_it_came_from():
    tokens = support(3)
    gallery = make_gallery(tokens, GRID, TINY)
    assert_same(gallery.tokens, tokens.reshape(-1, WIDTH))
    assert gallery.pictures == 3
    assert not gallery.rotated
    source = gallery.source[CELLS + 7]
    assert source.tolist() == [1, 7 // GRID[1], 7 % GRID[1], 0]


def test_turned_copies_point_to_the_upright_picture():
    looks = torch.randn(*GRID, WIDTH)
    views = [unit_norm(torch.rot90(looks, turn)).reshape(1, CELLS, WIDTH) for turn in range(4)]
    gallery = make_gallery(views[0], GRID, TINY, turned=views[1:])
    assert gallery.rotated
    upright = gallery.source[:, 1] * GRID[1] + gallery.source[:, 2]
    assert_same(gallery.tokens, views[0][0][upright])
    assert_same(gallery.left_out, gallery.left_out[:CELLS][upright])
    assert sources(4, 2, GRID).shape == (8 * CELLS, 4)


def test_patches_that_may_be_anomalous_stay_out():
    tokens = support(2)
    usable = torch.ones(2, CELLS, dtype=torch.bool)
    usable[0, :5] = False
    gallery = make_gallery(tokens, GRID, TINY, usable=usable)
    assert len(gallery.tokens) == 2 * CELLS - 5
    assert gallery.place[0] == 5
    assert_same(gallery.tokens, tokens.reshape(-1, WIDTH)[gallery.place])
    with pytest.raises(ValueError, match="at least one normal patch"):
        make_gallery(tokens, GRID, TINY, usable=torch.zeros_like(usable))


def test_left_out_costs_are_those_of_the_other_pictures():
    tokens = support(3)
    found = left_out(tokens[None], GRID, 2, None).cost.view(3, CELLS)
    for picture in range(3):
        others = tokens[[p for p in range(3) if p != picture]].reshape(-1, WIDTH)
        expected = (1 - tokens[picture] @ others.T).amin(dim=1)
        assert_same(found[picture], expected)


def test_a_single_picture_is_compared_with_itself_beyond_its_surroundings():
    tokens = support(1)
    tokens[0, 1] = tokens[0, 0]  # next to each other: does not count
    tokens[0, 35] = tokens[0, 3]  # far apart: counts
    found = left_out(tokens[None], GRID, 2, None)
    assert float(found.cost[0]) > 0.1
    assert float(found.cost[3]) == pytest.approx(0.0, abs=1e-6)
    assert float(found.shift[3]) == pytest.approx((5**2 + 2**2) ** 0.5)


def test_the_spread_grows_with_the_differences_of_the_support():
    calm, varied = (make_gallery(support(4, noise), GRID, TINY) for noise in (0.1, 0.8))
    assert varied.spread > 2 * calm.spread
    assert varied.unexplained > calm.unexplained
    assert bool((varied.tap_spread > calm.tap_spread).all())


def test_one_picture_inflates_its_spread():
    config = replace(TINY, gallery=replace(TINY.gallery, single_inflation=1.0))
    tokens = support(1)
    plain, inflated = (make_gallery(tokens, GRID, c).spread for c in (config, TINY))
    assert inflated == pytest.approx(plain * TINY.gallery.single_inflation)
    cost = left_out(tokens[None], GRID, 2, None).cost
    assert plain == pytest.approx(quantile(cost, TINY.gallery.single_quantile))


def test_views_of_a_single_picture_widen_its_spread_and_never_narrow_it():
    tokens = support(1)
    made = make_gallery(tokens, GRID, TINY)
    gallery = replace(made, spread=0.1, tap_spread=torch.full_like(made.tap_spread, 0.1))
    looks = tokens.view(1, CELLS, 2, -1)
    moved = join_stages(unit_norm(looks + 2 * torch.randn_like(looks)).permute(2, 0, 1, 3))
    wider = widened(gallery, moved, TINY)
    cost = (1 - moved[0] @ gallery.tokens.T).amin(dim=1)
    assert wider.spread == pytest.approx(1.2 * quantile(cost, 0.995), rel=1e-4)
    assert wider.spread > gallery.spread
    assert bool((wider.tap_spread >= gallery.tap_spread).all())
    same = widened(gallery, tokens, TINY)
    assert same.spread == gallery.spread


def test_the_same_search_in_reduced_precision():
    tokens = support(3)
    exact, reduced = (
        left_out(tokens[None], GRID, 2, None, dtype) for dtype in (torch.float32, torch.bfloat16)
    )
    assert float((exact.cost - reduced.cost).abs().max()) < 0.01


def test_without_a_picture_the_others_remain_and_the_spread_stays():
    tokens = support(3)
    gallery = make_gallery(tokens, GRID, TINY)
    left = gallery.without(1)
    assert_same(left.tokens, tokens[[0, 2]].reshape(-1, WIDTH))
    assert left.spread == gallery.spread
    assert set(left.source[:, 0].tolist()) == {0, 2}
    assert_same(left.bank, search_bank(left.tokens, left.centre, left.basis, torch.float32))
    with pytest.raises(ValueError, match="nothing left"):
        make_gallery(support(1), GRID, TINY).without(0)


def test_main_directions_explain_what_lies_in_them():
    basis = torch.linalg.qr(torch.randn(WIDTH, 3)).Q
    tokens = torch.randn(200, 3) @ basis.T + 0.5
    centre, found = principal_directions(tokens, 3)
    assert_same(found.T @ found, torch.eye(3))
    assert float(unexplained(tokens, centre, found).max()) < 1e-4
    odd = tokens + torch.randn(200, WIDTH)
    assert float(unexplained(odd, centre, found).min()) > 1.0
    again = principal_directions(tokens, 3)[1]
    assert torch.equal(found, again)
    along = ((tokens - centre) @ found).square().sum(dim=0)
    assert bool((along.diff() <= 0).all())


def test_a_narrowed_bank_lies_along_the_main_directions():
    tokens = support(2)
    narrow = make_gallery(tokens, GRID, TINY)
    assert narrow.bank.shape == (2 * CELLS, narrow.basis.shape[1])
    exact = replace(TINY, gallery=replace(TINY.gallery, search_width=0))
    assert make_gallery(tokens, GRID, exact).bank.shape == (2 * CELLS, WIDTH)


def test_one_tap_or_all_of_them_compare_the_patches_of_a_picture():
    tokens = support(2)
    own = structure_tokens(tokens, TINY)
    assert_same(own, tokens[..., : WIDTH // 2] * 2**0.5)
    assert_same(own.norm(dim=-1), torch.ones(2, CELLS))
    joined = replace(TINY, graph=replace(TINY.graph, structure_tap=None))
    assert structure_tokens(tokens, joined) is tokens


def test_more_directions_than_patches_are_not_made():
    _, basis = principal_directions(torch.randn(5, WIDTH), 64)
    assert basis.shape == (WIDTH, 4)


def test_what_one_half_leaves_of_the_other_is_more_than_it_leaves_of_itself():
    tokens = support(2, noise=0.5)
    centre, basis = principal_directions(tokens.reshape(-1, WIDTH), 8)
    inside = unexplained(tokens.reshape(-1, WIDTH), centre, basis)
    assert float(held_out_residual(tokens, None, 8).mean()) > float(inside.mean())
    lonely = torch.zeros(2, CELLS, dtype=torch.bool)
    lonely[0, 0] = True
    assert held_out_residual(tokens, lonely, 8).tolist() == [1.0]


def test_costs_of_matched_rows_are_those_of_the_pairs():
    bank, tokens = unit_norm(torch.randn(7, 12)), unit_norm(torch.randn(2, 4, 12))
    rows = torch.randint(0, 7, (2, 4))
    before = bank.clone(), tokens.clone()
    assert_same(matched_costs(tokens, bank, rows, 3), tap_costs(tokens, bank[rows], 3))
    assert torch.equal(bank, before[0])
    assert torch.equal(tokens, before[1])


def test_small_pieces():
    assert_same(cell_distance(torch.tensor([0, 7]), torch.tensor([7, 7]), 6), [2**0.5, 0.0])
    assert_same(rarity(torch.tensor([[[0.9, 0.7]]])), torch.tensor([[0.2]]))
    one, other = unit_norm(torch.randn(2, 4, 8)), unit_norm(torch.randn(2, 4, 8))
    joined = [torch.cat([unit_norm(t), unit_norm(t.flip(-1))], -1) / 2**0.5 for t in (one, other)]
    expected = 1 - (one * other).sum(-1)
    assert_same(tap_costs(*joined, 2), torch.stack([expected, expected], -1))
    assert quantile(torch.arange(1000.0), 0.995) == pytest.approx(994, abs=1)
    assert quantile(torch.tensor([3.0]), 0.995) == 3.0
