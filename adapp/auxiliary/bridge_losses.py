"""What the bridge minimises: maps against masks, scores against labels, defects against words."""

import torch
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.ops.losses import dice_loss


def map_loss(logits: Tensor, share: Tensor, config: BridgeConfig) -> Tensor:
    """Return the loss of every stage's map and of their average, a scalar.

    Args:
        logits: Log-odds of each cell, [S, B, N].
        share: How much of each cell is anomalous, [B, N] in [0, 1].
        config: Weights.
    """
    joined = logits.mean(dim=0)
    stages = balanced_focal_loss(logits, share.expand_as(logits), config.focusing)
    average = balanced_focal_loss(joined, share, config.focusing)
    overlap = dice_loss(joined.sigmoid(), share)
    return (
        config.stage_weight * stages + config.map_weight * average + config.overlap_weight * overlap
    )


def balanced_focal_loss(logits: Tensor, share: Tensor, focusing: float) -> Tensor:
    """Return a focal loss in which anomalous and normal cells weigh the same, a scalar.

    The anomalous cells of every picture weigh the same together, so that a pinhole counts as
    much as a large stain; so do the normal cells of every picture.

    Args:
        logits: Log-odds of each cell, [..., N].
        share: How much of each cell is anomalous, same shape, in [0, 1].
        focusing: Exponent, at least 0; 0 is the plain cross-entropy.
    """
    missed = functional.softplus(-logits) * torch.sigmoid(-logits) ** focusing
    alarmed = functional.softplus(logits) * torch.sigmoid(logits) ** focusing
    anomalous = (missed * share).sum(dim=-1) / share.sum(dim=-1).clamp_min(1e-6)
    seen = (share.sum(dim=-1) > 0).to(logits.dtype)
    clear = 1.0 - share
    normal = (alarmed * clear).sum(dim=-1) / clear.sum(dim=-1).clamp_min(1e-6)
    return 0.5 * ((anomalous * seen).sum() / seen.sum().clamp_min(1.0) + normal.mean())


def guide_loss(normal: Tensor, anomalous: Tensor, temperature: Tensor, guide: Tensor) -> Tensor:
    """Return how far the directions of prompts are from a guide, a scalar; 1 for none at all.

    Without it the few training materials are learned by heart, name by name.

    Args:
        normal: Normal prompt of each picture, [S, B, J].
        anomalous: Anomalous prompt likewise.
        temperature: What cosines are divided by.
        guide: Slope whose products with the stages add up to log-odds, [S, J].
    """
    directions = (anomalous - normal) / temperature
    wanted = len(guide) * guide  # maps are averages over the stages
    off = (directions - wanted[:, None]).square().sum(dim=(0, 2)).mean()
    return off / wanted.square().sum().clamp_min(1e-12)


def reading_loss(logits: Tensor, patches: Tensor, guide: Tensor) -> Tensor:
    """Return how far maps are from those of a guide, a scalar; 1 for a map that says nothing.

    Two directions that differ little can read patches very differently where patches vary much;
    this compares what they read, stage by stage and on the average that is shown.

    Args:
        logits: Log-odds of every stage, [S, B, N].
        patches: The patches they belong to, [S, B, N, J].
        guide: Slope whose products with the stages add up to log-odds, [S, J].
    """
    wanted = len(guide) * torch.einsum("sbnj,sj->sbn", patches, guide)
    each = (logits - wanted).square().mean() / wanted.square().mean().clamp_min(1e-12)
    shown, meant = logits.mean(dim=0), wanted.mean(dim=0)
    joined = (shown - meant).square().mean() / meant.square().mean().clamp_min(1e-12)
    return 0.2 * each + 0.8 * joined


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
