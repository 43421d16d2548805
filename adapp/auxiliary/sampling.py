"""Balanced batches over the shelves: every category counts the same, whatever its size."""

from collections.abc import Iterator, Sequence
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
        label: 0 or 1, [B]; of the cells kept, where not all of them are.
        shelves: Position of the shelf that each picture comes from.
        defect_types: One per picture; "" if normal or not known.
        kinds: One per picture.
        grid: Patch grid (h, w), N = h * w; smaller than the shelves' where not all cells are kept.
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
    sampler: Sampler,
    size: int,
    steps: int,
    rng: np.random.Generator,
    *,
    crop: int | None = None,
    thin: int = 1,
) -> Iterator[Batch]:
    """Yield ``steps`` batches of ``size`` pictures, mirrored at random.

    Args:
        sampler: What to draw, and how.
        size: Pictures of a batch.
        steps: Number of batches.
        rng: Source of the draw, the mirroring and the cells.
        crop: Side of a random square window of cells, one for the whole batch; None takes the
            whole grid.
        thin: Take every ``thin``-th row and column of cells, starting anywhere: a quarter of the
            work at 2, for losses that look at cells alone.
    """
    grid = sampler.shelves[0].grid
    for _ in range(steps):
        places = sampler.draw(size, rng)
        rows, columns = (_some(length, crop or length, thin, rng) for length in grid)
        yield mirrored(gather(sampler.shelves, places, (rows, columns)), rng)


def gather(
    shelves: Sequence[Shelf],
    places: Sequence[tuple[int, int]],
    cells: tuple[Tensor, Tensor] | None = None,
) -> Batch:
    """Return the pictures at ``places`` (shelf, picture) as one batch, not mirrored.

    Args:
        shelves: What to take from.
        places: Position of the shelf and of the picture on it.
        cells: Rows and columns of the patch grid that are kept; None keeps all. A picture whose
            defect lies elsewhere then counts as normal.
    """
    drawn = [(shelves[position], picture) for position, picture in places]
    grid = drawn[0][0].grid
    rows, columns = cells or (torch.arange(grid[0]), torch.arange(grid[1]))
    inside = (rows[:, None] * grid[1] + columns).flatten()
    whole = len(inside) == grid[0] * grid[1]

    def tokens(patches: Tensor) -> Tensor:
        return (patches if whole else patches[:, inside]).float()

    local = [tokens(shelf.local[picture]) for shelf, picture in drawn if shelf.local is not None]
    scale = drawn[0][0].target.shape[1] // grid[0]
    masks = torch.stack([shelf.target[picture] for shelf, picture in drawn])
    target = masks[:, _finer(rows, scale)[:, None], _finer(columns, scale)].float()
    label = torch.stack([shelf.label[picture] for shelf, picture in drawn]).float()
    if not whole:
        label = label * target.flatten(1).any(dim=1)
    return Batch(
        patches=torch.stack([tokens(shelf.patches[picture]) for shelf, picture in drawn], dim=1),
        local=torch.stack(local, dim=1) if len(local) == len(drawn) else None,
        pooled=torch.stack([shelf.pooled[picture] for shelf, picture in drawn]).float(),
        target=target[:, None],
        label=label,
        shelves=tuple(position for position, _ in places),
        defect_types=tuple(shelf.defect_types[picture] for shelf, picture in drawn),
        kinds=tuple(shelf.kinds[picture] for shelf, picture in drawn),
        grid=(len(rows), len(columns)),
    )


def mirrored(batch: Batch, rng: np.random.Generator) -> Batch:
    """Return ``batch`` with its grids mirrored at random: the same parts, seen mirrored."""
    axes = [axis for axis in (1, 2) if rng.random() < 0.5]
    if not axes:
        return batch

    def tokens(patches: Tensor) -> Tensor:
        stages, count, cells, width = patches.shape
        grids = patches.reshape(stages * count, *batch.grid, width).flip(axes)
        return grids.reshape(stages, count, cells, width)

    return replace(
        batch,
        patches=tokens(batch.patches),
        local=None if batch.local is None else tokens(batch.local),
        target=batch.target.flip([axis + 1 for axis in axes]),
    )


def _some(length: int, window: int, thin: int, rng: np.random.Generator) -> Tensor:
    """Return which of ``length`` rows are kept: a window of them, every ``thin``-th."""
    side = min(window, length)
    start = int(rng.integers(0, length - side + 1))
    first = int(rng.integers(0, min(thin, side)))
    return torch.arange(start + first, start + side, thin)


def _finer(rows: Tensor, scale: int) -> Tensor:
    """Return the rows of a mask that lie on ``rows`` of the patch grid."""
    return (rows[:, None] * scale + torch.arange(scale)).flatten()
