"""Balanced batches over the shelves: every category counts the same, whatever its size."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Mixture:
    """In which proportions pictures are drawn.

    Shares need not sum to one; what the shelves lack is drawn from the rest. A normal picture of
    a real category counts as real or synthetic alike.

    Attributes:
        real: Share of real pictures.
        synthetic: Share of real normal pictures with a synthetic anomaly.
        rendered: Share of rendered parts, damaged or not.
        normal: Share of normal pictures.

    Raises:
        ValueError: If a share is negative or all are zero, or ``normal`` is not in [0, 1].
    """

    real: float = 0.5
    synthetic: float = 0.25
    rendered: float = 0.25
    normal: float = 0.4

    def __post_init__(self) -> None:
        shares = (self.real, self.synthetic, self.rendered)
        if min(shares) < 0 or sum(shares) <= 0:
            msg = f"shares must not be negative and not all zero, got {shares}"
            raise ValueError(msg)
        if not 0 <= self.normal <= 1:
            msg = f"the share of normal pictures must lie in [0, 1], got {self.normal}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Pictures of one training step, float32.

    Attributes:
        patches: [S, B, N, D].
        local: V-V patches likewise; None if the shelves hold none.
        pooled: [B, D].
        target: Training masks, [B, 1, 4h, 4w] in {0, 1}.
        label: 0 or 1, [B].
        shelves: Position of the shelf that each picture comes from.
        defect_types: One per picture; "" if normal or not known.
        kinds: One per picture.
        grid: Patch grid (h, w), N = h * w; smaller than the shelves' for cropped batches.
    """

    patches: Tensor
    local: Tensor | None
    pooled: Tensor
    target: Tensor
    label: Tensor
    shelves: tuple[int, ...]
    defect_types: tuple[str, ...]
    kinds: tuple[str, ...]
    grid: tuple[int, int]


@dataclass(slots=True, eq=False)
class Sampler:
    """Draws (shelf, picture) places: first normal or not, then the kind, category and picture.

    Attributes:
        shelves: What to draw from.
        mixture: In which proportions.

    Raises:
        UsageError: If the shelves hold no picture that the mixture asks for.
    """

    shelves: Sequence[Shelf]
    mixture: Mixture = field(default_factory=Mixture)
    _places: dict[tuple[bool, str], list[tuple[int, list[int]]]] = field(init=False)

    def __post_init__(self) -> None:
        self._places = {}
        for position, shelf in enumerate(self.shelves):
            groups: dict[tuple[bool, str], list[int]] = {}
            labels = shelf.label.tolist()
            for picture, (label, kind) in enumerate(zip(labels, shelf.kinds, strict=True)):
                groups.setdefault((label == 0, kind), []).append(picture)
            for group, pictures in groups.items():
                self._places.setdefault(group, []).append((position, pictures))
        if not self._kinds(normal=True) and not self._kinds(normal=False):
            msg = "no training picture is of the kinds asked for; check --data"
            raise UsageError(msg)

    def draw(self, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
        """Return ``count`` places (position of the shelf, position of the picture)."""
        return [self._one(rng) for _ in range(count)]

    def _one(self, rng: np.random.Generator) -> tuple[int, int]:
        normal = bool(rng.random() < self.mixture.normal)
        shares = self._kinds(normal=normal)
        if not shares:
            normal = not normal
            shares = self._kinds(normal=normal)
        weights = np.array(list(shares.values()))
        kind = list(shares)[int(rng.choice(len(weights), p=weights / weights.sum()))]
        categories = self._places[normal, kind]
        position, pictures = categories[int(rng.integers(len(categories)))]
        return position, pictures[int(rng.integers(len(pictures)))]

    def _kinds(self, *, normal: bool) -> dict[str, float]:
        """Return the kinds that the shelves hold, with their shares."""
        mixture = self.mixture
        shares = {
            "real": mixture.real,
            "synthetic": mixture.synthetic,
            "rendered": mixture.rendered,
        }
        if normal:  # a synthetic anomaly has no normal of its own kind: real ones stand for it
            shares = {"real": mixture.real + mixture.synthetic, "rendered": mixture.rendered}
        return {k: s for k, s in shares.items() if s > 0 and (normal, k) in self._places}


def batches(
    sampler: Sampler, size: int, steps: int, rng: np.random.Generator, *, crop: int | None = None
) -> Iterator[Batch]:
    """Yield ``steps`` batches of ``size`` pictures, mirrored at random.

    Args:
        sampler: What to draw, and how.
        size: Pictures of a batch.
        steps: Number of batches.
        rng: Source of the draw, the mirroring and the windows.
        crop: Side of a random square window of cells, one for the whole batch; None takes the
            whole grid. Labels stay those of the whole picture.
    """
    for _ in range(steps):
        batch = gather(sampler.shelves, sampler.draw(size, rng))
        if crop is not None:
            batch = cropped(batch, crop, rng)
        yield mirrored(batch, rng)


def gather(shelves: Sequence[Shelf], places: Sequence[tuple[int, int]]) -> Batch:
    """Return the pictures at ``places`` (shelf, picture) as one batch, whole and not mirrored."""
    drawn = [(shelves[position], picture) for position, picture in places]
    local = [shelf.local[picture] for shelf, picture in drawn if shelf.local is not None]
    return Batch(
        patches=torch.stack([shelf.patches[picture] for shelf, picture in drawn], dim=1).float(),
        local=torch.stack(local, dim=1).float() if len(local) == len(drawn) else None,
        pooled=torch.stack([shelf.pooled[picture] for shelf, picture in drawn]).float(),
        target=torch.stack([shelf.target[picture] for shelf, picture in drawn])[:, None].float(),
        label=torch.stack([shelf.label[picture] for shelf, picture in drawn]).float(),
        shelves=tuple(position for position, _ in places),
        defect_types=tuple(shelf.defect_types[picture] for shelf, picture in drawn),
        kinds=tuple(shelf.kinds[picture] for shelf, picture in drawn),
        grid=drawn[0][0].grid,
    )


def mirrored(batch: Batch, rng: np.random.Generator) -> Batch:
    """Return ``batch`` with its grids mirrored at random: the same parts, seen mirrored."""
    axes = [axis for axis in (0, 1) if rng.random() < 0.5]
    if not axes:
        return batch
    return _regrid(batch, lambda cells: cells.flip([2 + axis for axis in axes]))


def cropped(batch: Batch, side: int, rng: np.random.Generator) -> Batch:
    """Return a random square window of ``side`` cells, at most the grid's, of every picture."""
    side = min(side, *batch.grid)
    row, column = (int(rng.integers(0, length - side + 1)) for length in batch.grid)

    def window(cells: Tensor) -> Tensor:
        scale = cells.shape[2] // batch.grid[0]
        rows = slice(scale * row, scale * (row + side))
        columns = slice(scale * column, scale * (column + side))
        return cells[:, :, rows, columns]

    return _regrid(batch, window)


def _regrid(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    """Return ``batch`` with ``change`` made to every grid, each given as [?, ?, rows, columns]."""

    def tokens(patches: Tensor) -> Tensor:
        stages, count, _, width = patches.shape
        cells = patches.reshape(stages * count, *batch.grid, width).permute(0, 3, 1, 2)
        changed = change(cells).permute(0, 2, 3, 1)
        return changed.reshape(stages, count, -1, width)

    target = change(batch.target)
    scale = batch.target.shape[2] // batch.grid[0]
    return replace(
        batch,
        patches=tokens(batch.patches),
        local=None if batch.local is None else tokens(batch.local),
        target=target,
        grid=(target.shape[2] // scale, target.shape[3] // scale),
    )
