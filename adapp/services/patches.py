"""Why a hypergraph method read a patch as it did: the hyperedges that the patch belongs to."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from adapp.core.results import Hyperedges

Cell: TypeAlias = tuple[int, int]
"""Row and column of a patch in the grid."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A patch of the same picture in the structural hyperedge of another one."""

    rank: int
    cell: Cell
    similarity: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A prompt that claims a patch.

    Attributes:
        prompt: Its text.
        abnormal: Whether it describes a defect.
        weight: Weight of its hyperedge; 1 on average.
        rank: Place of the patch among those that the prompt claims, from 1.
        similarity: Cosine of patch and prompt.
        cells: All patches that the prompt claims, best first.
    """

    prompt: str
    abnormal: bool
    weight: float
    rank: int
    similarity: float
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class PatchLinks:
    """The hyperedges of one patch.

    Attributes:
        grid: Rows and columns of the patch grid.
        cell: The patch.
        neighbours: Its structural hyperedge, most similar first.
        claims: Semantic hyperedges that contain it, heaviest first.
        claimed: Every patch that some prompt claims, row by row.
    """

    grid: Cell
    cell: Cell
    neighbours: tuple[Neighbour, ...]
    claims: tuple[Claim, ...]
    claimed: tuple[Cell, ...] = ()


def cell_at(grid: Cell, pixel: tuple[int, int], size: tuple[int, int]) -> Cell:
    """Return the patch that covers ``pixel`` (row, column) of a picture of ``size``."""
    row, column = (
        min(max(place, 0) * cells // side, cells - 1)
        for place, cells, side in zip(pixel, grid, size, strict=True)
    )
    return row, column


def patch_links(edges: Hyperedges, pixel: tuple[int, int], size: tuple[int, int]) -> PatchLinks:
    """Return the hyperedges of the patch under ``pixel``.

    Args:
        edges: Hyperedges over the picture's patches.
        pixel: Row and column in the picture.
        size: Height and width of the picture in pixels.
    """
    cell = cell_at(edges.grid, pixel, size)
    patch = cell[0] * edges.grid[1] + cell[1]
    near = zip(edges.neighbours[patch].tolist(), edges.similarity[patch].tolist(), strict=True)
    return PatchLinks(
        grid=edges.grid,
        cell=cell,
        neighbours=tuple(
            Neighbour(rank, _cell(edges, other), similarity)
            for rank, (other, similarity) in enumerate(near, start=1)
        ),
        claims=tuple(_claim(edges, prompt, patch) for prompt in edges.claims_on(patch)),
        claimed=tuple(_cell(edges, int(other)) for other in np.unique(edges.claimed)),
    )


def _claim(edges: Hyperedges, prompt: int, patch: int) -> Claim:
    claimed = edges.claimed[prompt].tolist()
    place = claimed.index(patch)
    return Claim(
        prompt=edges.prompts[prompt],
        abnormal=bool(edges.abnormal[prompt]),
        weight=float(edges.weights[prompt]),
        rank=place + 1,
        similarity=float(edges.claim_similarity[prompt, place]),
        cells=tuple(_cell(edges, other) for other in claimed),
    )


def _cell(edges: Hyperedges, patch: int) -> Cell:
    row, column = divmod(patch, edges.grid[1])
    return row, column
