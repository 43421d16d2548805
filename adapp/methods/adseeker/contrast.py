"""Log-odds from how unlike the rest of its own picture a patch is (D7).

Without normal pictures, the only normal patches at hand are those of the query itself: what a
picture repeats is usual, what it shows once is not. Source: ours.
"""

import torch
from torch import Tensor, nn

from adapp.methods.adseeker.config import ContrastConfig
from adapp.ops.self_similarity import self_costs

FLOOR = 1e-3
"""Least cost whose logarithm is taken."""
CENTRE = -1.0
"""Logarithm of a middling cost, so that slopes turn about it."""
STRENGTH = 10.0
"""Slope of a parameter of 1; the parameters move by about 1e-3 a step."""


def log_costs(patches: Tensor, grid: tuple[int, int], config: ContrastConfig) -> Tensor:
    """Return the logarithm of the self-dissimilarity about ``CENTRE``, [S', B, N, K].

    Args:
        patches: [S, B, N, D] unit norm.
        grid: (h, w) with h * w = N.
        config: Which stages, and how.
    """
    costs = [
        self_costs(patches[stage], grid, config.neighbours, stride=config.stride)
        for stage in config.stages
    ]
    return torch.stack(costs).clamp_min(FLOOR).log() - CENTRE


class SelfContrast(nn.Module):
    """Log-odds that rise with the patches' self-dissimilarity, added to every stage's map.

    One slope for each stage and number of neighbours, never negative, and 0 at first: below zero
    the slope stays 0, and its gradient still says which way to go.

    Args:
        config: Constants.
    """

    def __init__(self, config: ContrastConfig) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(len(config.stages), len(config.neighbours)))
        self.offset = nn.Parameter(torch.zeros(()))

    @property
    def slopes(self) -> Tensor:
        """Log-odds per unit of log cost, [S', K], not negative."""
        return STRENGTH * (self.raw + (self.raw.clamp_min(0.0) - self.raw).detach())

    def forward(self, costs: Tensor) -> Tensor:
        """Return log-odds, [B, N], for logarithms of costs [S', B, N, K]."""
        return torch.einsum("sbnk,sk->bn", costs, self.slopes) + STRENGTH * self.offset
