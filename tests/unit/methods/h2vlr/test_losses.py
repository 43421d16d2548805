"""The objective term by term, and which way the margin points."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from adapp.methods.h2vlr.comparison import channels
from adapp.methods.h2vlr.config import LossConfig
from adapp.methods.h2vlr.losses import (
    Truth,
    alignment_loss,
    anomaly_margin,
    h2vlr_loss,
    image_loss,
    node_loss,
    node_truth,
    segmentation_loss,
    structure_loss,
    triplet,
    visual_to_text,
)
from adapp.methods.h2vlr.reasoning import REASONING, base_maps, reason, spoken_of
from adapp.methods.h2vlr.semantics import SemanticRepository
from adapp.ops.hypergraph import hypergraph_laplacian, structural_members
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import (
    CELLS,
    GRID,
    built,
    joint_tokens,
    our_form,
    paper_form,
    semantics,
)

LOSS = LossConfig()


def two_centres():
    """Return prompts whose normal centre is the first axis and whose abnormal one the second."""
    axes = torch.eye(3)
    return SemanticRepository(axes[None, :1], axes[None, 1:2], 0.07)


def at(first, second):
    """Return one patch with these cosines to the normal and the abnormal centre."""
    rest = (1 - first**2 - second**2) ** 0.5
    return torch.tensor([[[first, second, rest]]])


def test_a_patch_near_the_normal_centre_costs_nothing():
    assert float(anomaly_margin(at(0.6, 0.4), two_centres(), 0.1)) == 0.0


def test_a_patch_near_the_abnormal_centre_costs_its_gap_and_the_margin():
    assert float(anomaly_margin(at(0.4, 0.6), two_centres(), 0.1)) == pytest.approx(0.3)


def test_the_margin_is_that_of_equation_9_and_not_of_equation_2():
    # eq. 2 as printed asks sim(p, C_n) + gamma <= sim(p, C_a) of normal patches
    normal, abnormal = at(0.7, 0.1), at(0.1, 0.7)
    assert float(anomaly_margin(normal, two_centres(), 0.1)) < float(
        anomaly_margin(abnormal, two_centres(), 0.1)
    )


def test_descending_the_margin_brings_normal_patches_to_the_normal_centre():
    patches = at(0.4, 0.6).requires_grad_()
    anomaly_margin(patches, two_centres(), 0.1).backward()
    step = patches.detach() - 0.1 * patches.grad
    assert step[0, 0, 0] > patches[0, 0, 0]
    assert step[0, 0, 1] < patches[0, 0, 1]


def test_visual_to_text_is_the_cross_entropy_against_every_abnormal_prompt():
    prompts = semantics(stages=2, abnormal=5)
    patches = unit_norm(torch.randn(2, 7, 10))
    losses = []
    for stage in range(2):
        candidates = torch.cat([prompts.normal_centre[stage][None], prompts.abnormal[stage]])
        logits = patches[stage] @ candidates.T / 0.07
        losses.append(functional.cross_entropy(logits, torch.zeros(7, dtype=torch.long)))
    assert_same(visual_to_text(patches, prompts), torch.stack(losses).mean())


def test_the_triplet_sums_over_channels():
    prompts = two_centres()
    patch = at(0.1, 0.7)
    near = ((patch[0, 0] - prompts.normal_centre[0]) ** 2).sum()
    far = ((patch[0, 0] - prompts.abnormal_centre[0]) ** 2).sum()
    assert_same(triplet(patch, prompts, 0.0), (near - far).clamp_min(0))
    assert float(triplet(at(0.7, 0.1), prompts, 0.0)) == 0.0
    assert float(near - far) > 0.5


def test_alignment_is_the_sum_of_its_three_terms():
    prompts, patches = semantics(), unit_norm(torch.randn(1, 9, 10))
    expected = (
        visual_to_text(patches, prompts)
        + triplet(patches, prompts, 0.0)
        + anomaly_margin(patches, prompts, 0.1)
    )
    assert_same(alignment_loss(patches, prompts, LOSS), expected)


def cells_of(config, network=None, variant="full", batch=2):
    prompts, joint = semantics(), joint_tokens(batch)
    prompts.abnormal.requires_grad_()
    spoken = spoken_of(joint, prompts, None, graph=variant in REASONING)
    matched, visual = torch.zeros(1, batch, CELLS), torch.rand(batch, CELLS)
    maps = base_maps(spoken.readings, visual, matched, prompts.temperature, config)
    members = structural_members(torch.rand(batch, CELLS, CELLS), 8)
    nothing = torch.zeros(batch, CELLS, 0)
    cells = reason(network, variant, joint, spoken.affinity, members, nothing, maps, GRID, config)
    return joint, cells, prompts


def truth(batch=2):
    target = torch.zeros(batch, 4 * GRID[0], 4 * GRID[1])
    target[0, 5:9, 6:12] = 1.0
    return Truth(target, torch.tensor([1.0, 0.0]))


def test_the_structural_loss_is_focal_and_bce_and_the_quadratic_form():
    config = paper_form()
    _, cells, _ = cells_of(config, built(config))
    nodes = node_truth(truth().target, GRID, LOSS)
    logits, graph = cells.node_logits, cells.graph
    score = torch.sigmoid(logits)
    true = torch.where(nodes > 0, score, 1 - score)
    focal = -((1 - true) ** 2 * true.log()).mean()
    cross = functional.binary_cross_entropy(score, nodes)
    laplacian = hypergraph_laplacian(graph.incidence, graph.weight)
    rough = torch.einsum("bi,bij,bj->b", score, laplacian, score) / CELLS
    expected = focal + cross + 0.1 * rough.mean()
    assert_same(structure_loss(cells, nodes, LOSS), expected)


def test_balance_weighs_anomalous_nodes():
    config = paper_form()
    _, cells, _ = cells_of(config, built(config))
    nodes = node_truth(truth().target, GRID, LOSS)
    even = replace(LOSS, smoothness=0.0)
    heavier = structure_loss(cells, nodes, replace(even, balance=3.0))
    only = structure_loss(cells, nodes, replace(even, balance=2.0)) - structure_loss(
        cells, nodes, even
    )
    assert float(only.detach()) > 0
    assert_same(heavier, structure_loss(cells, nodes, even) + 2 * only)


def test_the_structural_loss_needs_learned_reasoning():
    _, cells, _ = cells_of(paper_form(), variant="sghm")
    with pytest.raises(ValueError, match="learned reasoning"):
        structure_loss(cells, torch.zeros(2, CELLS), LOSS)


def test_segmentation_penalises_false_alarms_where_the_text_sees_nothing():
    target = torch.zeros(1, 4)
    fused = torch.tensor([[0.0, 0.5, 0.0, 0.0]])
    silent, loud = torch.zeros(1, 4), torch.ones(1, 4)
    apart = segmentation_loss(fused, silent, target, LOSS) - segmentation_loss(
        fused, loud, target, LOSS
    )
    assert float(apart) == pytest.approx(0.5 / 4)


def test_the_penalty_cannot_be_lowered_by_raising_the_text_map():
    text = torch.rand(2, 50, requires_grad=True)
    fused = torch.rand(2, 50, requires_grad=True)
    segmentation_loss(fused, text, (torch.rand(2, 50) > 0.7).float(), LOSS).backward()
    assert text.grad is None
    assert float(fused.grad.abs().min()) > 0


def test_a_perfect_map_has_almost_no_segmentation_loss():
    target = (torch.rand(2, 400) > 0.7).float()
    assert float(segmentation_loss(target, target, target, LOSS)) < 0.01
    assert float(segmentation_loss(1 - target, target, target, LOSS)) > 1


def test_the_image_term_orders_pictures_of_an_episode():
    ranking = replace(LOSS, ranking=1.0)
    label = torch.tensor([1.0, 1.0, 0.0])
    logits = torch.tensor([0.5, -0.5, 0.2], requires_grad=True)
    plain = functional.binary_cross_entropy_with_logits(logits, label)
    gaps = torch.tensor([0.5 - 0.2, -0.5 - 0.2])
    assert_same(image_loss(logits, label, LOSS), plain)
    assert_same(image_loss(logits, label, ranking), plain + functional.softplus(-gaps).mean())
    alone = image_loss(logits[:2], label[:2], ranking)
    assert_same(alone, functional.binary_cross_entropy_with_logits(logits[:2], label[:2]))


def test_a_node_with_one_masked_cell_is_anomalous_or_needs_a_quarter():
    target = torch.zeros(1, 4 * GRID[0], 4 * GRID[1])
    target[0, 0, 0] = 1.0
    target[0, 4:8, 4:8] = 1.0
    most = node_truth(target, GRID, LOSS)[0].view(GRID)
    area = node_truth(target, GRID, replace(LOSS, node_target="area"))[0].view(GRID)
    assert most.nonzero().tolist() == [[0, 0], [1, 1]]
    assert area.nonzero().tolist() == [[1, 1]]


def test_the_objective_weighs_its_terms_as_equation_8():
    config = paper_form()
    network = built(config)
    joint, cells, prompts = cells_of(config, network)
    zero = LossConfig(align=0.0, structure=0.0, segmentation=0.0, image=0.0)
    total = {}
    for name in ("align", "structure", "segmentation", "image"):
        one = replace(config, loss=replace(zero, **{name: 1.0}))
        total[name] = h2vlr_loss(joint, cells, prompts, truth(), GRID, one)
        assert float(total[name]) > 0
    expected = total["align"] + 0.02 * total["structure"] + total["segmentation"] + total["image"]
    assert_same(h2vlr_loss(joint, cells, prompts, truth(), GRID, config), expected)


def test_a_nodes_own_evidence_is_supervised_by_itself():
    config = our_form()
    zero = LossConfig(align=0.0, structure=0.0, segmentation=0.0, image=0.0)
    config = replace(config, loss=zero)
    network = built(config)
    prompts, joint = semantics(4), joint_tokens(2, 4)
    direction = network.direction
    spoken = spoken_of(joint, prompts, direction, graph=True)
    matched = torch.zeros(2, 2, CELLS)
    maps = base_maps(spoken.readings, torch.rand(2, CELLS), matched, prompts.temperature, config)
    members = structural_members(torch.rand(2, CELLS, CELLS), 8)
    visual = torch.randn(2, CELLS, len(channels(config)))
    cells = reason(network, "full", joint, spoken.affinity, members, visual, maps, GRID, config)
    loss = h2vlr_loss(joint, cells, prompts, truth(), GRID, config)
    nodes = node_truth(truth().target, GRID, zero)
    assert_same(loss, node_loss(cells.own_logits, nodes, zero))
    loss.backward()
    assert float(network.reasoner.own.weight.grad.abs().max()) > 0
    assert float(network.reasoner.readings.weight.grad.abs().max()) == 0.0


def test_before_reasoning_the_base_map_is_what_is_segmented():
    config = paper_form()
    joint, cells, prompts = cells_of(config, variant="dsi")
    loss = h2vlr_loss(joint, cells, prompts, truth(), GRID, config)
    loss.backward()
    assert float(prompts.abnormal.grad.abs().max()) > 0
