"""Position tables of vision transformers at grids other than their own."""

import torch
from torch import Tensor
from torch.nn import functional


class PositionTable:
    """A frozen position table that is resampled once per grid; the table itself never changes.

    Args:
        table: CLS and patch positions of the checkpoint's own square grid, [1, 1 + M, D].
        mode: ``bicubic`` or ``bilinear``.
    """

    def __init__(self, table: Tensor, mode: str) -> None:
        self._table = table.detach()
        self._mode = mode
        self._kept: dict[tuple[int, int], Tensor] = {}

    def at(self, grid: tuple[int, int]) -> Tensor:
        """Return the positions for ``grid``, [1, 1 + h * w, D]."""
        kept = self._kept.get(grid)
        if kept is None:
            kept = resized_positions(self._table, grid, self._mode)
            self._kept[grid] = kept
        return kept


def resized_positions(table: Tensor, grid: tuple[int, int], mode: str) -> Tensor:
    """Return the position table [1, 1 + M, D] resampled to ``grid``, [1, 1 + h * w, D].

    Without antialias, the CLS position apart; the checkpoint's own grid comes back untouched.
    """
    cells = round((table.shape[1] - 1) ** 0.5)
    if grid == (cells, cells):
        return table
    square = table[:, 1:].reshape(1, cells, cells, -1).permute(0, 3, 1, 2)
    resized = functional.interpolate(square, grid, mode=mode, align_corners=False)
    return torch.cat([table[:, :1], resized.flatten(2).transpose(1, 2)], dim=1)
