"""From maps to the image score."""

from typing import Final, Protocol

import torch
from torch import Tensor, nn

from adapp.auxiliary.text_map import map_statistics
from adapp.methods.adseeker.config import ScoreConfig
from adapp.ops.maps import smooth_pixel_maps, top_percent_score

SCORE_RANGE: Final = (0.0, 1.0)
START: Final = (0.5, 0.5, 0.0)
"""Weights of the highest 1 % of cells, the highest 5 % and the median before training.

On left-out folds the median took away more than it gave (README.md, D8); what it is worth is
learned.
"""


class Scored(Protocol):
    """What a score is made of."""

    @property
    def odds(self) -> Tensor | None:
        """Log-odds of whole pictures by the whole map, [B]; None where the score does without."""
        ...

    @property
    def whole(self) -> Tensor:
        """Log-odds of whole pictures by their picture vector, [B]."""
        ...

    @property
    def fused(self) -> Tensor:
        """Map on the patch grid, [B, 1, h, w] in [0, 1]."""
        ...


def mean_score(maps: Tensor, whole: Tensor, side: int, config: ScoreConfig) -> Tensor:
    """Return half the global probability plus half the smoothed map's maximum, [B] in [0, 1].

    Args:
        maps: On the patch grid, [B, 1, h, w] in [0, 1].
        whole: Log-odds of the pictures, [B].
        side: Side of the encoder's square, pixels: there the map is smoothed.
        config: Constants.
    """
    return 0.5 * whole.float().sigmoid() + 0.5 * peaks(maps, side, config.sigma)


def soft_mean_score(maps: Tensor, whole: Tensor, config: ScoreConfig) -> Tensor:
    """Return ``mean_score`` with the mean of the highest cells for the maximum, [B]."""
    return 0.5 * whole.sigmoid() + 0.5 * top_percent_score(maps, config.soft_top_percent)


def peaks(maps: Tensor, side: int, sigma: float) -> Tensor:
    """Return the maximum of each map after smoothing on the encoder's square, [B] in [0, 1]."""
    return smooth_pixel_maps(maps, side, sigma, (side, side)).amax(dim=(1, 2, 3)).clamp(0.0, 1.0)


def image_scores(output: Scored, side: int, config: ScoreConfig) -> Tensor:
    """Return the image score, [B] in [0, 1]."""
    if output.odds is not None:
        return output.odds.float().sigmoid()
    return mean_score(output.fused, output.whole, side, config)


class MapReader(nn.Module):
    """Log-odds of a picture from the highest cells of its map and of its self-dissimilarity (D8).

    Learned weights are added to those before training; a higher top can only raise the score and
    a higher median of the map only lower it, whatever was learned.

    Args:
        maps: Maps that are read: that of the log-odds, then those of the self-dissimilarity.
    """

    start: Tensor
    signs: Tensor

    def __init__(self, maps: int) -> None:
        super().__init__()
        others = (0.0, 0.0, 0.0) * (maps - 1)
        self.register_buffer("start", torch.tensor((*START, *others)), persistent=False)
        self.register_buffer("signs", torch.tensor((1.0, 1.0, -1.0) * maps), persistent=False)
        self.learned = nn.Parameter(torch.zeros(len(self.start)))
        self.offset = nn.Parameter(torch.zeros(()))

    @property
    def weights(self) -> Tensor:
        """Weight of each map's statistics, [M * 3]; straight through where the sign forbids."""
        free = self.start + self.learned
        allowed = self.signs * (self.signs * free).clamp_min(0.0)
        return free + (allowed - free).detach()

    def forward(self, maps: Tensor) -> Tensor:
        """Return log-odds, [B], for maps [M, B, N]."""
        read = torch.cat([_read(one) for one in maps], dim=1)  # [B, M * 3]
        return read @ self.weights + self.offset


def plain_odds(maps: Tensor) -> Tensor:
    """Return the log-odds of pictures before training, [B], for a map of log-odds [B, N]."""
    return _read(maps) @ maps.new_tensor(START)


def _read(maps: Tensor) -> Tensor:
    """Return the two means of highest cells and the median of each map, [B, 3]."""
    return map_statistics(maps, maps[:, 0])[:, : len(START)]
