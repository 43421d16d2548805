"""What a support says about itself: how far its own patches lie from each other.

Shape letters as in ``adapp.core.results``; k support pictures, W channels of the joined taps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from adapp.ops.hypergraph import structural_members

NEAR = 2
"""Cells around a patch that a single support does not compare it with."""
OTHERS = 16
"""Support pictures that one of them is compared with, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Upright support patches compared with the rest of the support, row-major, picture by picture.

    Attributes:
        cost: 1 - cosine to the nearest patch elsewhere, [k * N].
        tap_cost: The same pair at each tap, [k * N, taps].
        shift: Distance from each patch to that one, cells of the pictures as encoded, [k * N].
    """

    cost: Tensor
    tap_cost: Tensor
    shift: Tensor


def left_out(
    views: Tensor,
    grid: tuple[int, int],
    taps: int,
    usable: Tensor | None,
    dtype: torch.dtype = torch.float32,
) -> LeftOut:
    """Return how far every upright patch lies from the other pictures of the support.

    A single picture is compared with itself, patches next to each other left out.

    Args:
        views: Joined taps of the upright pictures and of their turned copies, [turns, k, N, W].
        grid: Patch grid (h, w).
        taps: Joined taps.
        usable: Patches that may be matched, [k, N] bool; None means all.
        dtype: Arithmetic in which the nearest patch is sought; its cost is exact.
    """
    turns, count, cells, width = views.shape
    centre = views[0].mean(dim=(0, 1))  # common to all, so that it decides nothing
    searched = (views - centre).to(dtype)
    found = []
    for picture in range(count):
        mine = views[0, picture]
        others = [(picture + 1 + step) % count for step in range(min(count - 1, OTHERS))]
        pool = views[:, others or [picture]].reshape(-1, width)
        against = searched[:, others or [picture]].reshape(-1, width)
        likeness = mine.to(dtype) @ against.T  # [N, turns * others * N]
        if not others:
            likeness = likeness.masked_fill(_near(grid, turns, mine.device), -torch.inf)
        elif usable is not None:
            allowed = usable[others].flatten().repeat(turns)
            likeness = likeness.masked_fill(~allowed, -torch.inf)
        best = likeness.argmax(dim=-1)
        per_tap = tap_costs(mine, pool[best], taps)
        own = torch.arange(cells, device=mine.device)
        shift = cell_distance(own, best % cells, grid[1])
        found.append(LeftOut(cost=per_tap.mean(dim=-1), tap_cost=per_tap, shift=shift))
    return LeftOut(
        cost=torch.cat([one.cost for one in found]),
        tap_cost=torch.cat([one.tap_cost for one in found]),
        shift=torch.cat([one.shift for one in found]),
    )


def tap_costs(tokens: Tensor, matched: Tensor, taps: int) -> Tensor:
    """Return 1 - cosine of paired joined tokens [..., W] at each tap, [..., taps]."""
    return _costs_of(tokens * matched, taps)


def matched_costs(tokens: Tensor, bank: Tensor, rows: Tensor, taps: int) -> Tensor:
    """Return :func:`tap_costs` of tokens [B, N, W] and the rows [B, N] of a bank [G, W].

    Products are taken where the matched rows were gathered: a third large tensor takes its time.
    """
    matched = bank.index_select(0, rows.flatten())
    matched *= tokens.flatten(0, 1)
    return _costs_of(matched.view_as(tokens), taps)


def _costs_of(products: Tensor, taps: int) -> Tensor:
    """Return 1 - cosine at each tap, [..., taps], for products by channel [..., W]."""
    cosines = products.reshape(*products.shape[:-1], taps, -1).sum(dim=-1) * taps
    return (1.0 - cosines).clamp_min(0.0)


def cell_distance(one: Tensor, other: Tensor, columns: int) -> Tensor:
    """Return the distance between cells given by their row-major positions, in cells."""
    down = torch.div(one, columns, rounding_mode="floor") - torch.div(
        other, columns, rounding_mode="floor"
    )
    across = one % columns - other % columns
    return (down**2 + across**2).float().sqrt()


def rarities(tokens: Tensor, neighbours: int) -> Tensor:
    """Return the rarity of every patch in its own picture, [k, N], for tokens [k, N, D]."""
    found = []
    for own in tokens:
        similarity = (own @ own.T).unsqueeze(0)
        members = structural_members(similarity, neighbours)
        found.append(rarity(similarity.gather(-1, members)))
    return torch.cat(found)


def rarity(likeness: Tensor) -> Tensor:
    """Return 1 - mean cosine of each patch to its neighbours [B, N, K] in the picture, [B, N]."""
    return (1.0 - likeness.mean(dim=-1)).clamp_min(0.0)


def principal_directions(tokens: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the mean of ``tokens`` [G, W] and their main directions [W, R], strongest first.

    Subspace iteration from a fixed start, so that equal supports give equal directions; R is
    ``count`` or what the tokens allow. The directions are orthonormal.
    """
    width = tokens.shape[1]
    centre = tokens.mean(dim=0)
    centred = tokens - centre
    count = min(count, width - 1, max(tokens.shape[0] - 1, 1))
    start = torch.randn(width, count, generator=torch.Generator().manual_seed(0))
    directions = torch.linalg.qr(start.to(tokens.device)).Q
    for _ in range(3):
        directions = torch.linalg.qr(centred.T @ (centred @ directions)).Q
    along = centred @ directions  # [G, R]
    turn = torch.linalg.eigh(along.T @ along).eigenvectors.flip(-1)
    return centre, directions @ turn


