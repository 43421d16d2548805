"""Losses that more than one method uses."""

import torch
from torch import Tensor
from torch.nn import functional


def binary_focal_loss(
    logits: Tensor, target: Tensor, *, alpha: float, gamma: float, weight: Tensor | None = None
) -> Tensor:
    """Return the mean binary focal loss, a scalar.

    Args:
        logits: Log-odds of being anomalous, any shape.
        target: 0 or 1, same shape.
        alpha: Weight of anomalous cells, in (0, 1); normal ones get 1 - alpha.
        gamma: Focusing exponent, at least 0.
        weight: Optional factor per cell, broadcast.

    Source: Lin et al., Focal Loss for Dense Object Detection, eq. 5.
    """
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_true = torch.exp(-cross_entropy)
    balance = alpha * target + (1 - alpha) * (1 - target)
    loss = balance * (1 - p_true) ** gamma * cross_entropy
    if weight is not None:
        loss = loss * weight
    return loss.mean()


def dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    """Return the mean Dice loss over the batch, a scalar in [0, 1].

    Args:
        probability: In [0, 1], [B, ...].
        target: 0 or 1, same shape.
    """
    overlap = (probability * target).flatten(1).sum(dim=1)
    total = probability.flatten(1).sum(dim=1) + target.flatten(1).sum(dim=1)
    return (1.0 - (2.0 * overlap + 1.0) / (total + 1.0)).mean()
