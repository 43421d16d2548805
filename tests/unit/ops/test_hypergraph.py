"""Hypergraph arithmetic against loops, and what each normalisation promises."""

import pytest
import torch

from adapp.ops.hypergraph import (
    counted_degrees,
    edge_degrees,
    heterogeneous_incidence,
    hypergraph_laplacian,
    hypergraph_operator,
    incidence_matrix,
    node_degrees,
    prompt_edge_weights,
    propagate,
    roughness,
    semantic_members,
    structural_members,
)
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same

NORMS = ("sym", "printed", "row")


def drawn(nodes=12, edges=7, batch=2, *, weighted=True):
    """Return a random incidence without empty hyperedges, and weights that average 1."""
    incidence = (torch.rand(batch, nodes, edges, dtype=torch.float64) < 0.4).double()
    incidence[:, 0] = 1.0
    weight = torch.ones(batch, edges, dtype=torch.float64)
    if weighted:
        weight = 0.2 + torch.rand(batch, edges, dtype=torch.float64)
    return incidence, weight


def patch_graph(nodes=225, prompts=60, neighbours=8):
    """Return incidence and unit weights of random patches and prompts, as on the paper's grid."""
    patches, texts = unit_norm(torch.randn(1, nodes, 64)), unit_norm(torch.randn(1, prompts, 64))
    members = structural_members(patches @ patches.mT, neighbours)
    claimed = semantic_members(patches @ texts.mT, neighbours)
    incidence = torch.cat(
        [
            incidence_matrix(members, nodes, include_own=True),
            incidence_matrix(claimed, nodes),
        ],
        dim=-1,
    )
    return incidence, torch.ones(1, nodes + prompts)


def by_loops(incidence, weight, features, norm):
    """Return eq. 4 before projection, node by node and hyperedge by hyperedge."""
    nodes, edges = incidence.shape
    plain = [sum(incidence[n, e] for e in range(edges)) for n in range(nodes)]
    heavy = [sum(weight[e] * incidence[n, e] for e in range(edges)) for n in range(nodes)]
    size = [sum(incidence[n, e] for n in range(nodes)) for e in range(edges)]
    result = torch.zeros_like(features)
    for n in range(nodes):
        for e in range(edges):
            for m in range(nodes):
                share = incidence[n, e] * weight[e] * incidence[m, e] / size[e]
                if norm == "sym":
                    share = share / (heavy[n] * heavy[m]) ** 0.5
                elif norm == "row":
                    share = share / heavy[n]
                else:
                    share = share / plain[n] ** 0.5
                result[n] += share * features[m]
    return result


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("weighted", [False, True])
def test_convolution_equals_the_loops(norm, weighted):
    incidence, weight = drawn(weighted=weighted)
    features = torch.randn(2, 12, 5, dtype=torch.float64)
    found = propagate(features, hypergraph_operator(incidence, weight, norm))
    for row in range(2):
        expected = by_loops(incidence[row], weight[row], features[row], norm)
        assert float((found[row] - expected).abs().max()) < 1e-6


def test_the_printed_form_grows_features_and_the_symmetric_one_does_not():
    incidence, weight = patch_graph()
    grown = {}
    for norm in NORMS:
        matrix = hypergraph_operator(incidence, weight, norm).matrix()[0].double()
        features = torch.rand(225, 16, dtype=torch.float64)
        grown[norm] = float((matrix @ (matrix @ features)).norm() / features.norm())
    assert grown["sym"] < 2
    assert grown["row"] < 2
    assert grown["printed"] > 4


def test_the_symmetric_operator_has_spectral_radius_one():
    incidence, weight = drawn(nodes=20, edges=9, batch=1)
    matrix = hypergraph_operator(incidence, weight, "sym").matrix()
    largest = torch.linalg.eigvalsh(matrix[0])[-1]
    assert float(largest) == pytest.approx(1.0, abs=1e-9)


def test_rows_of_the_row_form_sum_to_one():
    matrix = hypergraph_operator(*drawn(), "row").matrix()
    assert_same(matrix.sum(dim=-1), torch.ones(2, 12), torch.float64)


