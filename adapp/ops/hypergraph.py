"""Hypergraphs over patches: incidence, degrees, convolution and Laplacian, batched and dense.

Shape letters: B batch, N nodes, E hyperedges, T prompts, K members, C channels. A hyperedge is a
column of the incidence matrix; with N of a few hundred a dense product is faster than a sparse one.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

Normalisation: TypeAlias = Literal["sym", "printed", "row"]


def structural_members(similarity: Tensor, neighbours: int) -> Tensor:
    """Return the nodes that are most similar to each node, itself left out, [B, N, K].

    Args:
        similarity: Similarity of the nodes to each other, [B, N, N]. Its diagonal is overwritten:
            a copy would take as long as half of the search.
        neighbours: K; at most N - 1 are taken. Most similar first.

    Source: H2VLR section 3.3.
    """
    others = similarity.detach()
    others.diagonal(dim1=-2, dim2=-1).fill_(-torch.inf)
    return others.topk(min(neighbours, similarity.shape[-1] - 1), dim=-1).indices


def semantic_members(affinity: Tensor, members: int) -> Tensor:
    """Return the nodes that are most similar to each prompt, [B, T, K].

    Args:
        affinity: Similarity of nodes and prompts, [B, N, T].
        members: K; at most N are taken. Most similar first.

    Source: H2VLR section 3.3.
    """
    return affinity.mT.topk(min(members, affinity.shape[-2]), dim=-1).indices


def incidence_matrix(
    members: Tensor,
    nodes: int,
    *,
    include_own: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return the incidence matrix of hyperedges given by their members, [B, N, E].

    Args:
        members: Nodes of every hyperedge, [B, E, K].
        nodes: N.
        include_own: Whether node j belongs to hyperedge j too; needs E = N.
        dtype: Type of the zeros and ones; both are exact in any.
    """
    batch, edges, _ = members.shape
    incidence = torch.zeros(batch, nodes, edges, device=members.device, dtype=dtype)
    incidence.scatter_(-2, members.mT, 1.0)
    if include_own:
        incidence.diagonal(dim1=-2, dim2=-1).fill_(1.0)
    return incidence


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
        return incidence.sum(dim=-1, dtype=_wide(incidence))
    return (incidence.to(weight.dtype) @ weight.unsqueeze(-1)).squeeze(-1)


def edge_degrees(incidence: Tensor) -> Tensor:
    """Return the number of nodes in every hyperedge, [B, E]. Source: H2VLR eq. 3."""
    return incidence.sum(dim=-2, dtype=_wide(incidence))


def _wide(incidence: Tensor) -> torch.dtype:
    """Return a type that counts members exactly."""
    return torch.float64 if incidence.dtype == torch.float64 else torch.float32


def _inverse(degree: Tensor, power: float) -> Tensor:
    """Return ``degree ** -power``, and 0 where a node or hyperedge has no member."""
    return torch.where(degree > 0, degree.clamp_min(1e-12) ** -power, torch.zeros_like(degree))


def counted_degrees(
    structural: Tensor, semantic: Tensor, weight: Tensor, *, include_own: bool
) -> tuple[Tensor, Tensor]:
    """Return weighted node degrees [B, N] and hyperedge degrees [B, N + T] from the members.

    What :func:`node_degrees` and :func:`edge_degrees` read off the whole incidence.

    Args:
        structural: Members of the structural hyperedges, [B, N, K]: none twice, none its own.
        semantic: Members of the semantic hyperedges, [B, T, K'], none twice.
        weight: Of both kinds, [B, N + T].
        include_own: Whether node j belongs to structural hyperedge j too.
    """
    nodes = structural.shape[1]
    own, told = weight[:, :nodes], weight[:, nodes:]
    degree = own if include_own else torch.zeros_like(own)
    for members, each in ((structural, own), (semantic, told)):
        shares = each.unsqueeze(-1).expand(members.shape)
        degree = degree.scatter_add(1, members.flatten(1), shares.flatten(1))
    edges = torch.full_like(weight, structural.shape[-1] + float(include_own))
    edges[:, nodes:] = semantic.shape[-1]
    return degree, edges


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """One way from the nodes to the hyperedges and back: ``after H edge H' before``.

    Attributes:
        incidence: H, [B, N, E] of zeros and ones; any float type.
        before: Factor of every node on its way out, [B, N].
        edge: Factor of every hyperedge, [B, E].
        after: Factor of every node on the way back, [B, N].
    """

    incidence: Tensor
    before: Tensor
    edge: Tensor
    after: Tensor

    def matrix(self) -> Tensor:
        """Return the whole operator, [B, N, N]."""
        left = self.incidence * self.edge.unsqueeze(-2) * self.after.unsqueeze(-1)
        return left @ (self.incidence * self.before.unsqueeze(-1)).mT


