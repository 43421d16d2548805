"""From maps to the image score."""

from typing import Final, Protocol

from torch import Tensor

from adapp.methods.adseeker.config import ScoreConfig
from adapp.ops.maps import smooth_pixel_maps, top_percent_score

SCORE_RANGE: Final = (0.0, 1.0)


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