@pytest.mark.parametrize("norm", NORMS)
def test_reduced_precision_keeps_members_exact(norm):
    incidence, weight = patch_graph(nodes=60, prompts=9)
    features = torch.rand(1, 60, 4)
    exact = propagate(features, hypergraph_operator(incidence, weight, norm))
    reduced = hypergraph_operator(incidence.bfloat16(), weight, norm)
    found = propagate(features, reduced)
    assert found.dtype == torch.float32
    assert_same(reduced.after, hypergraph_operator(incidence, weight, norm).after)
    assert float((found - exact).abs().max()) < 0.02 * float(exact.abs().max())


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_pass_through_features_and_weights(norm):
    incidence, weight = drawn(nodes=5, edges=4, batch=1)
    features = torch.randn(1, 5, 2, dtype=torch.float64, requires_grad=True)

    def convolved(values, weights):
        return propagate(values, hypergraph_operator(incidence, weights, norm))

    assert torch.autograd.gradcheck(convolved, (features, weight.requires_grad_()))


def test_a_node_in_no_hyperedge_keeps_nothing_and_breaks_nothing():
    incidence, weight = drawn()
    incidence[:, 3] = 0.0
    for norm in NORMS:
        found = propagate(
            torch.ones(2, 12, 1, dtype=torch.float64), hypergraph_operator(incidence, weight, norm)
        )
        assert bool(found.isfinite().all())
        assert float(found[:, 3].abs().max()) == 0.0


def test_degrees_count_members():
    incidence, weight = drawn()
    assert_same(edge_degrees(incidence), incidence.sum(1), torch.float64)
    assert_same(node_degrees(incidence), incidence.sum(2), torch.float64)
    assert_same(
        node_degrees(incidence, weight), (incidence * weight[:, None]).sum(2), torch.float64
    )


@pytest.mark.parametrize("include_own", [True, False])
def test_structural_columns_hold_the_neighbours_and_the_patch_itself(include_own):
    tokens = unit_norm(torch.randn(3, 30, 8))
    members = structural_members(tokens @ tokens.mT, 8)
    incidence = incidence_matrix(members, 30, include_own=include_own)
    assert_same(incidence.sum(dim=1), torch.full((3, 30), 8.0 + include_own))
    assert bool((incidence.diagonal(dim1=1, dim2=2) == include_own).all())
    nearest = (tokens @ tokens.mT - 2 * torch.eye(30)).argmax(dim=-1)
    assert torch.equal(members[..., 0], nearest)


def test_semantic_columns_hold_exactly_the_claimed_patches():
    affinity = torch.rand(2, 40, 6)
    claimed = semantic_members(affinity, 8)
    incidence = incidence_matrix(claimed, 40)
    assert_same(incidence.sum(dim=1), torch.full((2, 6), 8.0))
    least = affinity.mT.gather(-1, claimed).amin(dim=-1)
    assert_same(((affinity > least[:, None]).sum(dim=1)).float(), torch.full((2, 6), 7.0))


def test_ties_give_full_hyperedges_and_no_nan():
    same = torch.ones(1, 20, 20)
    members = structural_members(same, 8)
    claimed = semantic_members(torch.zeros(1, 20, 4), 8)
    structural = incidence_matrix(members, 20, include_own=True)
    semantic = incidence_matrix(claimed, 20)
    assert_same(structural.sum(dim=1), torch.full((1, 20), 9.0))
    assert_same(semantic.sum(dim=1), torch.full((1, 4), 8.0))
    weight = torch.cat(
        [torch.ones(1, 20), prompt_edge_weights(torch.zeros(1, 20, 4), claimed, 0.07)], dim=1
    )
    operator = hypergraph_operator(torch.cat([structural, semantic], dim=-1), weight, "sym")
    assert bool(propagate(torch.rand(1, 20, 3), operator).isfinite().all())


def test_few_patches_and_prompts_take_what_there_is():
    members = structural_members(torch.rand(1, 3, 3), 8)
    claimed = semantic_members(torch.rand(1, 3, 2), 8)
    assert members.shape == (1, 3, 2)
    assert claimed.shape == (1, 2, 3)


def test_another_prompt_changes_its_own_column_only():
    patches, prompts = unit_norm(torch.randn(1, 50, 8)), unit_norm(torch.randn(1, 5, 8))
    before = incidence_matrix(semantic_members(patches @ prompts.mT, 8), 50)
    prompts[:, 2] = -prompts[:, 2]
    after = incidence_matrix(semantic_members(patches @ prompts.mT, 8), 50)
    changed = (before != after).any(dim=1)[0]
    assert changed.tolist() == [False, False, True, False, False]


