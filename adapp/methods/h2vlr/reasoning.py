"""From tokens to maps on the patch grid: base, hypergraph, residual, fused, score. Eq. 5 to 7.

The same code runs in training and in inspection. Shape letters as in ``adapp.core.results``; S
stages of the joint space, J its channels, T prompts, G gallery patches.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from adapp.methods.h2vlr.config import H2vlrConfig, Variant
from adapp.methods.h2vlr.encoding import Tokens
from adapp.methods.h2vlr.model import (
    H2vlrNetwork,
    Hypergraph,
    SoftHistogramScore,
    make_hypergraph,
    spread_out,
)
from adapp.methods.h2vlr.semantics import (
    Direction,
    SemanticRepository,
    affinities,
    centre_logits,
    forgiven,
)
from adapp.ops.maps import fuse_residual, top_percent_score

REASONING: frozenset[Variant] = frozenset({"sghm", "full"})
"""Steps that make a hypergraph."""


@dataclass(frozen=True, slots=True, eq=False)
class BaseMaps:
    """The Semantic Alignment Branch on the patch grid.

    Attributes:
        readings: Log-odds of every patch as read in the joint space, [R, B, N]: by the centres
            before and after forgiveness and, with a learned direction, along it and less the
            nearest normal patch.
        text: M_txt, [B, N] in [0, 1].
        visual: M_vis, [B, N] in [0, 1].
        base: M_base, [B, N] in [0, 1].
    """

    readings: Tensor
    text: Tensor
    visual: Tensor
    base: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class CellMaps:
    """Everything H2VLR says about a batch, on the patch grid.

    Attributes:
        maps: Semantic Alignment Branch.
        graph: Hypergraph; None where none was made (``sab``, ``dsi``).
        affinity: Cosine of patches and prompts, [B, N, T]; None as above.
        node_logits: Log-odds of the hypergraph map, [B, N]; None without learned reasoning.
        own_logits: The same from a node's own visual evidence alone; None without evidence.
        hypergraph: M_hg, or the propagated base map of ``sghm``, [B, N]; None as ``graph``.
        score_logits: Log-odds of the learned image score, [B]; None without it.
        scores: Image scores, [B] in [0, 1].
    """

    maps: BaseMaps
    graph: Hypergraph | None
    affinity: Tensor | None
    node_logits: Tensor | None
    own_logits: Tensor | None
    hypergraph: Tensor | None
    score_logits: Tensor | None
    scores: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What the prompts say of the patches of a batch.

    Attributes:
        readings: Log-odds by the centres and, with a learned direction, along it, [M, B, N].
        affinity: Cosine of patches and prompts, [B, N, T]; None where nobody asks for it.
    """

    readings: Tensor
    affinity: Tensor | None


def spoken_of(
    joint: Tensor, semantics: SemanticRepository, direction: Direction | None, *, graph: bool
) -> Spoken:
    """Return what the prompts say of patches in the joint space; gradients reach the prompts.

    Args:
        joint: [S, B, N, J].
        semantics: Prompts of the part.
        direction: Learned direction; None without one.
        graph: Whether a hypergraph is made, which asks for the affinities.
    """
    affinity = affinities(joint, semantics) if graph else None
    return Spoken(readings_of(joint, semantics, direction), affinity)


def spoken_by(tokens: Tokens, semantics: SemanticRepository, *, graph: bool) -> Spoken:
    """Return the same for encoded patches, without gradient and without forming ``joint``.

    Readings along a learned direction are not among them: see :func:`spoken_of`.
    """
    vectors = (semantics.abnormal_centre - semantics.normal_centre).unsqueeze(1)
    if graph:
        vectors = torch.cat([vectors, semantics.prompts], dim=1)
    products = tokens.products(vectors) / len(vectors)  # [B, N, 1 + T]
    read = products[..., 0] / semantics.temperature
    return Spoken(read.unsqueeze(0), products[..., 1:] if graph else None)


def readings_of(
    joint: Tensor, semantics: SemanticRepository, direction: Direction | None
) -> Tensor:
    """Return how patches read in the joint space, [M, B, N]: by the centres, along a direction.

    Args:
        joint: Patches in the joint space, [S, B, N, J].
        semantics: Prompts of the part.
        direction: Learned direction; None leaves M at 1.
    """
    found = [centre_logits(joint, semantics)]
    if direction is not None:
        found.append(direction.readings(joint))
    return torch.stack(found)


def base_maps(
    spoken: Tensor, visual: Tensor, matched: Tensor, temperature: float, config: H2vlrConfig
) -> BaseMaps:
    """Return text, visual and base map. Source: H2VLR eq. 5.

    Args:
        spoken: Readings of the queries' patches, [M, B, N]; see :class:`Spoken`.
        visual: M_vis, [B, N].
        matched: Readings of the nearest normal patch of each, [M, B, N].
        temperature: Of the prompts.
        config: Constants.
    """
    raw, *along = spoken
    kinder = forgiven(raw, matched[0], config.loss.margin / temperature)
    text = torch.sigmoid(kinder if config.induction.anchor == "support" else raw)
    base = config.text_weight * text + (1.0 - config.text_weight) * visual
    readings = [raw, kinder]
    for own, other in zip(along, matched[1:], strict=True):
        readings += [own, own - other]
    return BaseMaps(torch.stack(readings), text, visual, base)


