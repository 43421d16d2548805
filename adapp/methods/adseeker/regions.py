"""Masked defect regions of the training pictures as single vectors (stand-in for MulA)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary.bank import Shelf
from adapp.backbones.base import JointSpace
from adapp.methods.adseeker.config import TypeConfig
from adapp.methods.adseeker.vocabulary import NONE, TYPES, canonical
from adapp.ops.outline import READINGS, loosened, outline_readings

UNKNOWN: Final = -1
"""Type of a region whose data set says that something is wrong and not what."""
NOTHING: Final = len(TYPES)
"""Type of a piece of a normal picture."""
PIECES: Final = 12
"""Normal pictures of a category that give a piece."""
_SHARES: Final = (0.05, 0.35)
"""Least and largest side of such a piece, as shares of the grid's."""


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """What k-means starts from.

    Attributes:
        features: Mean token of each region, [R, S * J] float32; S is 1 for the last stage alone.
        types: Row in ``TYPES``, ``NOTHING`` or ``UNKNOWN``, [R].
        categories: Number of the category each comes from, [R].
        outlines: Form of each as it is outlined, and with its outline loosened, [R, 2, K].
        around: Mean token of what lies outside each, [R, S * J].
        real: Whether the defect is a real one, neither drawn nor rendered, [R] bool.
    """

    features: Tensor
    types: Tensor
    categories: Tensor
    outlines: Tensor
    around: Tensor
    real: Tensor

    def __len__(self) -> int:
        return len(self.types)

    def at(self, rows: Tensor) -> "Regions":
        """Return some of the regions."""
        return Regions(
            self.features[rows],
            self.types[rows],
            self.categories[rows],
            self.outlines[rows],
            self.around[rows],
            self.real[rows],
        )

    def loosened(self) -> "Regions":
        """Return the regions cut out too wide: half of each is what lies around it."""
        features = (self.features + self.around) / 2.0
        return replace(self, features=features, outlines=self.outlines.flip(1))


def described(visual: Tensor, config: TypeConfig) -> Tensor:
    """Return the tokens that describe a region: [S, B, N, J] -> [B, N, S * J]."""
    seen = visual if config.stages == "all" else visual[-1:]
    return seen.permute(1, 2, 0, 3).flatten(2)


def collect_regions(
    shelves: Iterable[Shelf],
    joint: JointSpace,
    config: TypeConfig,
    seed: int,
    device: torch.device | None = None,
) -> Regions:
    """Return every masked region of ``shelves``, and pieces of normal pictures beside them.

    What is drawn of a category depends on the seed and on the category alone.
    """
    features: list[Tensor] = []
    types: list[int] = []
    categories: list[int] = []
    outlines: list[Tensor] = []
    around: list[Tensor] = []
    real: list[bool] = []
    for number, shelf in enumerate(shelves):
        rng = np.random.default_rng([seed, *shelf.category.encode()])
        for row, share, kind, cells in _places(shelf, rng):
            weight = share / share.sum()
            tokens = shelf.patches[row].float().unsqueeze(1)  # [S, 1, N, D]
            visual = joint.project(tokens if device is None else tokens.to(device))
            told = described(visual, config)[0].cpu()
            outside = (share == 0).float()
            features.append(weight @ told)
            around.append(outside @ told / outside.sum().clamp_min(1.0))
            real.append(shelf.kinds[row] == "real")
            types.append(kind)
            categories.append(number)
            outlines.append(_forms(cells))
    if not features:
        width = joint.width * (joint.stage_count if config.stages == "all" else 1)
        nothing = torch.zeros(0, dtype=torch.long)
        empty, forms = torch.zeros(0, width), torch.zeros(0, 2, READINGS)
        return Regions(empty, nothing, nothing, forms, empty, nothing.bool())
    return Regions(
        torch.stack(features),
        torch.tensor(types),
        torch.tensor(categories),
        torch.stack(outlines),
        torch.stack(around),
        torch.tensor(real),
    )


def _places(shelf: Shelf, rng: np.random.Generator) -> list[tuple[int, Tensor, int, Tensor]]:
    """Return (picture, weight of each patch [N], type, outline [t, t]) of a shelf's regions."""
    found: list[tuple[int, Tensor, int, Tensor]] = []
    share = functional.adaptive_avg_pool2d(shelf.target[:, None].float(), shelf.grid).flatten(1)
    for row in range(len(shelf)):
        if share[row].sum() > 0:
            told = canonical(shelf.defect_types[row])
            kind = UNKNOWN if told == NONE else TYPES.index(told)
            found.append((row, share[row], kind, shelf.target[row]))
    normals = [int(row) for row in shelf.normals]
    drawn = [normals[int(place)] for place in rng.permutation(len(normals))[:PIECES]]
    for row in drawn:
        piece = _piece(shelf.grid, rng)
        cells = functional.interpolate(
            piece.reshape(1, 1, *shelf.grid), size=tuple(shelf.target.shape[1:])
        )
        found.append((row, piece, NOTHING, cells[0, 0].byte()))
    return found


def _forms(cells: Tensor) -> Tensor:
    """Return the form of an outline as it is and loosened, [2, K]."""
    drawn = cells.numpy()
    both = [outline_readings(one) for one in (drawn, loosened(drawn))]
    return torch.from_numpy(np.stack(both))


def _piece(grid: tuple[int, int], rng: np.random.Generator) -> Tensor:
    """Return 1 inside a random rectangle of cells and 0 outside, [N]."""
    inside = torch.zeros(grid)
    sides = [max(1, round(length * rng.uniform(*_SHARES))) for length in grid]
    row, column = (
        int(rng.integers(length - side + 1)) for length, side in zip(grid, sides, strict=True)
    )
    inside[row : row + sides[0], column : column + sides[1]] = 1.0
    return inside.flatten()
