"""Patches whose truth is certain: wholly normal or mostly anomalous cells of a shelf."""

from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary.bank import Shelf

CELLS: Final = 800
"""Anomalous cells of a category at most, and as many normal ones."""
FULL: Final = 0.5
"""Share of a patch that must be masked for it to count as anomalous."""


def draw_cells(
    shelf: Shelf,
    rng: np.random.Generator,
    kinds: tuple[str, ...],
    *,
    anomalous: bool,
    local: bool = False,
) -> Tensor:
    """Return tokens of at most ``CELLS`` random cells, [?, S, D] float32.

    Args:
        shelf: Pictures of one category.
        rng: Source of the choice.
        kinds: Pictures to draw from ("real", "synthetic", "rendered").
        anomalous: Mostly anomalous cells, else wholly normal ones.
        local: Tokens of the V-V path, where the shelf holds them.
    """
    tokens = shelf.local if local and shelf.local is not None else shelf.patches
    wanted = torch.tensor([kind in kinds for kind in shelf.kinds])
    share = functional.adaptive_avg_pool2d(shelf.target[:, None].float(), shelf.grid)
    covered = share.flatten(1)  # [P, N]
    fits = (covered >= FULL) if anomalous else (covered == 0)
    places = (fits & wanted[:, None]).nonzero()
    chosen = places[torch.from_numpy(rng.permutation(len(places))[:CELLS])]
    if not len(chosen):
        return torch.zeros(0, tokens.shape[1], tokens.shape[3])
    rows = [tokens[int(p), :, int(n)] for p, n in chosen.tolist()]
    return torch.stack(rows).float()
