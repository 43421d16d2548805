"""Hypergraphs over patches: incidence, degrees, convolution and Laplacian, batched and dense.

Shape letters: B batch, N nodes, E hyperedges, T prompts, K members, C channels. A hyperedge is a
column of the incidence matrix; with N of a few hundred a dense product is faster than a sparse one.
"""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

Normalisation: TypeAlias = Literal["sym", "printed", "row"]


def structural_members(similarity: Tensor, neighbours: int) -> Tensor:
    """Return the nodes that are most similar to each node, itself left out, [B, N, K].

    Args:
        similarity: Similarity of the nodes to each other, [B, N, N].
        neighbours: K; at most N - 1 are taken. Most similar first.

    Source: H2VLR section 3.3.
    """
    nodes = similarity.shape[-1]
    own = torch.eye(nodes, dtype=torch.bool, device=similarity.device)
    others = similarity.masked_fill(own, -torch.inf)
    return others.topk(min(neighbours, nodes - 1), dim=-1).indices


def semantic_members(affinity: Tensor, members: int) -> Tensor:
    """Return the nodes that are most similar to each prompt, [B, T, K].

    Args:
        affinity: Similarity of nodes and prompts, [B, N, T].
        members: K; at most N are taken. Most similar first.

    Source: H2VLR section 3.3.
    """
    return affinity.mT.topk(min(members, affinity.shape[-2]), dim=-1).indices


def incidence_matrix(members: Tensor, nodes: int, *, include_own: bool = False) -> Tensor:
    """Return the incidence matrix of hyperedges given by their members, [B, N, E] float32.

    Args:
        members: Nodes of every hyperedge, [B, E, K].
        nodes: N.
        include_own: Whether node j belongs to hyperedge j too; needs E = N.
    """
    batch, edges, _ = members.shape
    by_edge = torch.zeros(batch, edges, nodes, device=members.device)
    by_edge.scatter_(-1, members, 1.0)
    if include_own:
        by_edge.diagonal(dim1=-2, dim2=-1).fill_(1.0)
    return by_edge.mT


def heterogeneous_incidence(structural: Tensor, semantic: Tensor) -> Tensor:
    """Return the incidence over visual nodes and prompt nodes, [B, N + T, N + T].

    A prompt node belongs to its own hyperedge only. Reasoning uses the first N rows, since prompts
    act through the making of hyperedges alone. Source: H2VLR section 3.3.

    Args:
        structural: [B, N, N].
        semantic: [B, N, T].
    """
    visual = torch.cat([structural, semantic], dim=-1)  # [B, N, N + T]
    batch, nodes, edges = visual.shape
    prompts = torch.zeros(batch, edges - nodes, edges, dtype=visual.dtype, device=visual.device)
    prompts[:, :, nodes:] = torch.eye(edges - nodes, dtype=visual.dtype, device=visual.device)
    return torch.cat([visual, prompts], dim=-2)


def prompt_edge_weights(affinity: Tensor, claimed: Tensor, temperature: float) -> Tensor:
    """Return one weight per semantic hyperedge, positive and 1 on average, [B, T].

    ``T * softmax`` over the mean affinity of each prompt's members; differentiable, so that
    prompts learn from the graph. The paper names the weights and gives no formula.

    Args:
        affinity: Similarity of nodes and prompts, [B, N, T].
        claimed: Members of each hyperedge, [B, T, K].
        temperature: Of the softmax, positive.
    """
    strength = affinity.mT.gather(-1, claimed).mean(dim=-1)  # [B, T]
    return (strength / temperature).softmax(dim=-1) * strength.shape[-1]


def node_degrees(incidence: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the degree of every node, [B, N]; weighted by ``weight`` [B, E] if given.

    Source: H2VLR eq. 3 (unweighted).
    """
    if weight is None:
        return incidence.sum(dim=-1)
    return (incidence @ weight.to(incidence.dtype).unsqueeze(-1)).squeeze(-1)


def edge_degrees(incidence: Tensor) -> Tensor:
    """Return the number of nodes in every hyperedge, [B, E]. Source: H2VLR eq. 3."""
    return incidence.sum(dim=-2)


def _inverse(degree: Tensor, power: float) -> Tensor:
    """Return ``degree ** -power``, and 0 where a node or hyperedge has no member."""
    return torch.where(degree > 0, degree.clamp_min(1e-12) ** -power, torch.zeros_like(degree))


def hypergraph_operator(
    incidence: Tensor, weight: Tensor, norm: Normalisation
) -> tuple[Tensor, Tensor]:
    """Return the two halves of the propagation matrix: ``left @ right.mT`` is [B, N, N].

    ``sym``      Dv^-1/2 H W De^-1 H' Dv^-1/2, degrees weighted (spectral radius 1)
    ``printed``  Dv^-1/2 H W De^-1 H',         degrees as in eq. 3 (grows features)
    ``row``      Dv^-1   H W De^-1 H',         degrees weighted (rows sum to 1)

    Args:
        incidence: H, [B, N, E].
        weight: Hyperedge weights W, [B, E].
        norm: Which of the three.

    Returns:
        Left [B, N, E] and right [B, N, E] factor.

    Source: H2VLR eq. 4; ``sym`` is HGNN's form (Feng et al. 2019, eq. 10).
    """
    degree = node_degrees(incidence, None if norm == "printed" else weight)
    power = 1.0 if norm == "row" else 0.5
    scale = (weight * _inverse(edge_degrees(incidence), 1.0)).unsqueeze(-2)  # [B, 1, E]
    left = incidence * scale * _inverse(degree, power).unsqueeze(-1)
    if norm != "sym":
        return left, incidence
    return left, incidence * _inverse(degree, 0.5).unsqueeze(-1)


def propagate(features: Tensor, operator: tuple[Tensor, Tensor]) -> Tensor:
    """Return ``features`` [B, N, C] sent to the hyperedges and back, [B, N, C]."""
    left, right = operator
    return left @ (right.mT @ features)


def hypergraph_laplacian(incidence: Tensor, weight: Tensor) -> Tensor:
    """Return I - Dv^-1/2 H W De^-1 H' Dv^-1/2, [B, N, N], symmetric and positive semidefinite.

    Degrees are weighted; with those of eq. 3 the matrix could have negative eigenvalues.
    Source: H2VLR eq. 10.
    """
    left, right = hypergraph_operator(incidence, weight, "sym")
    identity = torch.eye(incidence.shape[-2], dtype=incidence.dtype, device=incidence.device)
    return identity - left @ right.mT


def roughness(scores: Tensor, operator: tuple[Tensor, Tensor]) -> Tensor:
    """Return s' L s for each picture, [B], without forming L. Source: H2VLR eq. 10.

    Args:
        scores: Node scores, [B, N].
        operator: From :func:`hypergraph_operator` with norm ``sym``.
    """
    carried = propagate(scores.unsqueeze(-1), operator).squeeze(-1)
    return (scores * (scores - carried)).sum(dim=-1)
