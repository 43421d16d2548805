"""What the bridge minimises: maps against masks, scores against labels, defects against words."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.ops.losses import binary_focal_loss, dice_loss


def map_loss(logits: Tensor, share: Tensor, config: BridgeConfig) -> Tensor:
    """Return the loss of every stage's map and of their average, a scalar.

    Args:
        logits: Log-odds of each cell, [S, B, N].
        share: How much of each cell is anomalous, [B, N] in [0, 1].
        config: Weights.
    """
    focal = partial(binary_focal_loss, alpha=config.anomalous_weight, gamma=config.focusing)
    joined = logits.mean(dim=0)
    stages = focal(logits, share.expand_as(logits))
    average = focal(joined, share) + dice_loss(joined.sigmoid(), share)
    return config.stage_weight * stages + config.map_weight * average


def type_loss(
    patches: Tensor, covered: Tensor, types: Tensor, sentences: Tensor, temperature: float
) -> Tensor:
    """Return how badly the masked regions tell their type of defect, a scalar; 0 without any.

    Args:
        patches: Projected patches, [S, B, N, J] unit norm.
        covered: Share of each cell that is anomalous, [B, N].
        types: Row of each picture's type in ``sentences``; -1 if it is not known, [B].
        sentences: One vector per type, [S, T, J] unit norm.
        temperature: What cosines are divided by.
    """
    known = (types >= 0) & (covered.sum(dim=1) > 0)
    if not bool(known.any()):
        return patches.new_zeros(())
    weight = covered[known] / covered[known].sum(dim=1, keepdim=True)
    region = torch.einsum("sbnj,bn->sbj", patches[:, known], weight)
    cosines = torch.einsum("sbj,stj->bt", functional.normalize(region, dim=-1), sentences)
    return functional.cross_entropy(cosines / len(patches) / temperature, types[known])
