"""Whatever the graph: reasoning does not depend on the order of patches or prompts."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adapp.ops.hypergraph import (
    hypergraph_laplacian,
    hypergraph_operator,
    incidence_matrix,
    node_degrees,
    prompt_edge_weights,
    propagate,
    semantic_members,
    structural_members,
)
from adapp.ops.similarity import unit_norm

FEW = settings(max_examples=40, deadline=None)
SEED = st.integers(0, 10_000)


def graph(patches, prompts, neighbours):
    """Return incidence and weights of patches [N, D] and prompts [T, D]."""
    affinity = (patches @ prompts.T)[None]
    members = structural_members((patches @ patches.T)[None], neighbours)
    claimed = semantic_members(affinity, neighbours)
    incidence = torch.cat(
        [
            incidence_matrix(members, len(patches), include_own=True),
            incidence_matrix(claimed, len(patches)),
        ],
        dim=-1,
    ).double()
    weight = torch.cat(
        [torch.ones(1, len(patches)), prompt_edge_weights(affinity, claimed, 0.07)], dim=-1
    ).double()
    return incidence, weight


def tokens(count, seed):
    return unit_norm(torch.randn(count, 7, generator=torch.Generator().manual_seed(seed)))


@FEW
@given(
    seed=SEED,
    nodes=st.integers(3, 30),
    prompts=st.integers(1, 9),
    neighbours=st.integers(1, 10),
    norm=st.sampled_from(["sym", "printed", "row"]),
)
def test_permuted_patches_give_permuted_features(seed, nodes, prompts, neighbours, norm):
    patches, texts = tokens(nodes, seed), tokens(prompts, seed + 1)
    order = torch.randperm(nodes, generator=torch.Generator().manual_seed(seed))
    features = torch.randn(1, nodes, 3, generator=torch.Generator().manual_seed(seed)).double()
    one = propagate(features, hypergraph_operator(*graph(patches, texts, neighbours), norm))
    shuffled = graph(patches[order], texts, neighbours)
    other = propagate(features[:, order], hypergraph_operator(*shuffled, norm))
    assert float((one[:, order] - other).abs().max()) < 1e-5


@FEW
@given(seed=SEED, nodes=st.integers(3, 30), prompts=st.integers(2, 9), neighbours=st.integers(1, 9))
def test_permuted_prompts_change_nothing(seed, nodes, prompts, neighbours):
    patches, texts = tokens(nodes, seed), tokens(prompts, seed + 1)
    order = torch.randperm(prompts, generator=torch.Generator().manual_seed(seed))
    features = torch.randn(1, nodes, 3, generator=torch.Generator().manual_seed(seed)).double()
    one, other = (
        propagate(features, hypergraph_operator(*graph(patches, drawn, neighbours), "sym"))
        for drawn in (texts, texts[order])
    )
    assert float((one - other).abs().max()) < 1e-6


@FEW
@given(seed=SEED, nodes=st.integers(3, 25), prompts=st.integers(1, 9), neighbours=st.integers(1, 9))
def test_the_laplacian_is_symmetric_semidefinite_with_a_known_null_vector(
    seed, nodes, prompts, neighbours
):
    incidence, weight = graph(tokens(nodes, seed), tokens(prompts, seed + 1), neighbours)
    laplacian = hypergraph_laplacian(incidence, weight)
    assert float((laplacian - laplacian.mT).abs().max()) < 1e-9
    assert float(torch.linalg.eigvalsh(laplacian).min()) > -1e-6
    even = node_degrees(incidence, weight).sqrt().unsqueeze(-1)
    assert float((laplacian @ even).abs().max()) < 1e-9
