"""From patches and two prompts to an anomaly map and an image score: the plainest text method.

It is what the bridge is trained through and what it is judged by before any method builds on it.
"""

from typing import Final

import torch
from torch import Tensor, nn

TOP: Final = (1.0, 5.0)
"""Percent of the highest cells that the image score looks at."""
STATISTICS: Final = (*(f"top {percent:g} %" for percent in TOP), "median", "deviation", "pooled")
"""What the image score is computed from, in this order."""


def text_logits(patches: Tensor, normal: Tensor, anomalous: Tensor, temperature: Tensor) -> Tensor:
    """Return log-odds of being anomalous, stage by stage, [S, B, N].

    The softmax over the pair (normal, anomalous) of each cell is the sigmoid of this.

    Args:
        patches: Projected patches, [S, B, N, J] unit norm.
        normal: Normal prompt, [S, J], or one per picture, [S, B, J].
        anomalous: Anomalous prompt likewise.
        temperature: What cosines are divided by.
    """
    difference = (anomalous - normal) / temperature
    if difference.ndim == 2:
        return torch.einsum("sbnj,sj->sbn", patches, difference)
    return torch.einsum("sbnj,sbj->sbn", patches, difference)


def pooled_logits(pooled: Tensor, normal: Tensor, anomalous: Tensor, temperature: Tensor) -> Tensor:
    """Return log-odds of whole pictures, [B].

    Args:
        pooled: Projected picture vectors, [B, J] unit norm.
        normal: Normal prompt, [J], or one per picture, [B, J].
        anomalous: Anomalous prompt likewise.
        temperature: What cosines are divided by.
    """
    return (pooled * (anomalous - normal)).sum(dim=-1) / temperature


def map_statistics(maps: Tensor, pooled: Tensor) -> Tensor:
    """Return what describes each picture's map, [B, F]; F as in ``STATISTICS``.

    Args:
        maps: Log-odds averaged over the stages, [B, N].
        pooled: Log-odds of the whole pictures, [B].
    """
    ordered = maps.sort(dim=1, descending=True).values
    tops = [ordered[:, : _count(maps, percent)].mean(dim=1) for percent in TOP]
    middle = ordered[:, maps.shape[1] // 2]
    deviation = maps.std(dim=1)
    return torch.stack([*tops, middle, deviation, pooled], dim=1)


def _count(maps: Tensor, percent: float) -> int:
    """Return how many cells ``percent`` % are; at least one."""
    return max(1, round(maps.shape[1] * percent / 100.0))


class ImageHead(nn.Module):
    """One linear layer from the statistics of a map to the log-odds of the picture.

    It starts as the highest cells against the picture's own middle: on a texture whose every
    cell looks a little anomalous, only what stands out counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(len(STATISTICS), 1)
        with torch.no_grad():
            self.linear.weight.copy_(torch.tensor([[0.5, 0.5, -0.5, 0.0, 0.1]]))
            self.linear.bias.zero_()

    def forward(self, statistics: Tensor) -> Tensor:
        """Return log-odds of the pictures, [B]."""
        odds: Tensor = self.linear(statistics)
        return odds.squeeze(-1)
