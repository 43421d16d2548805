"""What the filter learns from: queries already compared with a database of normals.

An episode is a draw of supports of one category and a batch of queries against them: clean
pictures, synthetic anomalies and, from auxiliary data, real defects with masks. The encoder is
frozen, so episodes are computed once, kept on disk in half precision and read many times.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from adapp.backbones.base import ImageBackbone
from adapp.core.results import BinaryMask, RgbImage
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.database import Category, retrieve
from adapp.methods.raid.templates import encode

TARGET_SCALE = 4
"""Cells of the training mask per patch and side."""
COVERED = 0.25
"""Share of a mask cell that must be anomalous to count."""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One picture of an episode.

    Attributes:
        image: The picture.
        mask: Where it is anomalous; None for a clean picture.
        exclude: Position of the support it is, or was made from; None if it is none of them.
    """

    image: RgbImage
    mask: BinaryMask | None
    exclude: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """Queries compared with one database entry; half precision, on the CPU.

    Attributes:
        tokens: [B, N, D].
        nearest: Row of the nearest semantic prototype, [B, N].
        prototypes: Semantic prototypes of the entry, [P, D].
        costs: Matching costs, ascending, [B, N, K].
        spread: Normal cost of the entry, [1].
        target: Training masks, [B, 4h, 4w] uint8 in {0, 1}.
    """

    tokens: Tensor
    nearest: Tensor
    prototypes: Tensor
    costs: Tensor
    spread: Tensor
    target: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Input of one training step, float32.

    Attributes:
        tokens: [B, h, w, D].
        prototypes: [B, h, w, D].
        costs: [B, h, w, K].
        spread: [B].
        target: [B, 1, 4h, 4w].
    """

    tokens: Tensor
    prototypes: Tensor
    costs: Tensor
    spread: Tensor
    target: Tensor


def make_episode(
    entry: Category, queries: Sequence[Query], backbone: ImageBackbone, config: RaidConfig
) -> Episode:
    """Return the queries compared with ``entry``."""
    tokens, _, grid = encode((query.image for query in queries), backbone, config.stages)
    costs, nearest = [], []
    for patches, query in zip(tokens, queries, strict=True):
        found = retrieve(entry, patches, config.database, exclude_picture=query.exclude)
        costs.append(found.costs)
        nearest.append((patches @ entry.prototypes.T).argmax(dim=1))
    side = (grid[0] * TARGET_SCALE, grid[1] * TARGET_SCALE)
    target = np.stack([target_mask(query.mask, side) for query in queries])
    return Episode(
        tokens=tokens.half(),
        nearest=torch.stack(nearest).to(torch.int16),
        prototypes=entry.prototypes.half(),
        costs=torch.stack(costs).half(),
        spread=torch.tensor([entry.normal_cost]),
        target=torch.from_numpy(target),
    )


def target_mask(mask: BinaryMask | None, side: tuple[int, int]) -> np.ndarray:
    """Return ``mask`` on the training grid, uint8 {0, 1}; a defect never vanishes."""
    if mask is None or not mask.any():
        return np.zeros(side, dtype=np.uint8)
    share = cv2.resize(mask.astype(np.float32), (side[1], side[0]), interpolation=cv2.INTER_AREA)
    return (share >= min(COVERED, float(share.max()))).astype(np.uint8)


def batches(
    episodes: Sequence[Episode],
    grid: tuple[int, int],
    size: int,
    crop: int,
    rng: np.random.Generator,
) -> Iterator[Batch]:
    """Yield all queries of all episodes once, shuffled, cropped and mirrored at random.

    Args:
        episodes: What to draw from.
        grid: Patch grid (h, w) of every query.
        size: Queries of a batch; a last incomplete batch is left out.
        crop: Side of the square window that is learned from, in cells; at most the grid's.
        rng: Source of order, windows and mirroring.
    """
    places = [(e, q) for e, episode in enumerate(episodes) for q in range(len(episode.tokens))]
    order = rng.permutation(len(places))
    for start in range(0, len(order) - size + 1, size):
        chosen = [places[int(i)] for i in order[start : start + size]]
        yield mirrored(gather(episodes, chosen, grid, crop, rng), rng)


def gather(
    episodes: Sequence[Episode],
    places: Sequence[tuple[int, int]],
    grid: tuple[int, int],
    crop: int,
    rng: np.random.Generator,
) -> Batch:
    """Return the named (episode, query) places as one batch of random windows."""
    parts: list[tuple[Tensor, ...]] = []
    side = min(crop, *grid)
    for position, query in places:
        episode = episodes[position]
        row, column = (int(rng.integers(0, length - side + 1)) for length in grid)
        cells = torch.arange(grid[0] * grid[1]).reshape(grid)
        inside = cells[row : row + side, column : column + side].flatten()
        top, left, wide = TARGET_SCALE * row, TARGET_SCALE * column, TARGET_SCALE * side
        parts.append(
            (
                episode.tokens[query][inside],
                episode.prototypes[episode.nearest[query][inside].long()],
                episode.costs[query][inside],
                episode.spread[0],
                episode.target[query, top : top + wide, left : left + wide],
            )
        )
    tokens, prototypes, costs, spread, target = (
        torch.stack(column).float() for column in zip(*parts, strict=True)
    )
    shape = (len(places), side, side, -1)
    return Batch(
        tokens=tokens.reshape(shape),
        prototypes=prototypes.reshape(shape),
        costs=costs.reshape(shape),
        spread=spread,
        target=target.unsqueeze(1),
    )


def mirrored(batch: Batch, rng: np.random.Generator) -> Batch:
    """Return ``batch`` with its grids mirrored at random: the same parts, seen mirrored."""
    axes = [axis for axis in (1, 2) if rng.random() < 0.5]
    if not axes:
        return batch
    return Batch(
        tokens=batch.tokens.flip(axes),
        prototypes=batch.prototypes.flip(axes),
        costs=batch.costs.flip(axes),
        spread=batch.spread,
        target=batch.target.flip([axis + 1 for axis in axes]),
    )


class EpisodeStore:
    """Episodes on disk, one file a category; made when missing, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Return the file of the category whose content is described by ``key``."""
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.safetensors"

    def load(self, key: str) -> list[Episode] | None:
        """Return the kept episodes, or None if there are none that can be read."""
        path = self.path(key)
        if not path.is_file():
            return None
        try:
            tensors = load_file(path)
        except (SafetensorError, OSError):
            return None
        count = len({name.split(".")[0] for name in tensors})
        names = Episode.__slots__
        return [
            Episode(**{name: tensors[f"{number}.{name}"] for name in names})
            for number in range(count)
        ]

    def save(self, key: str, episodes: Sequence[Episode]) -> None:
        """Write the episodes of one category through a temporary file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            f"{number}.{name}": getattr(episode, name).contiguous()
            for number, episode in enumerate(episodes)
            for name in Episode.__slots__
        }
        path = self.path(key)
        temporary = path.with_suffix(".part")
        save_file(tensors, temporary)
        temporary.replace(path)
