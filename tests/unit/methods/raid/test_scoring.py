"""Grid maps: the base from the nearest cost, the fused one from the filter and the base."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.raid.config import VARIANTS
from adapp.methods.raid.database import Retrieval
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.presets import TINY
from adapp.methods.raid.scoring import filter_maps
from adapp.ops.maps import calibrate_cost
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same

GRID = (6, 7)
CELLS = GRID[0] * GRID[1]
SPREAD = torch.tensor([0.2, 0.3])
AUTOCAST_DIFFERENCE = 0.02
"""Bound on what bfloat16 in the filter changes in a map, in [0, 1]."""


def case(neighbours=8, width=TINY.filter.token_width):
    tokens = unit_norm(torch.randn(2, CELLS, width))
    found = [
        Retrieval(
            costs=(0.6 * torch.rand(CELLS, neighbours)).sort(dim=1).values,
            rows=torch.zeros(CELLS, neighbours, dtype=torch.long),
            prototypes=unit_norm(torch.randn(CELLS, width)),
        )
        for _ in range(2)
    ]
    return tokens, found


def network(variant="full"):
    torch.manual_seed(5)
    made = RaidFilter(TINY.filter, variant, TINY.steepness).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made


def test_without_a_filter_the_fused_map_is_the_base_map():
    tokens, found = case()
    maps = filter_maps(None, tokens, found, SPREAD, GRID, TINY)
    assert maps.base.shape == (2, 1, *GRID)
    assert torch.equal(maps.fused, maps.base)
    for position in range(2):
        nearest = found[position].costs[:, 0].reshape(GRID)
        expected = calibrate_cost(nearest, float(SPREAD[position]), TINY.steepness)
        assert_same(maps.base[position, 0], expected)


@pytest.mark.parametrize("add", [True, False])
def test_the_nearest_cost_joins_the_filters_map_if_asked(add):
    config = replace(TINY, add_nn_residual=add, nn_weight=0.25)
    tokens, found = case()
    filtered, made = filter_maps(network(), tokens, found, SPREAD, GRID, config), network()
    own = made(
        tokens.reshape(2, *GRID, -1),
        torch.stack([one.prototypes for one in found]).reshape(2, *GRID, -1),
        torch.stack([one.costs for one in found]).reshape(2, *GRID, -1),
        SPREAD,
    ).maps.detach()
    expected = 0.75 * own + 0.25 * filtered.base if add else own
    assert_same(filtered.fused, expected)
    assert not torch.allclose(filtered.fused, filtered.base, atol=1e-3)


@pytest.mark.parametrize("score_weight", [0.25, 0.85])
def test_the_score_is_the_mean_of_the_highest_cells_under_its_own_weight(score_weight):
    config = replace(TINY, top_percent=5.0, nn_weight=0.25, score_nn_weight=score_weight)
    tokens, found = case()
    maps = filter_maps(network(), tokens, found, SPREAD, GRID, config)
    own = filter_maps(network(), tokens, found, SPREAD, GRID, replace(TINY, add_nn_residual=False))
    scored = (1 - score_weight) * own.fused + score_weight * maps.base
    assert_same(maps.scores, scored.flatten(1).topk(2, dim=1).values.mean(dim=1))  # 5 % of 42
    if score_weight == config.nn_weight:
        assert_same(scored, maps.fused)


def test_without_the_nearest_cost_the_filters_map_alone_is_scored():
    config = replace(TINY, top_percent=5.0, add_nn_residual=False, score_nn_weight=0.85)
    tokens, found = case()
    maps = filter_maps(network(), tokens, found, SPREAD, GRID, config)
    assert_same(maps.scores, maps.fused.flatten(1).topk(2, dim=1).values.mean(dim=1))


def test_more_neighbours_than_the_filter_knows_are_cut():
    tokens, found = case(neighbours=12)
    cut = [replace(one, costs=one.costs[:, :8], rows=one.rows[:, :8]) for one in found]
    assert_same(
        filter_maps(network(), tokens, found, SPREAD, GRID, TINY).fused,
        filter_maps(network(), tokens, cut, SPREAD, GRID, TINY).fused,
    )


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_bfloat16_in_the_filter_moves_no_map_by_more_than_stated(variant):
    tokens, found = case()
    exact = filter_maps(network(variant), tokens, found, SPREAD, GRID, TINY)
    config = replace(TINY, autocast=True)
    reduced = filter_maps(network(variant), tokens, found, SPREAD, GRID, config)
    difference = (exact.fused - reduced.fused).abs().max()
    assert 0 < float(difference) < AUTOCAST_DIFFERENCE
    assert reduced.fused.dtype == torch.float32
    assert torch.equal(reduced.base, exact.base)


def test_no_graph_is_kept():
    tokens, found = case()
    made = network().requires_grad_(requires_grad=True)
    assert not filter_maps(made, tokens, found, SPREAD, GRID, TINY).fused.requires_grad
