"""The support gallery: normal patches and their own spread, made once per fit.

Shape letters as in ``adapp.core.results``; k support pictures, G gallery patches, W channels of
the joined taps, R main directions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adapp.methods.h2vlr.config import H2vlrConfig
from adapp.methods.h2vlr.spread import (
    held_out_residual,
    left_out,
    principal_directions,
    quantile,
    rarities,
    tap_costs,
)

DIRECTIONS = 64
"""Main directions that the normal patches are described by."""
VIEW_INFLATION = 1.2
"""Factor from the cost of mild views to that of another part."""


@dataclass(frozen=True, slots=True, eq=False)
class SupportGallery:
    """Normal patches of one support.

    Attributes:
        tokens: Joined taps, [G, W] unit norm.
        source: Where each comes from, [G, 4]: support picture, row and column of the cell in the
            upright picture, quarter turns of the copy (0 for the picture itself).
        place: Position of each in the flattened (turn, picture, cell) order, [G].
        grid: Patch grid (h, w).
        pictures: Support pictures.
        taps: Joined taps.
        spread: Cost that the support's own patches hardly ever exceed.
        tap_spread: The same at each tap, [taps].
        left_out: Cost of each patch without its own picture, [G].
        rarity: Mean cost of each patch to its most similar ones in the same picture, [G].
        typical_rarity: Median of it.
        shift: Typical distance from a patch to the one it matches, cells.
        centre: Mean patch, [W].
        basis: Main directions around it, strongest first, [W, R], orthonormal.
        unexplained: Squared length that the first ``DIRECTIONS`` of them hardly ever leave of a
            normal patch.
        bank: ``tokens`` less ``centre``, along the basis if the search is narrowed, in the
            arithmetic of the search, [G, R] or [G, W].
    """

    tokens: Tensor
    source: Tensor
    place: Tensor
    grid: tuple[int, int]
    pictures: int
    taps: int
    spread: float
    tap_spread: Tensor
    left_out: Tensor
    rarity: Tensor
    typical_rarity: float
    shift: float
    centre: Tensor
    basis: Tensor
    unexplained: float
    bank: Tensor

    @property
    def rotated(self) -> bool:
        """Whether turned copies are among the patches."""
        return bool((self.source[:, 3] != 0).any())

    def without(self, picture: int) -> "SupportGallery":
        """Return the patches of the other support pictures; the spread stays the whole support's.

        Raises:
            ValueError: If no other picture is there.
        """
        kept = self.source[:, 0] != picture
        if not bool(kept.any()):
            msg = "a gallery of one picture has nothing left without it"
            raise ValueError(msg)
        tokens = self.tokens[kept]
        centre, basis = principal_directions(tokens, self.basis.shape[1])
        narrowed = self.bank.shape[1] != tokens.shape[1]
        return replace(
            self,
            tokens=tokens,
            source=self.source[kept],
            place=self.place[kept],
            left_out=self.left_out[kept],
            rarity=self.rarity[kept],
            centre=centre,
            basis=basis,
            bank=search_bank(tokens, centre, basis if narrowed else None, self.bank.dtype),
        )


def make_gallery(
    visual: Tensor,
    grid: tuple[int, int],
    config: H2vlrConfig,
    *,
    turned: Sequence[Tensor] = (),
    usable: Tensor | None = None,
    search_dtype: torch.dtype = torch.float32,
) -> SupportGallery:
    """Return the gallery of a support.

    Args:
        visual: Joined taps of the upright pictures, [k, N, W].
        grid: Patch grid (h, w); square if there are turned copies.
        config: Constants.
        turned: The same pictures turned by 90, 180 and 270 degrees counter-clockwise, each
            [k, N, W]; empty without turned copies.
        usable: Patches of the upright pictures that are known to be normal, [k, N] bool; None
            means all.
        search_dtype: Arithmetic of the search.

    Raises:
        ValueError: If there is no usable patch.
    """
    (count, cells, width), taps = visual.shape, len(config.gallery.stages)
    views = torch.stack([visual, *turned])  # [turns, k, N, W]
    source = sources(len(views), count, grid).to(visual.device)
    place = torch.arange(len(source), device=visual.device)
    if usable is not None:
        place = place[usable.flatten().repeat(len(views))]
    if len(place) == 0:
        msg = "a support gallery needs at least one normal patch"
        raise ValueError(msg)
    source, tokens = source[place], views.reshape(-1, width)[place]
    known = torch.ones_like(visual[..., 0], dtype=torch.bool) if usable is None else usable
    own = left_out(views, grid, taps, usable, search_dtype)
    share, inflation = _inflated(config, count)
    spread, *tap_spread = (
        max(quantile(costs[known.flatten()], share) * inflation, 1e-3)
        for costs in (own.cost, *own.tap_cost.T)
    )
    upright = source[:, 0] * cells + source[:, 1] * grid[1] + source[:, 2]
    narrow = config.gallery.search_width if config.gallery.matching == "joined" else 0
    centre, basis = principal_directions(tokens, max(DIRECTIONS, narrow))
    bank = search_bank(tokens, centre, basis if narrow else None, search_dtype)
    rare = rarities(structure_tokens(visual, config), config.graph.neighbours).flatten()
    return SupportGallery(
        tokens=tokens,
        source=source,
        place=place,
        grid=grid,
        pictures=count,
        taps=taps,
        spread=spread,
        tap_spread=torch.tensor(tap_spread, device=visual.device),
        left_out=own.cost[upright],
        rarity=rare[upright],
        typical_rarity=float(rare.median()),
        shift=float(own.shift.median()),
        centre=centre,
        basis=basis,
        unexplained=quantile(held_out_residual(visual, usable, DIRECTIONS), share),
        bank=bank,
    )


def _inflated(config: H2vlrConfig, count: int) -> tuple[float, float]:
    """Return the quantile of left-out costs and the factor on it for ``count`` supports."""
    if count == 1:
        return config.gallery.single_quantile, config.gallery.single_inflation
    return config.gallery.normal_quantile, 1.0


def widened(gallery: SupportGallery, views: Tensor, config: H2vlrConfig) -> SupportGallery:
    """Return ``gallery`` with a spread that covers mild views of its pictures (D16).

    A single support shows nothing of another part; at the least, the same part moved, lit or turned
    a little has to read as normal.

    Args:
        gallery: Gallery of a single support.
        views: Joined taps of the views, [V, N, W].
        config: Constants.
    """
    flat = views.flatten(0, 1)
    best = (flat.to(gallery.tokens.dtype) @ gallery.tokens.T).argmax(dim=-1)
    per_tap = tap_costs(flat, gallery.tokens[best], gallery.taps)
    share = config.gallery.normal_quantile
    seen = torch.tensor([quantile(costs, share) for costs in per_tap.T]) * VIEW_INFLATION
    joined = quantile(per_tap.mean(dim=-1), share) * VIEW_INFLATION
    return replace(
        gallery,
        spread=max(gallery.spread, joined),
        tap_spread=torch.maximum(gallery.tap_spread, seen.to(gallery.tap_spread.device)),
    )


def search_bank(tokens: Tensor, centre: Tensor, basis: Tensor | None, dtype: torch.dtype) -> Tensor:
    """Return what queries are multiplied with, [G, R] along ``basis`` [W, R], else [G, W].

    The common part of all patches is taken out: it does not change which one is nearest, and
    what is left loses less in reduced precision.
    """
    centred = tokens - centre
    return (centred if basis is None else centred @ basis).to(dtype)


def structure_tokens(visual: Tensor, config: H2vlrConfig) -> Tensor:
    """Return what patches of one picture are compared by, unit norm, for joined taps [B, N, W].

    All taps, or the one that ``graph.structure_tap`` names.
    """
    tap = config.graph.structure_tap
    if tap is None:
        return visual
    taps = len(config.gallery.stages)
    chosen: Tensor = visual.chunk(taps, dim=-1)[tap] * float(taps) ** 0.5
    return chosen


def sources(turns: int, count: int, grid: tuple[int, int]) -> Tensor:
    """Return picture, upright row and column, and turns of every patch, [turns * k * N, 4]."""
    cells = torch.arange(grid[0] * grid[1]).reshape(grid)
    rows = []
    for turn in range(turns):
        upright = torch.rot90(cells, turn).flatten()
        place = torch.stack([upright // grid[1], upright % grid[1]], dim=1)
        for picture in range(count):
            fixed = torch.tensor([picture, turn]).expand(len(place), 2)
            rows.append(torch.cat([fixed[:, :1], place, fixed[:, 1:]], dim=1))
    return torch.cat(rows)
