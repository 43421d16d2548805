"""Templates: turned copies lead back to the upright picture, and the spread leaves each one out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adapp.backbones.factory import create
from adapp.methods.raid.database import make_category, retrieve
from adapp.methods.raid.presets import TINY
from adapp.methods.raid.templates import (
    PROBED,
    TURN_GAIN,
    VIEWS,
    build_category,
    encode,
    encode_templates,
    grown,
    lie_in_any_orientation,
    with_spread,
)
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.raid.planted import ColourBackbone, Counting, pictures, planted, some

COLOURS = replace(TINY, stages=(0,))
NEVER = replace(TINY, database=replace(TINY.database, rotations="never"))
ALWAYS = replace(TINY, database=replace(TINY.database, rotations="always"))


@pytest.fixture(scope="module")
def backbone():
    return create("tiny", "raid", dtype="float32")


def colourful(count, side, seed):
    """Return pictures in which every pixel has its own colour."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def colour(pixel):
    return unit_norm(torch.tensor([*(float(value) for value in pixel), 64.0]))


@settings(max_examples=25, deadline=None)
@given(side=st.integers(2, 6), count=st.integers(1, 3), seed=st.integers(0, 1000))
def test_every_token_leads_back_to_its_upright_cell(side, count, seed):
    images = colourful(count, side, seed)
    templates = encode_templates(images, ColourBackbone(side), COLOURS, turned=True)
    assert templates.turns.tolist() == [turn for turn in range(4) for _ in range(count)]
    entry = make_category("part", templates, COLOURS.database, normal_cost=1.0, seed=0)
    for token, (picture, row, column, _) in zip(entry.tokens, entry.source.tolist(), strict=True):
        assert_same(token, colour(images[picture][row, column]))
    for turn in range(4):  # each copy shows every cell of its picture once
        places = entry.source[entry.source[:, 3] == turn][:, :3].tolist()
        assert len({tuple(place) for place in places}) == count * side * side


def test_a_copy_is_turned_counter_clockwise():
    image = colourful(1, 3, seed=0)
    templates = encode_templates(image, ColourBackbone(3), COLOURS, turned=True)
    once = templates.tokens[1].reshape(3, 3, -1)
    assert_same(once[0, 0], colour(image[0][0, 2]))  # the top right corner comes to the top left
    assert_same(once[2, 0], colour(image[0][0, 0]))


def test_pictures_are_read_once_and_kept_in_order():
    images = colourful(19, 3, seed=0)  # more than two chunks
    backbone = ColourBackbone(3)
    tokens, pooled, grid = encode(iter(images), backbone, (0,))
    assert backbone.encoded == 19
    assert tokens.shape == (19, 9, 4)
    assert pooled.shape == (19, 4)
    assert grid == (3, 3)
    for number in (0, 8, 18):
        assert_same(tokens[number, 4], colour(images[number][1, 1]))


def posed(count, quarter_turns, seed=0):
    """Return pictures of a part without symmetry, turned as listed."""
    turned = zip(pictures(count, seed), quarter_turns, strict=True)
    return [np.ascontiguousarray(np.rot90(picture, turn)) for picture, turn in turned]


def any_orientation(images, backbone):
    return lie_in_any_orientation(encode_templates(images, backbone, TINY, turned=True))


@pytest.mark.parametrize("seed", range(3))
def test_parts_laid_down_in_any_quarter_turn_are_recognised(backbone, seed):
    turns = np.random.default_rng(seed).permutation(4)
    assert any_orientation(posed(4, turns, seed), backbone)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [2, 4, 7])
def test_parts_in_a_fixed_pose_are_recognised(backbone, count, seed):
    assert not any_orientation(posed(count, [0] * count, seed), backbone)


def test_a_single_support_tells_nothing(backbone):
    assert not any_orientation(posed(1, [0]), backbone)


def test_turned_copies_are_added_where_the_supports_ask_for_them(backbone):
    loose, _ = build_category("part", posed(4, [0, 1, 2, 3]), backbone, TINY, seed=0)
    fixed, _ = build_category("part", posed(4, [0] * 4), backbone, TINY, seed=0)
    assert loose.rotated
    assert not fixed.rotated
    assert len(loose.tokens) == 4 * len(fixed.tokens)
    assert loose.pictures == fixed.pictures == 4


def test_a_sample_decides_for_many_supports(backbone):
    images = posed(10, [0, 1, 2, 3, 1, 2, 3, 0, 1, 2])
    entry, _ = build_category("part", images, backbone, TINY, seed=0)
    assert entry.rotated
    assert len(entry.tokens) == 4 * 10 * 64
    places = {tuple(place) for place in entry.source[:, [0, 3]].tolist()}
    assert places == {(picture, turn) for picture in range(10) for turn in range(4)}


@pytest.mark.parametrize(("mode", "copies"), [("never", 1), ("always", 4)])
def test_the_mode_overrules_the_supports(backbone, mode, copies):
    config = replace(TINY, database=replace(TINY.database, rotations=mode))
    for turns in ([0, 0], [0, 1]):
        entry, _ = build_category("part", posed(2, turns), backbone, config, seed=0)
        assert len(entry.tokens) == 2 * copies * 64


