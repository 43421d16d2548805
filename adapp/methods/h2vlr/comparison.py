"""Queries held against the support gallery: costs, matches, neighbours and visual evidence.

Nothing here is trained, so training computes it once per episode. Shape letters as in
``adapp.core.results``; W channels of the joined taps, K neighbours in the picture.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from adapp.methods.h2vlr.config import H2vlrConfig
from adapp.methods.h2vlr.gallery import DIRECTIONS, SupportGallery, structure_tokens
from adapp.methods.h2vlr.spread import cell_distance, matched_costs, rarity
from adapp.ops.hypergraph import structural_members
from adapp.ops.maps import calibrate_cost, cost_logit
from adapp.ops.similarity import best_rows


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What the gallery and the picture itself say about the patches of a batch.

    Attributes:
        cost: Cost of the nearest normal patch, [B, N] in [0, 2].
        rows: Its row in the gallery, [B, N].
        members: Most similar patches of the same picture, best first, [B, N, K].
        likeness: Their cosine, [B, N, K].
        evidence: One channel for each name in :func:`channels`, [B, N, E]; E is 0 without.
    """

    cost: Tensor
    rows: Tensor
    members: Tensor
    likeness: Tensor
    evidence: Tensor


def channels(config: H2vlrConfig) -> tuple[str, ...]:
    """Return the names of the visual evidence channels.

    All but the last are logarithms of a ratio to what the support itself shows:
    ``cost`` to its spread and ``cost_tap_i`` the same at one tap; ``local`` to the left-out cost
    of the matched patch; ``rarity`` and ``relative_rarity``, how unlike its own picture a patch is,
    the latter against the matched patch; ``shift``, how far away it was matched; ``unexplained``,
    what the support's main directions leave of it. ``single`` is 1 with one support, else 0.
    """
    if not config.graph.evidence:
        return ()
    taps = tuple(f"cost_tap_{number}" for number in range(len(config.gallery.stages)))
    names = ("local", "rarity", "relative_rarity", "shift", "unexplained", "single")
    return ("cost", *taps, *names)


def compare(
    gallery: SupportGallery, visual: Tensor, joint: Tensor | None, config: H2vlrConfig
) -> Comparison:
    """Return the patches of a batch held against ``gallery`` and against their own picture.

    Args:
        gallery: Normal patches.
        visual: Joined taps of the queries, [B, N, W].
        joint: Their patches in the joint space, [S, B, N, J]; needed where structural
            neighbours are sought there.
        config: Constants.

    Raises:
        ValueError: If ``joint`` is needed and absent.
    """
    along = narrowed(gallery, visual)
    separate = config.gallery.matching == "separate"
    nearest = _nearest_by_tap(gallery, visual) if separate else None
    rows = nearest_rows(gallery, visual, along) if nearest is None else nearest[0]
    per_tap = matched_costs(visual, gallery.tokens, rows, gallery.taps)
    cost = per_tap.mean(dim=-1) if nearest is None else nearest[1]
    similarity = _similarity(gallery, visual, joint, config)
    members = structural_members(similarity, config.graph.neighbours)
    likeness = similarity.gather(-1, members)
    evidence = cost.new_zeros(*cost.shape, 0)
    if config.graph.evidence:
        left = _unexplained(gallery, visual, along)
        evidence = _evidence(gallery, cost, per_tap, rows, rarity(likeness), left)
    return Comparison(cost, rows, members, likeness, evidence)


def narrowed(gallery: SupportGallery, visual: Tensor) -> Tensor:
    """Return the queries along the support's main directions, [B, N, R]."""
    dtype = gallery.bank.dtype
    along: Tensor = visual.to(dtype) @ gallery.basis.to(dtype)
    return along


def nearest_rows(gallery: SupportGallery, visual: Tensor, along: Tensor) -> Tensor:
    """Return the gallery row of the most similar normal patch, [B, N].

    Args:
        gallery: Normal patches.
        visual: Joined taps of the queries, [B, N, W].
        along: The same along the main directions, [B, N, R]; used if the search is narrowed.
    """
    batch, cells, width = visual.shape
    exact = gallery.bank.shape[1] == width
    flat = (visual.to(gallery.bank.dtype) if exact else along).flatten(0, 1)
    return best_rows(gallery.bank @ flat.T).view(batch, cells)