def test_a_prompt_node_belongs_to_its_own_hyperedge_only():
    structural = incidence_matrix(structural_members(torch.rand(2, 10, 10), 3), 10)
    semantic = incidence_matrix(semantic_members(torch.rand(2, 10, 4), 3), 10)
    whole = heterogeneous_incidence(structural, semantic)
    assert whole.shape == (2, 14, 14)
    assert_same(whole[:, :10, :10], structural)
    assert_same(whole[:, :10, 10:], semantic)
    assert_same(whole[:, 10:, :10], torch.zeros(2, 4, 10))
    assert_same(whole[:, 10:, 10:], torch.eye(4).expand(2, 4, 4))


def test_prompt_weights_average_one_and_follow_the_affinity():
    affinity = torch.rand(3, 30, 6)
    affinity[:, :, 4] += 0.5
    claimed = semantic_members(affinity, 8)
    weight = prompt_edge_weights(affinity, claimed, 0.07)
    assert_same(weight.mean(dim=-1), torch.ones(3))
    assert bool((weight > 0).all())
    assert weight.argmax(dim=-1).tolist() == [4, 4, 4]


def test_prompt_weights_pass_gradients_to_the_claimed_patches_alone():
    affinity = torch.rand(1, 20, 3, requires_grad=True)
    claimed = semantic_members(affinity.detach(), 4)
    prompt_edge_weights(affinity, claimed, 0.07)[0, 1].backward()
    moved = affinity.grad[0].mT != 0
    expected = torch.zeros(3, 20, dtype=torch.bool).scatter_(1, claimed[0], True)
    assert torch.equal(moved, expected)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_laplacian_is_symmetric_and_positive_semidefinite(weighted):
    laplacian = hypergraph_laplacian(*drawn(nodes=20, edges=9, weighted=weighted))
    assert_same(laplacian, laplacian.mT, torch.float64)
    assert float(torch.linalg.eigvalsh(laplacian).min()) > -1e-6


def test_the_laplacian_of_the_printed_form_would_not_be():
    incidence, weight = patch_graph()
    matrix = torch.eye(225) - hypergraph_operator(incidence, weight, "printed").matrix()[0]
    assert float(torch.linalg.eigvalsh((matrix + matrix.mT) / 2).min()) < -0.5


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_even_over_their_degrees_are_not_rough(weighted):
    incidence, weight = drawn(weighted=weighted)
    even = node_degrees(incidence, weight).sqrt().unsqueeze(-1)
    still = hypergraph_laplacian(incidence, weight) @ even
    assert float(still.abs().max()) < 1e-9


def test_roughness_is_the_quadratic_form_and_falls_along_its_gradient():
    incidence, weight = drawn()
    operator = hypergraph_operator(incidence, weight, "sym")
    scores = torch.rand(2, 12, dtype=torch.float64, requires_grad=True)
    rough = roughness(scores, operator)
    expected = (scores.unsqueeze(1) @ hypergraph_laplacian(incidence, weight)) @ scores.unsqueeze(2)
    assert_same(rough.detach(), expected.flatten().detach(), torch.float64)
    rough.sum().backward()
    smoother = roughness(scores.detach() - 0.1 * scores.grad, operator)
    assert bool((smoother < rough).all())


@pytest.mark.parametrize("include_own", [True, False])
def test_degrees_counted_from_members_are_those_of_the_incidence(include_own):
    structural = structural_members(torch.rand(2, 12, 12), 4)
    semantic = semantic_members(torch.rand(2, 12, 5), 4)
    incidence = torch.cat(
        [
            incidence_matrix(structural, 12, include_own=include_own),
            incidence_matrix(semantic, 12),
        ],
        dim=-1,
    )
    weight = torch.rand(2, 17)
    nodes, edges = counted_degrees(structural, semantic, weight, include_own=include_own)
    assert_same(nodes, node_degrees(incidence, weight))
    assert_same(edges, edge_degrees(incidence))
    assert bool((weight[:, :12] <= 1).all())  # what came in is unchanged
    for norm in ("sym", "row", "printed"):
        counted = hypergraph_operator(incidence, weight, norm, (nodes, edges))
        assert_same(counted.matrix(), hypergraph_operator(incidence, weight, norm).matrix())
