"""Equations 5 to 7, the limit's gradient, and what each step of the ladder adds."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.h2vlr.comparison import channels
from adapp.methods.h2vlr.encoding import Tokens
from adapp.methods.h2vlr.model import H2vlrNetwork, spread_out
from adapp.methods.h2vlr.presets import PAPER
from adapp.methods.h2vlr.reasoning import (
    REASONING,
    base_maps,
    enlarged,
    fused_map,
    limited,
    readings_of,
    reason,
    residual_of,
    spoken_by,
    spoken_of,
)
from adapp.methods.h2vlr.semantics import Direction
from adapp.ops.hypergraph import structural_members
from adapp.ops.maps import top_percent_score
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import (
    CELLS,
    GRID,
    JOINT,
    built,
    joint_tokens,
    our_form,
    paper_form,
    semantics,
    tiny_space,
)


def said(config, variant, network=None, batch=2):
    stages = len(config.induction.stages)
    prompts, joint = semantics(stages), joint_tokens(batch, stages)
    direction = Direction(torch.randn(stages, JOINT), torch.tensor(0.5))
    direction = direction if config.graph.direction else None
    matched = torch.randn(1 + (direction is not None), batch, CELLS)
    spoken = spoken_of(joint, prompts, direction, graph=variant in REASONING)
    visual = torch.rand(batch, CELLS)
    maps = base_maps(spoken.readings, visual, matched, prompts.temperature, config)
    members = structural_members(torch.rand(batch, CELLS, CELLS), 8)
    evidence = torch.randn(batch, CELLS, len(channels(config)))
    return reason(network, variant, joint, spoken.affinity, members, evidence, maps, GRID, config)


def test_the_base_map_is_the_weighted_mean_of_its_two_halves():
    config = replace(paper_form(), text_weight=0.3)
    maps = said(config, "sab").maps
    assert_same(maps.base, 0.3 * maps.text + 0.7 * maps.visual)
    assert_same(maps.text, torch.sigmoid(maps.readings[0]))
    assert 0 <= float(maps.base.min()) <= float(maps.base.max()) <= 1


def test_an_anchored_text_map_uses_what_is_left_after_forgiveness():
    maps = said(our_form(), "dsi").maps
    assert_same(maps.text, torch.sigmoid(maps.readings[1]))
    assert bool((maps.readings[1] <= maps.readings[0]).all())
    static = said(our_form().static(), "sab").maps
    assert_same(static.text, torch.sigmoid(static.readings[0]))


def test_the_residual_fills_its_range_and_is_zero_at_the_boundary():
    extremes = residual_of(torch.tensor([0.0, 0.5, 1.0]), PAPER)
    assert extremes.tolist() == [-1.0, 0.0, 1.0]


def test_the_fused_map_is_equation_7():
    base, hypergraph = torch.rand(2, CELLS), torch.rand(2, CELLS)
    found = fused_map(base, hypergraph, GRID, 1, PAPER)
    assert_same(found, (base + 0.4 * 2 * (hypergraph - 0.5)).clamp(0, 1))
    assert 0 <= float(found.min()) <= float(found.max()) <= 1


def test_eta_zero_is_the_base_map_bit_for_bit():
    base = torch.rand(2, CELLS)
    silent = replace(PAPER, residual_weight=0.0)
    assert torch.equal(fused_map(base, torch.rand(2, CELLS), GRID, 1, silent), base)


def test_training_and_inspection_fuse_alike():
    base, hypergraph = torch.rand(2, CELLS), torch.rand(2, CELLS)
    learning = fused_map(base, hypergraph.clone().requires_grad_(), GRID, 2, PAPER)
    assert_same(learning.detach(), fused_map(base, hypergraph, GRID, 2, PAPER))


def test_the_limit_lets_gradients_lead_back_and_never_further_out():
    values = torch.tensor([-0.5, -0.5, 0.5, 1.5, 1.5], requires_grad=True)
    upstream = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0])
    limited(values).backward(upstream)
    assert limited(values.detach()).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert values.grad.tolist() == [0.0, -1.0, 1.0, 1.0, 0.0]


def test_a_map_is_enlarged_bilinearly_and_stays_when_not_asked():
    values = torch.rand(2, CELLS)
    assert enlarged(values, GRID, 1) is values
    assert enlarged(values, GRID, 4).shape == (2, 16 * CELLS)
    flat = torch.full((1, CELLS), 0.3)
    assert_same(enlarged(flat, GRID, 4), torch.full((1, 16 * CELLS), 0.3))


@pytest.mark.parametrize("variant", ["sab", "dsi"])
def test_the_first_steps_make_no_hypergraph(variant):
    cells = said(our_form(), variant)
    assert cells.graph is None
    assert cells.hypergraph is None
    assert_same(cells.scores, top_percent_score(cells.maps.base, 1.0))


def test_sghm_spreads_the_base_map_without_parameters():
    config = our_form()
    cells = said(config, "sghm", built(config))
    assert_same(cells.hypergraph, spread_out(cells.maps.base, cells.graph, 0.5))
    assert cells.node_logits is None
    assert_same(cells.scores, top_percent_score(cells.maps.base, 1.0))  # ranks as the base map


def test_a_learned_direction_is_read_beside_the_centres_and_against_the_match():
    joint, prompts = joint_tokens(2, 3), semantics(3)
    direction = Direction(torch.randn(3, JOINT), torch.tensor(0.5))
    found = readings_of(joint, prompts, direction)
    expected = sum(joint[s] @ direction.slope[s] for s in range(3)) + 0.5
    assert_same(found[1], expected)
    assert readings_of(joint, prompts, None).shape[0] == 1
    matched = torch.randn(2, 2, CELLS)
    maps = base_maps(found, torch.rand(2, CELLS), matched, prompts.temperature, our_form())
    assert_same(maps.readings[2], found[1])
    assert_same(maps.readings[3], found[1] - matched[1])
    plain = base_maps(found[:1], maps.visual, matched[:1], prompts.temperature, our_form())
    assert_same(plain.base, maps.base)  # evidence only: no map is made of it


@pytest.mark.parametrize("graph", [True, False])
def test_encoded_patches_are_read_as_projected_ones(graph):
    space = tiny_space()
    prompts = semantics(4, joint=space.width)
    compared = unit_norm(torch.randn(4, 2, CELLS, space.width))
    tokens = Tokens(compared[0], compared, (0, 1, 2, 3), compared[0, :, 0], GRID, space)
    found = spoken_by(tokens, prompts, graph=graph)
    expected = spoken_of(tokens.joint, prompts, None, graph=graph)
    assert_same(found.readings, expected.readings)
    if graph:
        assert_same(found.affinity, expected.affinity)
    else:
        assert found.affinity is None is expected.affinity


def test_reasoning_asks_for_the_tokens_and_affinities_that_it_needs():
    config = paper_form()
    network = built(config)
    prompts, joint = semantics(), joint_tokens(2)
    spoken = spoken_of(joint, prompts, None, graph=True)
    matched, visual = torch.zeros(1, 2, CELLS), torch.rand(2, CELLS)
    maps = base_maps(spoken.readings, visual, matched, prompts.temperature, config)
    members = structural_members(torch.rand(2, CELLS, CELLS), 8)
    nothing = torch.zeros(2, CELLS, 0)
    with pytest.raises(ValueError, match="give the patches"):
        reason(network, "full", None, spoken.affinity, members, nothing, maps, GRID, config)
    with pytest.raises(ValueError, match="give the affinity"):
        reason(network, "full", joint, None, members, nothing, maps, GRID, config)


def test_full_reasons_and_scores():
    config = our_form()
    cells = said(config, "full", built(config))
    assert_same(cells.hypergraph, torch.sigmoid(cells.node_logits))
    assert_same(cells.scores, torch.sigmoid(cells.score_logits))
    assert float(cells.hypergraph.detach().std()) > 0.01


def test_every_step_runs_in_reduced_precision():
    config = replace(our_form(), autocast=True)
    for variant in ("sab", "dsi", "sghm", "full"):
        cells = said(config, variant, built(config))
        assert cells.scores.dtype == torch.float32
        assert bool(cells.scores.isfinite().all())


def test_full_before_training_is_the_step_before_it():
    config = our_form()
    network = H2vlrNetwork(config, "full", JOINT, 12).eval()
    cells = said(config, "full", network)
    assert_same(cells.hypergraph, spread_out(cells.maps.base, cells.graph, 0.5))
    assert_same(cells.scores, top_percent_score(cells.maps.base, 1.0))


def test_a_detached_score_shapes_no_map():
    config = our_form()
    network = built(config)
    said(config, "full", network).score_logits.sum().backward()
    assert all(parameter.grad is None for parameter in network.reasoner.parameters())
    attached = replace(config, score=replace(config.score, detached=False))
    said(attached, "full", network).score_logits.sum().backward()
    assert float(network.reasoner.head.weight.grad.abs().max()) > 0


def test_gradients_reach_every_trained_part():
    for config in (our_form(), paper_form()):
        network = built(config).train()
        cells = said(config, "full", network)
        total = cells.node_logits.sum() + cells.score_logits.sum()
        if cells.own_logits is not None:
            total = total + cells.own_logits.sum()
        total.backward()
        silent = [
            name
            for name, parameter in network.named_parameters()
            if parameter.grad is None and not name.startswith("mapper")
        ]
        assert silent == []
