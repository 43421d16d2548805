"""Patches whose truth is certain: wholly normal or mostly anomalous cells of a shelf."""

from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary.bank import Shelf
from adapp.ops.similarity import fresh_unit_norm

CELLS: Final = 800
"""Anomalous cells of a category at most, and as many normal ones."""
FULL: Final = 0.5
"""Share of a patch that must be masked for it to count as anomalous."""

Path = Literal["original", "local", "both"]
"""The encoder's own attention, V-V attention, or the mean of the two tokens."""


def draw_cells(
    shelf: Shelf,
    rng: np.random.Generator,
    kinds: tuple[str, ...],
    *,
    anomalous: bool,
    path: Path = "original",
) -> Tensor:
    """Return tokens of at most ``CELLS`` random cells, [?, S, D] float32.

    Args:
        shelf: Pictures of one category.
        rng: Source of the choice.
        kinds: Pictures to draw from ("real", "synthetic", "rendered").
        anomalous: Mostly anomalous cells, else wholly normal ones.
        path: Of the encoder, where the shelf holds the V-V path.
    """
    wanted = torch.tensor([kind in kinds for kind in shelf.kinds])
    share = functional.adaptive_avg_pool2d(shelf.target[:, None].float(), shelf.grid)
    covered = share.flatten(1)  # [P, N]
    fits = (covered >= FULL) if anomalous else (covered == 0)
    places = (fits & wanted[:, None]).nonzero()
    chosen = places[torch.from_numpy(rng.permutation(len(places))[:CELLS])]
    if not len(chosen):
        return torch.zeros(0, shelf.patches.shape[1], shelf.patches.shape[3])
    local = None if shelf.local is None else _rows(shelf.local, chosen)
    return along(_rows(shelf.patches, chosen), local, path)


def along(patches: Tensor, local: Tensor | None, path: Path) -> Tensor:
    """Return the tokens of a path of the encoder, any shape, unit norm over the last axis.

    Args:
        patches: Tokens of the original path.
        local: Tokens of the V-V path likewise; None where there is none, and the original is read.
        path: Which of them, or the direction between ``both``.
    """
    if local is None or path == "original":
        return patches
    return local if path == "local" else fresh_unit_norm(patches + local)


def _rows(tokens: Tensor, places: Tensor) -> Tensor:
    """Return the tokens at places (picture, cell), [?, S, D] float32, of [P, S, N, D]."""
    return torch.stack([tokens[int(p), :, int(n)] for p, n in places.tolist()]).float()
