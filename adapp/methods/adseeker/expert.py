"""AD Expert: where the defect is, from two cosines a patch (eq. 2)."""

import torch
from torch import Tensor, nn

from adapp.methods.adseeker.config import ScoreConfig
from adapp.methods.adseeker.prompts import Pair

LEAST = 1e-4
"""Least shifted cosine of a ratio."""


def cosines(visual: Tensor, pair: Pair) -> Tensor:
    """Return the cosine of every patch with its two prompts, [S, B, N, 2].

    Args:
        visual: [S, B, N, J] unit norm.
        pair: Normal and abnormal prompt of each picture.
    """
    return visual @ pair.stages.transpose(-1, -2)


def log_odds(visual: Tensor, pair: Pair, temperature: float) -> Tensor:
    """Return the softmax form of eq. 2 as log-odds of abnormal over normal, [S, B, N].

    The softmax over the two cosines by the temperature is the sigmoid of this.
    """
    difference = (pair.stages[:, :, 1] - pair.stages[:, :, 0]) / temperature  # [S, B, J]
    return (visual @ difference.unsqueeze(3)).squeeze(3)


def pooled_log_odds(pooled: Tensor, pair: Pair, temperature: float) -> Tensor:
    """Return log-odds of whole pictures [B, J], [B]."""
    difference = pair.pooled[:, 1] - pair.pooled[:, 0]
    return (pooled * difference).sum(dim=-1) / temperature


def ratio(normal: Tensor, abnormal: Tensor, shift: float = 0.0) -> Tensor:
    """Return c_n / (c_p + c_n), any shape, in [0, 1]. Source: ADSeeker eq. 2, before upsampling.

    The figure's p ("positive") is the normal prompt and its n ("negative") the abnormal one.

    Args:
        normal: c_p, cosine with the normal prompt.
        abnormal: c_n, cosine with the abnormal prompt, same shape.
        shift: Added to both, so that the sum has no zero; below ``LEAST`` a cosine counts as that.
    """
    towards = (abnormal + shift).clamp_min(LEAST)
    return towards / ((normal + shift).clamp_min(LEAST) + towards)


class Locator(nn.Module):
    """The literal ratio on a scale from 0 to 1 with fixed ends, for the reasoner's tokens.

    Patch and text cosines are small and near each other, so that the ratio hovers about 1/2. The
    two ends are quantiles over training pictures, never taken from the query.

    Args:
        config: Constants.
    """

    ends: Tensor

    def __init__(self, config: ScoreConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("ends", torch.tensor([0.0, 1.0]))

    def set_ends(self, values: Tensor) -> None:
        """Set the ends to the middle and nearly the largest of training values."""
        low, high = torch.quantile(values.flatten().float(), torch.tensor([0.5, 0.995]))
        if high > low:
            self.ends.copy_(torch.stack([low, high]))

    def forward(self, found: Tensor) -> Tensor:
        """Return Loc, [B, N] in [0, 1], for cosines [S, B, N, 2], averaged over the stages."""
        literal = self.raw(found)
        low, high = self.ends
        scaled: Tensor = (literal - low) / (high - low)
        return scaled.clamp(0.0, 1.0)

    def raw(self, found: Tensor) -> Tensor:
        """Return the ratio of cosines [S, B, N, 2], averaged over the stages, [B, N]."""
        return ratio(found[..., 0], found[..., 1], self.config.shift).mean(dim=0)