def visual_map(cost: Tensor, gallery: SupportGallery, config: H2vlrConfig) -> Tensor:
    """Return M_vis, [B, N] in [0, 1]. Source: H2VLR eq. 5 (kNN matching)."""
    if config.gallery.calibration == "none":
        return cost / 2.0
    return calibrate_cost(cost, gallery.spread, config.gallery.steepness)


def _nearest_by_tap(gallery: SupportGallery, visual: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gallery rows that are nearest over all taps, and the costs tap by tap, [B, N].

    The cost is the mean over taps of the nearest one at each. It is exact; only the search is
    reduced. Source: PromptAD.
    """
    flat = visual.flatten(0, 1)
    reduced = flat.to(gallery.bank.dtype)
    searched = zip(*(bank.chunk(gallery.taps, -1) for bank in (gallery.bank, reduced)), strict=True)
    products = [theirs @ mine.T for theirs, mine in searched]  # taps times [G, B * N]
    exact = zip(*(bank.chunk(gallery.taps, -1) for bank in (gallery.tokens, flat)), strict=True)
    costs = [
        1.0 - gallery.taps * (mine * theirs[best_rows(product)]).sum(dim=-1)
        for product, (theirs, mine) in zip(products, exact, strict=True)
    ]
    rows = best_rows(torch.stack(products).sum(dim=0))
    cost = torch.stack(costs).mean(dim=0).clamp_min(0.0)
    return rows.view(visual.shape[:2]), cost.view(visual.shape[:2])


def _similarity(
    gallery: SupportGallery, visual: Tensor, joint: Tensor | None, config: H2vlrConfig
) -> Tensor:
    """Return the cosine of the patches of each picture to each other, [B, N, N] float32.

    In reduced precision the support's mean is taken out first and put back exactly afterwards.
    """
    if config.graph.structure == "joint":
        if joint is None:
            msg = "structural neighbours are sought in the joint space; give the joint tokens"
            raise ValueError(msg)
        tokens: Tensor = joint.movedim(0, 2).flatten(2) / joint.shape[0] ** 0.5  # [B, N, S * J]
        return tokens @ tokens.mT
    tokens = structure_tokens(visual, config)
    if gallery.bank.dtype == torch.float32:
        return tokens @ tokens.mT
    centre = structure_tokens(gallery.centre, config)
    small = (tokens - centre).to(gallery.bank.dtype)
    along = tokens @ centre  # [B, N]
    similarity = (small @ small.mT).float()
    similarity += along.unsqueeze(-1)
    similarity += (along - centre.dot(centre)).unsqueeze(-2)
    return similarity


def _unexplained(gallery: SupportGallery, visual: Tensor, along: Tensor) -> Tensor:
    """Return the squared length that the first main directions leave of a patch, [B, N].

    Equals ``spread.unexplained``; the products are those of the search.
    """
    centre = gallery.centre
    length = 1.0 - 2.0 * (visual @ centre) + centre.dot(centre)
    explained = along[..., :DIRECTIONS].float() - (centre @ gallery.basis)[:DIRECTIONS]
    return (length - (explained**2).sum(dim=-1)).clamp_min(1e-6)


def _evidence(
    gallery: SupportGallery,
    cost: Tensor,
    per_tap: Tensor,
    rows: Tensor,
    rare: Tensor,
    left: Tensor,
) -> Tensor:
    """Return the visual evidence, [B, N, E]; see :func:`channels`."""
    columns = gallery.grid[1]
    own = torch.arange(rows.shape[1], device=rows.device)
    matched = gallery.source[rows]
    shift = cell_distance(own, matched[..., 1] * columns + matched[..., 2], columns)
    floor = 0.01  # cosine; below it ratios of costs say nothing
    stacked = [
        cost_logit(cost, gallery.spread, 1.0),
        *cost_logit(per_tap, gallery.tap_spread, 1.0).unbind(-1),
        ((cost + floor) / (gallery.left_out[rows] + floor)).log(),
        (rare + floor).log() - math.log(gallery.typical_rarity + floor),
        ((rare + floor) / (gallery.rarity[rows] + floor)).log(),
        ((shift + 1.0) / (gallery.shift + 1.0)).log(),
        left.log() - math.log(gallery.unexplained),
        torch.full_like(cost, float(gallery.pictures == 1)),
    ]
    return torch.stack(stacked, dim=-1)
