"""Reasoning and image score: size, symmetry, and what they say before they have learned."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.h2vlr.model import (
    SCORED_MAPS,
    H2vlrNetwork,
    HypergraphReasoner,
    SoftHistogramScore,
    evidence_widths,
    log_odds,
    make_hypergraph,
    spread_out,
)
from adapp.methods.h2vlr.presets import EMBEDDED, PAPER
from adapp.methods.h2vlr.semantics import Direction, affinities
from adapp.ops.hypergraph import hypergraph_operator
from adapp.ops.maps import top_percent_score
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import (
    CELLS,
    GRID,
    JOINT,
    awake,
    built,
    joint_tokens,
    our_form,
    paper_form,
    semantics,
)

FORMS = {"paper": paper_form, "ours": our_form}


def inputs(config, batch=2, prompts=None):
    """Return joint tokens, visual evidence, readings, hypergraph and base map."""
    stages = len(config.induction.stages)
    joint = joint_tokens(batch, stages)
    prompts = semantics(stages) if prompts is None else prompts
    similarity = torch.einsum("sbnj,sbmj->bnm", joint, joint)
    members = (similarity - 9 * torch.eye(CELLS)).topk(8, dim=-1).indices
    graph = make_hypergraph(members, affinities(joint, prompts), config.graph)
    visual, readings = (torch.randn(batch, CELLS, width) for width in evidence_widths(config))
    return joint, visual, readings, graph, torch.rand(batch, CELLS)


def test_the_paper_configuration_trains_as_many_parameters_as_the_paper_says():
    network = H2vlrNetwork(PAPER, "full", joint=640, embedding=640)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert 2.0e6 <= count <= 2.5e6
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_ours_is_much_smaller():
    network = H2vlrNetwork(EMBEDDED, "full", joint=384, embedding=384)
    assert sum(parameter.numel() for parameter in network.parameters()) < 0.6e6


def test_dsi_has_the_mapper_alone():
    network = H2vlrNetwork(PAPER, "dsi", joint=640, embedding=640)
    assert {name.split(".")[0] for name in network.state_dict()} == {"mapper"}


def test_a_network_with_evidence_keeps_a_direction_and_takes_one_over():
    ours, plain = built(our_form()), built(paper_form())
    assert float(ours.direction.slope.abs().max()) == 0.0
    ours.point(Direction(torch.full((4, JOINT), 2.0), torch.tensor(1.0)))
    assert ours.state_dict()["slope"].mean() == 2.0
    assert float(ours.direction.offset) == 1.0
    plain.point(ours.direction)
    assert plain.direction is None
    assert built(our_form(), variant="dsi").direction is None


def test_the_mapper_of_a_seed_does_not_depend_on_what_follows_it():
    states = []
    for variant in ("dsi", "full"):
        torch.manual_seed(4)
        states.append(H2vlrNetwork(paper_form(), variant, JOINT, 12).mapper.state_dict())
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name])


@pytest.mark.parametrize("form", FORMS)
def test_permuted_patches_give_permuted_scores(form):
    config = FORMS[form]()
    network = built(config).reasoner
    prompts = semantics(len(config.induction.stages))
    joint, visual, readings, _, base = inputs(config, prompts=prompts)
    order = torch.randperm(CELLS)

    def scored(tokens, *others):
        similarity = torch.einsum("sbnj,sbmj->bnm", tokens, tokens)
        members = (similarity - 9 * torch.eye(CELLS)).topk(8, dim=-1).indices
        graph = make_hypergraph(members, affinities(tokens, prompts), config.graph)
        return torch.sigmoid(network(tokens, *others[:2], graph, others[2]).reasoned)

    one = scored(joint, visual, readings, base)
    other = scored(joint[:, :, order], *(t[:, order] for t in (visual, readings, base)))
    assert float((one[:, order] - other).detach().abs().max()) < 1e-5


@pytest.mark.parametrize("form", FORMS)
def test_permuted_prompts_leave_the_scores_alone(form):
    config = FORMS[form]()
    network = built(config).reasoner
    joint, visual, readings, graph, base = inputs(config)
    prompts = graph.claimed.shape[1]
    order = torch.randperm(prompts)
    columns = torch.cat([torch.arange(CELLS), CELLS + order])
    shuffled = replace(
        graph,
        claimed=graph.claimed[:, order],
        incidence=graph.incidence[..., columns],
        weight=graph.weight[:, columns],
    )
    one, other = (network(joint, visual, readings, g, base).reasoned for g in (graph, shuffled))
    assert float((one - other).detach().abs().max()) < 1e-5


def test_layers_are_those_of_equation_4():
    config = paper_form()
    network = built(config).reasoner
    joint, visual, readings, graph, base = inputs(config)
    matrix = hypergraph_operator(graph.incidence, graph.weight, "sym").matrix()
    nodes = joint[0]
    for layer in network.layers:
        nodes = torch.relu(matrix @ nodes @ layer.weight.T + layer.bias)
    hidden = torch.relu(nodes @ network.head.weight.T + network.head.bias)
    expected = (hidden @ network.decision.weight.T + network.decision.bias)[..., 0]
    found = network(joint, visual, readings, graph, base)
    assert_same(found.reasoned, expected)
    assert found.own is None


def test_an_untrained_graph_of_ours_says_what_the_parameter_free_step_says():
    config = our_form()
    network = H2vlrNetwork(config, "full", JOINT, 12).reasoner.eval()
    joint, visual, readings, graph, base = inputs(config)
    around = spread_out(base, graph, 0.5)
    found = network(joint, visual, readings, graph, around)
    assert_same(torch.sigmoid(found.reasoned), around)
    assert float(found.own.detach().abs().max()) == 0.0


def test_a_nodes_own_evidence_learns_to_stand_alone():
    config = our_form()
    network = built(config).reasoner
    joint, visual, readings, graph, base = inputs(config)
    found = network(joint, visual, readings, graph, base)
    assert_same(found.own, (visual @ network.own.weight.T)[..., 0] + network.own.bias)
    found.reasoned.sum().backward()
    assert network.own.weight.grad is None
    assert float(network.own_gain.grad.abs()) > 0
    assert float(network.readings.weight.grad.abs().max()) > 0


def test_reasoning_in_reduced_precision_stays_close():
    config = our_form()
    network = built(config).reasoner
    given = inputs(config)
    exact = torch.sigmoid(network(*given).reasoned)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        reduced = torch.sigmoid(network(*given).reasoned)
    assert reduced.dtype == torch.float32
    assert 0 < float((exact - reduced).detach().abs().max()) < 0.05


def test_the_parameter_free_step_is_half_the_hyperedges_mean():
    config = paper_form()
    *_, graph, base = inputs(config)
    matrix = hypergraph_operator(graph.incidence, graph.weight, "row").matrix()
    mean = (matrix @ base.unsqueeze(-1)).squeeze(-1)
    assert_same(spread_out(base, graph, 0.5), 0.5 * base + 0.5 * mean)
    assert_same(spread_out(torch.ones_like(base), graph, 0.5), torch.ones_like(base))


def test_hyperedges_weigh_one_on_average_and_pass_gradients_to_the_prompts():
    config = paper_form()
    prompts = semantics()
    prompts.abnormal.requires_grad_()
    joint, visual, readings, graph, base = inputs(config, prompts=prompts)
    assert_same(graph.weight[:, :CELLS], torch.ones(2, CELLS))
    assert_same(graph.weight[:, CELLS:].mean(dim=1), torch.ones(2))
    built(config).reasoner(joint, visual, readings, graph, base).reasoned.sum().backward()
    assert float(prompts.abnormal.grad.abs().max()) > 0
    plain = make_hypergraph(
        graph.members, affinities(joint, prompts), replace(config.graph, weights="ones")
    )
    assert_same(plain.weight, torch.ones_like(plain.weight))


def test_token_channels_are_dropped_in_training_only():
    config = replace(our_form().graph, token_dropout=0.5, dropout=0.0)
    full = replace(our_form(), graph=config)
    network = awake(HypergraphReasoner(config, 4 * JOINT, *evidence_widths(full)))
    given = inputs(full)
    assert torch.equal(network(*given).reasoned, network(*given).reasoned)
    network.train()
    assert not torch.equal(network(*given).reasoned, network(*given).reasoned)


def test_shapes_that_disagree_are_refused():
    config = paper_form()
    network = built(config).reasoner
    joint, visual, readings, graph, base = inputs(config)
    with pytest.raises(ValueError, match="joint has shape"):
        network(joint, visual, readings, graph, base[:, :-1])
    with pytest.raises(ValueError, match="readings has shape"):
        network(joint, visual, readings[:, 1:], graph, base)
    with pytest.raises(ValueError, match="says 640"):
        HypergraphReasoner(PAPER.graph, joint=JOINT, visual=0, readings=0)


def test_an_untrained_score_is_the_base_maps_top_percent():
    head = SoftHistogramScore(our_form().score).eval()
    base = torch.rand(5, CELLS)
    top = top_percent_score(base, 1.0)
    scored = torch.cat([top[:, None], torch.rand(5, SCORED_MAPS - 1)], dim=1)
    assert_same(torch.sigmoid(head(torch.rand(5, CELLS), scored)), top)


@pytest.mark.parametrize("extras", [True, False])
def test_the_literal_head_reads_the_histogram(extras):
    config = replace(PAPER.score, extras=extras)
    head = awake(SoftHistogramScore(config))
    assert head.hidden.in_features == config.bins + (2 if extras else 0)
    fused = torch.rand(3, CELLS, requires_grad=True)
    head(fused, torch.zeros(3, SCORED_MAPS)).sum().backward()
    assert float(fused.grad.abs().max()) > 0
    shuffled = fused.detach()[:, torch.randperm(CELLS)]
    assert_same(
        head(shuffled, torch.zeros(3, SCORED_MAPS)),
        head(fused.detach(), torch.zeros(3, SCORED_MAPS)),
    )


def test_a_tiny_defect_moves_the_score_through_the_extras_alone():
    clean = torch.zeros(1, 4000)
    spotted = clean.clone()
    spotted[0, :4] = 1.0
    change = {}
    for extras in (True, False):
        torch.manual_seed(2)
        head = SoftHistogramScore(replace(PAPER.score, extras=extras)).eval()
        none = torch.zeros(1, SCORED_MAPS)
        change[extras] = float((head(spotted, none) - head(clean, none)).abs())
    assert change[True] > 20 * change[False]


def test_log_odds_stay_finite():
    assert bool(log_odds(torch.tensor([0.0, 0.5, 1.0])).isfinite().all())
    assert float(log_odds(torch.tensor(0.5))) == 0.0


def test_nodes_of_ours_hold_evidence_beside_the_tokens():
    config = our_form()
    network = built(config).reasoner
    joint, visual, readings, *_ = inputs(config)
    evidence = torch.cat([visual, readings], dim=-1)
    nodes = network.nodes(joint, evidence)
    assert nodes.shape == (2, CELLS, config.graph.width)
    cut = config.graph.squeeze
    moved = network.nodes(joint, evidence + 1.0)
    assert torch.equal(nodes[..., :cut], moved[..., :cut])
    assert not torch.equal(nodes[..., cut:], moved[..., cut:])
    turned = network.nodes(unit_norm(joint + 1.0), evidence)
    assert torch.equal(nodes[..., cut:], turned[..., cut:])
    assert GRID[0] * GRID[1] == nodes.shape[1]