def unexplained(tokens: Tensor, centre: Tensor, basis: Tensor) -> Tensor:
    """Return the squared length that the directions leave of ``tokens`` [..., W], [...]."""
    centred = tokens - centre
    residual = (centred**2).sum(dim=-1) - ((centred @ basis) ** 2).sum(dim=-1)
    return residual.clamp_min(1e-6)


def held_out_residual(visual: Tensor, usable: Tensor | None, directions: int) -> Tensor:
    """Return what the directions of one half of the support leave of the other half, [patches].

    Several pictures are halved by picture, a single one by every other cell.

    Args:
        visual: Joined taps of the upright pictures, [k, N, W].
        usable: Patches that count, [k, N] bool; None means all.
        directions: Number of directions.
    """
    count, cells, width = visual.shape
    half = torch.arange(count * cells, device=visual.device)
    half = (half // cells if count > 1 else half) % 2
    tokens = visual.reshape(-1, width)
    if usable is not None:
        tokens, half = tokens[usable.flatten()], half[usable.flatten()]
    left = []
    for side in (0, 1):
        inside, outside = tokens[half == side], tokens[half != side]
        if len(inside) > 1 and len(outside):
            left.append(unexplained(outside, *principal_directions(inside, directions)))
    return torch.cat(left) if left else tokens.new_ones(1)


def quantile(values: Tensor, share: float) -> float:
    """Return a quantile of any number of values (``torch.quantile`` refuses many)."""
    rank = min(values.numel(), max(1, round(share * values.numel())))
    return float(values.flatten().kthvalue(rank).values)


def _near(grid: tuple[int, int], turns: int, device: torch.device) -> Tensor:
    """Return which patches lie next to each other in one picture, [N, turns * N] bool.

    Turned copies are compared whole: they show the same part elsewhere.
    """
    cells = torch.arange(grid[0] * grid[1], device=device)
    rows, columns = cells // grid[1], cells % grid[1]
    close = ((rows[:, None] - rows).abs() <= NEAR) & ((columns[:, None] - columns).abs() <= NEAR)
    return torch.cat([close, torch.zeros_like(close).repeat(1, turns - 1)], dim=1)
