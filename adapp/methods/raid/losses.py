"""RAID's training objective: focal loss and the load-balance term (RAID section 3.5)."""

import torch
from torch import Tensor

from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.model import FilterOutput
from adapp.ops.losses import binary_focal_loss


def sparse_balance_loss(probability: Tensor, active: Tensor) -> Tensor:
    """Return the load-balance loss of a sparse router, a scalar, 1 at perfect balance.

    ``M * sum_i f_i P_i`` with f_i the share of the active places that expert i took and P_i its
    mean probability. Source: Switch Transformer, eq. 4, cited by RAID section 3.5.

    Args:
        probability: Router probabilities, [B, M].
        active: Experts that ran, [B, M] bool.
    """
    experts = probability.shape[1]
    share = active.float().sum(dim=0) / active.float().sum()
    return experts * (share * probability.mean(dim=0)).sum()


def dense_balance_loss(weights: Tensor) -> Tensor:
    """Return the load-balance loss of a dense router, a scalar, 1 at perfect balance.

    ``M * sum_i mean(p_i)^2`` for weights [B, M].
    """
    return weights.shape[1] * (weights.mean(dim=0) ** 2).sum()


def balance_loss(output: FilterOutput) -> Tensor:
    """Return the sum of both routers' load-balance losses, a scalar."""
    loss = dense_balance_loss(output.denoising_weights)
    if output.guidance_weights is not None and output.active is not None:
        loss = loss + sparse_balance_loss(output.guidance_weights, output.active)
    return loss


def raid_loss(output: FilterOutput, target: Tensor, config: RaidConfig) -> Tensor:
    """Return focal loss plus weighted balance loss, a scalar. Source: RAID section 3.5.

    Args:
        output: The filter's output for a batch.
        target: Anomaly mask, [B, 1, H, W] in {0, 1}; the map is resized to it bilinearly.
        config: Loss constants.
    """
    logits = output.logits
    if logits.shape[-2:] != target.shape[-2:]:
        logits = torch.nn.functional.interpolate(
            logits, size=target.shape[-2:], mode="bilinear", align_corners=False
        )
    focal = binary_focal_loss(logits, target, alpha=config.focal_alpha, gamma=config.focal_gamma)
    return focal + config.balance_weight * balance_loss(output)