def reason(
    network: H2vlrNetwork | None,
    variant: Variant,
    joint: Tensor | None,
    affinity: Tensor | None,
    members: Tensor,
    evidence: Tensor,
    maps: BaseMaps,
    grid: tuple[int, int],
    config: H2vlrConfig,
) -> CellMaps:
    """Return what ``variant`` makes of the base map.

    Args:
        network: Trained parts; needed by ``full``.
        variant: Step of the ladder.
        joint: Patches of the queries in the joint space, [S, B, N, J]; None where the nodes hold
            no tokens.
        affinity: Cosine of patches and prompts, [B, N, T]; None where no hypergraph is made.
        members: Structural neighbours of each patch, [B, N, K].
        evidence: Visual evidence of each patch, [B, N, E]; E may be 0.
        maps: Base maps.
        grid: Patch grid (h, w).
        config: Constants.

    Raises:
        ValueError: If something that ``variant`` needs is None.
    """
    percent = config.score.top_percent
    if variant not in REASONING:
        scores = top_percent_score(maps.base, percent)
        return CellMaps(maps, None, None, None, None, None, None, scores)
    if affinity is None:
        msg = f"{variant} makes a hypergraph; give the affinity of patches and prompts"
        raise ValueError(msg)
    device = affinity.device.type
    reduced = config.autocast and device in {"cpu", "cuda"}
    dtype = torch.bfloat16 if reduced else torch.float32
    graph = make_hypergraph(members, affinity, config.graph, dtype)
    around = spread_out(maps.base, graph, config.graph.propagation)
    if variant == "sghm" or network is None or network.reasoner is None or network.score is None:
        scores = top_percent_score(maps.base, percent)  # a small defect's peak would be averaged
        return CellMaps(maps, graph, affinity, None, None, around, None, scores)
    readings = maps.readings.movedim(0, -1)
    if not config.graph.readings:
        readings = readings[..., :0]
    with torch.autocast(device, dtype=torch.bfloat16, enabled=reduced):
        logits = network.reasoner(joint, evidence, readings, graph, around)
    hypergraph = torch.sigmoid(logits.reasoned)
    own = maps.base if logits.own is None else torch.sigmoid(logits.own)
    score_logits = _scored(network.score, maps, own, hypergraph, grid, config)
    scores = torch.sigmoid(score_logits)
    return CellMaps(
        maps, graph, affinity, logits.reasoned, logits.own, hypergraph, score_logits, scores
    )


def _scored(
    head: SoftHistogramScore,
    maps: BaseMaps,
    own: Tensor,
    hypergraph: Tensor,
    grid: tuple[int, int],
    config: H2vlrConfig,
) -> Tensor:
    """Return the log-odds of the learned image score, [B]. Source: H2VLR section 3.4."""
    base, visual = maps.base, maps.visual
    if config.score.detached:
        base, own, hypergraph = base.detach(), own.detach(), hypergraph.detach()
    fused = fused_map(base, hypergraph, grid, config.score.scale, config)
    percent = config.score.top_percent
    shown = torch.stack([base, visual, own, hypergraph], dim=1)  # [B, 4, N]
    tops = top_percent_score(shown.flatten(0, 1), percent).view(shown.shape[:2])
    logits: Tensor = head(fused, tops)
    return logits


def residual_of(hypergraph: Tensor, config: H2vlrConfig) -> Tensor:
    """Return M_res = beta (M_hg - mu), in [-1, 1], any shape. Source: H2VLR eq. 6."""
    return (hypergraph - config.residual_centre).mul_(config.residual_gain)


def fused_map(
    base: Tensor,
    hypergraph: Tensor,
    grid: tuple[int, int],
    scale: int,
    config: H2vlrConfig,
) -> Tensor:
    """Return M* at ``scale`` values per patch and side, [B, scale^2 N]. Source: H2VLR eq. 7.

    The range limit passes gradients as :func:`limited` does.

    Args:
        base: M_base, [B, N].
        hypergraph: M_hg, [B, N].
        grid: Patch grid (h, w).
        scale: 1 stays on the patches; more is bilinear.
        config: beta, mu and eta.
    """
    base, hypergraph = (enlarged(values, grid, scale) for values in (base, hypergraph))
    total = base + config.residual_weight * residual_of(hypergraph, config)
    if total.requires_grad:
        return limited(total)
    return fuse_residual(base, residual_of(hypergraph, config), config.residual_weight)


def enlarged(values: Tensor, grid: tuple[int, int], scale: int) -> Tensor:
    """Return maps [B, N] resized bilinearly to ``scale`` values per patch and side, flattened."""
    if scale == 1:
        return values
    size = (grid[0] * scale, grid[1] * scale)
    maps = values.view(-1, 1, *grid)
    return functional.interpolate(maps, size, mode="bilinear", align_corners=False).flatten(1)


def limited(values: Tensor) -> Tensor:
    """Return ``values`` clamped to [0, 1]; gradients that lead back into the range survive.

    A plain clamp would stop every gradient outside, a straight-through one would push values ever
    further out.
    """
    clamped: Tensor = _Limit.apply(values)
    return clamped


class _Limit(torch.autograd.Function):
    """The clamp of eq. 7 with a one-sided gradient."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: Tensor) -> Tensor:
        """Return ``values`` in [0, 1]."""
        ctx.save_for_backward(values)
        return values.clamp(0.0, 1.0)

    @staticmethod
    def backward(ctx: torch.autograd.function.BackwardCFunction, gradient: Tensor) -> Tensor:
        """Return ``gradient``, except where a descent step would lead further out."""
        (values,) = ctx.saved_tensors
        outwards = ((values < 0) & (gradient > 0)) | ((values > 1) & (gradient < 0))
        return gradient.masked_fill(outwards, 0.0)
