"""KAnoCLIP's objective: knowledge-driven, global and local loss (eq. 2 and 13-15)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from adapp.methods.kanoclip.config import GlobalConfig, LossConfig
from adapp.methods.kanoclip.model import KanoOutput
from adapp.ops.losses import binary_focal_loss, dice_loss
from adapp.ops.maps import grid_to_pixels, top_percent_score


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The three losses of eq. 13 and the guide's, unweighted.

    Attributes:
        knowledge: L_KD.
        whole: L_global.
        local: L_local.
        guide: How far the prompts' direction and maps are from the guide's (D13); None without
            one.
    """

    knowledge: Tensor
    whole: Tensor
    local: Tensor
    guide: Tensor | None = None

    def total(self, config: LossConfig) -> Tensor:
        """Return L_total, a scalar. Source: eq. 13."""
        total = (
            config.kd_weight * self.knowledge
            + config.global_weight * self.whole
            + config.local_weight * self.local
        )
        return total if self.guide is None else total + config.guide_weight * self.guide


def knowledge_gap(knowledge: Tensor, normal: Tensor, abnormal: Tensor) -> Tensor:
    """Return |w_k - w_a| - |w_k - w_n| of unit vectors, [...]: below 0 where w_a is nearer.

    Args:
        knowledge: Mean feature of the descriptions, [..., J] of any length.
        normal: Mean feature of the normal prompts likewise.
        abnormal: Mean feature of the abnormal prompts likewise.
    """
    told = functional.normalize(knowledge, dim=-1)
    to_abnormal = told - functional.normalize(abnormal, dim=-1)
    to_normal = told - functional.normalize(normal, dim=-1)
    return _length(to_abnormal) - _length(to_normal)


def knowledge_loss(
    knowledge: Tensor, normal: Tensor, abnormal: Tensor, margin: float = 0.0
) -> Tensor:
    """Return the mean hinge of the gap, a scalar. Source: KAnoCLIP eq. 2.

    Pulls the abnormal prompts to what is known of the part's defects and pushes the normal ones
    away; zero as soon as the abnormal ones are nearer by ``margin`` (eq. 2: 0).

    Args:
        knowledge: [..., J], one per class and level.
        normal: [..., J].
        abnormal: [..., J].
        margin: Least lead of the abnormal prompts.
    """
    return functional.relu(knowledge_gap(knowledge, normal, abnormal) + margin).mean()


def _length(vectors: Tensor) -> Tensor:
    """Return Euclidean lengths; the gradient at zero is zero, not NaN."""
    return (vectors.square().sum(dim=-1) + 1e-12).sqrt()


def soft_score(output: KanoOutput, config: GlobalConfig) -> Tensor:
    """Return S_global with a differentiable maximum, [B] in [0, 2]. Source: eq. 12.

    The unsmoothed map's highest cells stand for max(M), so that more than one cell learns.
    """
    peak = top_percent_score(output.fused, config.soft_top_percent)
    return torch.sigmoid(output.globals) + peak


def global_loss(score: Tensor, label: Tensor) -> Tensor:
    """Return the binary cross-entropy of S_global / 2, a scalar. Source: eq. 14.

    Deviation D3: eq. 12 reaches 2, and a cross-entropy takes [0, 1].

    Args:
        score: In [0, 2], [B].
        label: 0 or 1, [B].
    """
    half = (score.float() / 2.0).clamp(1e-6, 1.0 - 1e-6)
    return functional.binary_cross_entropy(half, label.float())


def local_loss(log_odds: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Return Focal([M^n, M^a], G) + Dice(M^n, 1 - G) + Dice(M^a, G), a scalar. Source: eq. 15.

    Args:
        log_odds: Of one map, [B, 1, h, w]; resized to the target bilinearly.
        target: G, [B, 1, H, W] in {0, 1}.
        config: Constants.
    """
    size = (target.shape[-2], target.shape[-1])
    pixels = grid_to_pixels(log_odds.float(), size)
    abnormal = torch.sigmoid(pixels)
    # alpha = 1/2 gives both classes the same weight, and half of the two-channel focal loss
    focal = 2.0 * binary_focal_loss(pixels, target, alpha=0.5, gamma=config.focal_gamma)
    return focal + dice_loss(1.0 - abnormal, 1.0 - target) + dice_loss(abnormal, target)


def stages_loss(output: KanoOutput, target: Tensor, config: LossConfig) -> Tensor:
    """Return the local loss of all maps, a scalar.

    ``sum`` adds the stages' own; ``fused`` takes half the mean over them and half that of the
    averaged map (D10).
    """
    each: Sequence[Tensor] = [
        local_loss(log_odds.unsqueeze(1), target, config) for log_odds in output.stages
    ]
    total = torch.stack(list(each))
    if config.stages == "sum":
        return total.sum()
    shown = local_loss(output.stages.mean(dim=0).unsqueeze(1), target, config)
    return 0.5 * total.mean() + 0.5 * shown
