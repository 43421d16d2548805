"""Log-odds from how unlike the rest of its own picture a patch is (D6).

Without normal pictures, the only normal patches at hand are those of the query itself: what a
picture repeats is usual, what it shows once is not. Source: ours.
"""

import torch
from torch import Tensor, nn

FLOOR = 1e-3
"""Least cost whose logarithm is taken."""
CENTRE = -1.0
"""Logarithm of a middling cost, so that slopes turn about it."""
STRENGTH = 100.0
"""Slope of a parameter of 1; the parameters move by about 1e-3 a step."""
START = 0.01
"""First value of every slope's root: a slope of 0.01, next to nothing."""


class SelfContrast(nn.Module):
    """A stage's log-odds that rise with the logarithm of its patches' self-dissimilarity.

    One slope for each number of neighbours, never negative: a free network on the same numbers
    fits the training categories better and unseen ones far worse (see the log). Almost silent at
    first, so that an untrained block leaves the plain map.

    Args:
        neighbours: Numbers of neighbours whose costs are read.
    """

    def __init__(self, neighbours: int) -> None:
        super().__init__()
        self.roots = nn.Parameter(torch.full((neighbours,), START))
        self.offset = nn.Parameter(torch.zeros(()))

    @property
    def slopes(self) -> Tensor:
        """Log-odds per unit of log cost, [K], not negative."""
        return STRENGTH * self.roots.square()

    def forward(self, costs: Tensor) -> Tensor:
        """Return log-odds, [B, N], for costs [B, N, K] in [0, 2]."""
        return (log_cost(costs) * self.slopes).sum(dim=-1) + 10.0 * self.offset


def log_cost(costs: Tensor) -> Tensor:
    """Return the logarithm of ``costs`` about ``CENTRE``, any shape."""
    return costs.clamp_min(FLOOR).log() - CENTRE