def hypergraph_operator(
    incidence: Tensor,
    weight: Tensor,
    norm: Normalisation,
    degrees: tuple[Tensor, Tensor] | None = None,
) -> Propagation:
    """Return the propagation of one hypergraph convolution.

    ``sym``      Dv^-1/2 H W De^-1 H' Dv^-1/2, degrees weighted (spectral radius 1)
    ``printed``  Dv^-1/2 H W De^-1 H',         degrees as in eq. 3 (grows features)
    ``row``      Dv^-1   H W De^-1 H',         degrees weighted (rows sum to 1)

    Args:
        incidence: H, [B, N, E].
        weight: Hyperedge weights W, [B, E].
        norm: Which of the three.
        degrees: Weighted degree of every node [B, N] and degree of every hyperedge [B, E], where
            they are known; counted otherwise.

    Source: H2VLR eq. 4; ``sym`` is HGNN's form (Feng et al. 2019, eq. 10).
    """
    if degrees is None:
        degrees = node_degrees(incidence, weight), edge_degrees(incidence)
    degree = node_degrees(incidence) if norm == "printed" else degrees[0]
    edge = weight * _inverse(degrees[1], 1.0)
    after = _inverse(degree, 1.0 if norm == "row" else 0.5)
    before = after if norm == "sym" else torch.ones_like(after)
    return Propagation(incidence, before, edge, after)


def propagate(features: Tensor, operator: Propagation) -> Tensor:
    """Return ``features`` [B, N, C] sent to the hyperedges and back, [B, N, C].

    The products run in the type of the incidence, whose zeros and ones are exact in any.
    """
    incidence = operator.incidence
    out = (features * operator.before.unsqueeze(-1)).to(incidence.dtype)
    # [B, C, E]: turning the narrow features is cheaper than turning the wide incidence
    carried = (out.mT @ incidence) * operator.edge.unsqueeze(-2).to(incidence.dtype)
    back: Tensor = (incidence @ carried.mT).to(features.dtype) * operator.after.unsqueeze(-1)
    return back


def hypergraph_laplacian(incidence: Tensor, weight: Tensor) -> Tensor:
    """Return I - Dv^-1/2 H W De^-1 H' Dv^-1/2, [B, N, N], symmetric and positive semidefinite.

    Degrees are weighted; with those of eq. 3 the matrix could have negative eigenvalues.
    Source: H2VLR eq. 10.
    """
    identity = torch.eye(incidence.shape[-2], dtype=incidence.dtype, device=incidence.device)
    return identity - hypergraph_operator(incidence, weight, "sym").matrix()


def roughness(scores: Tensor, operator: Propagation) -> Tensor:
    """Return s' L s for each picture, [B], without forming L. Source: H2VLR eq. 10.

    Args:
        scores: Node scores, [B, N].
        operator: From :func:`hypergraph_operator` with norm ``sym``.
    """
    carried = propagate(scores.unsqueeze(-1), operator).squeeze(-1)
    return (scores * (scores - carried)).sum(dim=-1)