def test_turned_copies_match_a_turned_query_better(backbone):
    upright, _ = build_category("part", posed(3, [0] * 3), backbone, NEVER, seed=0)
    turned, _ = build_category("part", posed(3, [0] * 3), backbone, ALWAYS, seed=0)
    query, _, _ = encode(posed(1, [1], seed=9), backbone, TINY.stages)
    cost = [retrieve(e, query[0], TINY.database).costs[:, 0].mean() for e in (upright, turned)]
    assert float(cost[1]) < 0.7 * float(cost[0])
    assert TURN_GAIN == 1.0


# --- the supports' own spread ----------------------------------------------------------------


def planted_category(count):
    return make_category("part", planted(count), NEVER.database, normal_cost=1.0, seed=0)


def test_the_spread_is_a_quantile_of_what_the_supports_find_among_the_others():
    config = replace(NEVER, normal_quantile=0.9)
    entry, probes = with_spread(planted_category(4), [], None, config)
    assert len(probes) == 4
    costs = []
    for picture, probe in enumerate(probes):
        assert torch.equal(probe.tokens, planted(4).tokens[picture])
        assert not bool((entry.source[probe.found.rows, 0] == picture).any())
        others = torch.cat([planted(4).tokens[other] for other in range(4) if other != picture])
        costs.append(1 - (probe.tokens @ others.T).amax(dim=1))
        assert_same(probe.found.costs[:, 0], costs[-1])
    assert entry.normal_cost == pytest.approx(float(torch.cat(costs).quantile(0.9)), rel=1e-4)


def test_noisier_supports_have_a_wider_spread():
    spreads = []
    for noise in (0.1, 0.3, 0.9):
        category = make_category(
            "part", planted(4, noise=noise), NEVER.database, normal_cost=1.0, seed=0
        )
        spreads.append(with_spread(category, [], None, NEVER)[0].normal_cost)
    assert spreads == sorted(spreads)
    assert spreads[0] < spreads[2] / 3


def test_at_most_sixteen_supports_are_scored():
    entry, probes = with_spread(planted_category(PROBED + 5), [], None, NEVER)
    assert len(probes) == PROBED == 16
    assert entry.pictures == PROBED + 5


def test_mild_views_stand_in_for_a_second_picture(backbone):
    image = pictures(1)
    entry, probes = build_category("part", image, backbone, NEVER, seed=0)
    assert len(probes) == VIEWS
    widened = replace(NEVER, single_inflation=2 * NEVER.single_inflation)
    wider, _ = build_category("part", image, backbone, widened, seed=0)
    assert wider.normal_cost == pytest.approx(2 * entry.normal_cost)
    own = torch.cat([probe.found.costs[:, 0] for probe in probes])
    expected = float(own.quantile(NEVER.normal_quantile)) * NEVER.single_inflation
    assert entry.normal_cost == pytest.approx(expected)


def test_identical_supports_keep_a_positive_spread(backbone):
    entry, _ = build_category("part", pictures(1) * 3, backbone, NEVER, seed=0)
    assert entry.normal_cost == 1e-3


# --- growth ----------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [NEVER, ALWAYS], ids=["upright", "turned"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_growth_equals_a_category_built_at_once(backbone, count, config):
    images = pictures(count + 1)
    entry, probes = build_category("part", images[:count], backbone, config, seed=0)
    turned = config is ALWAYS
    counting = Counting(backbone)
    added = encode_templates(images[count:], counting, config, turned=turned)
    larger, more = grown(entry, probes, added, config)
    rebuilt, expected = build_category("part", images, backbone, config, seed=0)
    assert counting.encoded == (4 if turned else 1)
    assert larger.normal_cost == pytest.approx(rebuilt.normal_cost, rel=1e-4)
    assert larger.pictures == rebuilt.pictures == count + 1
    order = [
        sorted(range(len(e.source)), key=e.source.tolist().__getitem__) for e in (larger, rebuilt)
    ]
    assert torch.equal(larger.source[order[0]], rebuilt.source[order[1]])
    assert_same(larger.tokens[order[0]], rebuilt.tokens[order[1]])
    assert len(more) == len(expected) == count + 1
    for probe, other in zip(more, expected, strict=True):
        assert_same(probe.tokens, other.tokens)
        assert_same(probe.found.costs, other.found.costs)


@pytest.mark.parametrize("count", [PROBED - 1, PROBED])
def test_growth_beyond_sixteen_adds_no_probe(count):
    everything = planted(count + 1)
    first = make_category(
        "part", some(everything, 0, count), NEVER.database, normal_cost=1.0, seed=0
    )
    entry, probes = with_spread(first, [], None, NEVER)
    larger, more = grown(entry, probes, some(everything, count), NEVER)
    assert len(more) == PROBED
    assert larger.pictures == count + 1
    whole = make_category("part", everything, NEVER.database, normal_cost=1.0, seed=0)
    rebuilt, expected = with_spread(whole, [], None, NEVER)
    assert larger.normal_cost == pytest.approx(rebuilt.normal_cost, rel=1e-4)
    for probe, other in zip(more, expected, strict=True):
        assert_same(probe.found.costs, other.found.costs)


def test_growth_from_very_few_tokens_repeats_none():
    config = replace(NEVER, database=replace(NEVER.database, neighbours=30))
    everything = planted(4, grid=(3, 4))  # 12 tokens a picture: 24 others, fewer than neighbours
    first = make_category("part", some(everything, 0, 3), config.database, normal_cost=1.0, seed=0)
    entry, probes = with_spread(first, [], None, config)
    _, more = grown(entry, probes, some(everything, 3), config)
    for probe in more:
        assert all(len(set(row)) == 30 for row in probe.found.rows.tolist())
