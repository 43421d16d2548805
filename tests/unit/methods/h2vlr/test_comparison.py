"""Queries against the gallery: costs, matches, neighbours, and every evidence channel."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.h2vlr.comparison import (
    channels,
    compare,
    narrowed,
    nearest_rows,
    visual_map,
)
from adapp.methods.h2vlr.gallery import make_gallery, structure_tokens
from adapp.methods.h2vlr.presets import PAPER, TINY
from adapp.methods.h2vlr.spread import unexplained
from adapp.ops.maps import calibrate_cost
from adapp.ops.similarity import join_stages, unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import CELLS, GRID, joint_tokens

WIDTH = 16
ODD = 14


def taps(count, noise=0.3, odd=None):
    """Return taps of one part, [2, count, N, WIDTH]; ``odd`` replaces that cell."""
    looks = torch.randn(2, 1, CELLS, WIDTH, generator=torch.Generator().manual_seed(3))
    tokens = looks + noise * torch.randn(2, count, CELLS, WIDTH)
    if odd is not None:
        tokens[:, :, odd] = torch.randn(2, count, WIDTH)
    return unit_norm(tokens)


EXACT = replace(TINY, gallery=replace(TINY.gallery, search_width=0))


@pytest.fixture
def parts():
    """Return gallery, normal query and query with an odd cell."""
    gallery = make_gallery(join_stages(taps(3)), GRID, EXACT)
    return gallery, join_stages(taps(1)), join_stages(taps(1, odd=ODD))


def test_the_nearest_normal_patch_is_found(parts):
    gallery, query, _ = parts
    found = compare(gallery, query, None, TINY)
    cost = 1 - query[0] @ gallery.tokens.T
    assert torch.equal(found.rows[0], cost.argmin(dim=1))
    assert_same(found.cost[0], cost.amin(dim=1))


def test_reduced_precision_finds_a_patch_almost_as_near(parts):
    gallery, query, _ = parts
    small = replace(gallery, bank=gallery.bank.bfloat16())
    rows = nearest_rows(small, query, narrowed(small, query))
    best = (1 - query[0] @ gallery.tokens.T).amin(dim=1)
    own = 1 - (query[0] * gallery.tokens[rows[0]]).sum(dim=1)
    assert float((own - best).max()) < 0.01
    likeness = [compare(g, query, None, TINY).likeness for g in (gallery, small)]
    assert float((likeness[0] - likeness[1]).abs().max()) < 0.01


def test_a_narrowed_search_finds_a_patch_almost_as_near():
    support, query = join_stages(taps(3)), join_stages(taps(1))
    narrow = replace(TINY, gallery=replace(TINY.gallery, search_width=28))
    exact, near = (make_gallery(support, GRID, config) for config in (EXACT, narrow))
    costs = [compare(gallery, query, None, TINY).cost for gallery in (exact, near)]
    assert bool((costs[1] >= costs[0] - 1e-6).all())
    assert float((costs[1] - costs[0]).mean()) < 0.01


def test_what_is_left_unexplained_is_that_of_the_support():
    support, query = join_stages(taps(3)), join_stages(taps(1, odd=ODD))
    for dtype, bound in ((torch.float32, 1e-5), (torch.bfloat16, 0.01)):
        gallery = make_gallery(support, GRID, EXACT, search_dtype=dtype)
        expected = unexplained(query, gallery.centre, gallery.basis)
        column = channels(TINY).index("unexplained")
        found = compare(gallery, query, None, EXACT).evidence[..., column].exp()
        assert float((found * gallery.unexplained - expected).abs().max()) < bound


def test_separate_taps_average_their_own_nearest_costs():
    config = replace(PAPER, gallery=replace(PAPER.gallery, stages=(0, 1)))
    support, query = taps(2), taps(1)
    gallery = make_gallery(join_stages(support), GRID, config)
    joint = joint_tokens(1)
    found = compare(gallery, join_stages(query), joint, config)
    per_tap = [1 - query[t, 0] @ support[t].reshape(-1, WIDTH).T for t in range(2)]
    expected = torch.stack([cost.amin(dim=1) for cost in per_tap]).mean(dim=0)
    assert_same(found.cost[0], expected)
    assert found.evidence.shape == (1, CELLS, 0)


def test_structural_neighbours_come_from_where_the_preset_says(parts):
    gallery, query, _ = parts
    joint = joint_tokens(1, stages=2)
    visual = compare(gallery, query, joint, TINY)
    in_joint = replace(TINY, graph=replace(TINY.graph, structure="joint"))
    other = compare(gallery, query, joint, in_joint)
    own = structure_tokens(query, TINY)[0]
    likeness = own @ own.T - 9 * torch.eye(CELLS)
    assert torch.equal(visual.members[0], likeness.topk(8, dim=1).indices)
    assert_same(visual.likeness[0], likeness.topk(8, dim=1).values)
    mean = torch.einsum("sbnj,sbmj->nm", joint, joint) / 2 - 9 * torch.eye(CELLS)
    assert torch.equal(other.members[0], mean.topk(8, dim=1).indices)
    with pytest.raises(ValueError, match="give the joint tokens"):
        compare(gallery, query, None, in_joint)


def test_an_odd_patch_stands_out_in_every_channel_that_should_say_so(parts):
    gallery, query, odd = parts
    names = channels(TINY)
    assert names == (
        "cost",
        "cost_tap_0",
        "cost_tap_1",
        "local",
        "rarity",
        "relative_rarity",
        "shift",
        "unexplained",
        "single",
    )
    values = compare(gallery, odd, None, TINY).evidence[0]
    normal = compare(gallery, query, None, TINY).evidence[0]
    for name in ("cost", "cost_tap_0", "cost_tap_1", "local", "unexplained"):
        column = names.index(name)
        others = torch.cat([values[:ODD, column], values[ODD + 1 :, column]])
        assert float(values[ODD, column]) > float(others.max()), name
        assert float(normal[:, column].max()) < float(values[ODD, column]), name
    assert bool(values.isfinite().all())


def test_cost_channels_are_ratios_to_the_supports_own_spread(parts):
    gallery, query, _ = parts
    found = compare(gallery, query, None, TINY)
    assert_same(found.evidence[..., 0], (found.cost / gallery.spread).log())
    wider = replace(gallery, spread=2 * gallery.spread)
    moved = compare(wider, query, None, TINY)
    change = moved.evidence[..., 0] - found.evidence[..., 0]
    assert_same(change, torch.full_like(found.cost, -torch.tensor(2.0).log().item()))


def test_a_single_support_is_told():
    gallery = make_gallery(join_stages(taps(1)), GRID, TINY)
    assert float(compare(gallery, join_stages(taps(1)), None, TINY).evidence[..., -1].min()) == 1.0


def test_the_visual_map_is_calibrated_or_half_the_cost(parts):
    gallery, query, _ = parts
    cost = compare(gallery, query, None, TINY).cost
    assert_same(visual_map(cost, gallery, PAPER), cost / 2)
    steep = TINY.gallery.steepness
    assert_same(visual_map(cost, gallery, TINY), calibrate_cost(cost, gallery.spread, steep))
    at_spread = torch.full((1, 1), gallery.spread)
    assert float(visual_map(at_spread, gallery, TINY)) == pytest.approx(0.5)
