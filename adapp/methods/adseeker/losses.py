"""ADSeeker's objective: maps against masks, scores against labels, codes against queries."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from adapp.methods.adseeker.config import LossConfig, ScoreConfig
from adapp.methods.adseeker.model import SeekerOutput
from adapp.methods.adseeker.scoring import soft_mean_score
from adapp.methods.adseeker.sparse_prompts import Coded
from adapp.ops.losses import binary_focal_loss, dice_loss
from adapp.ops.maps import grid_to_pixels


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The losses, unweighted.

    Attributes:
        local: Focal and dice loss of the maps.
        image: Cross-entropy of the image score.
        sparse: Eq. 9, averaged over stages and pictures; 0 without HSP.
    """

    local: Tensor
    image: Tensor
    sparse: Tensor

    def total(self, config: LossConfig) -> Tensor:
        """Return the weighted sum, a scalar."""
        return (
            config.local_weight * self.local
            + config.image_weight * self.image
            + config.sparse_weight * self.sparse
        )


def terms_of(
    output: SeekerOutput,
    target: Tensor,
    label: Tensor,
    loss: LossConfig,
    score: ScoreConfig,
    sparsity: float,
) -> Terms:
    """Return the losses of one batch.

    Args:
        output: What the network says.
        target: Masks, [B, 1, H, W] in {0, 1}.
        label: 0 or 1, [B].
        loss: Weights.
        score: How pictures are scored.
        sparsity: lambda of eq. 9.
    """
    return Terms(
        local=maps_loss(output.stages, target, loss),
        image=image_loss(output, label, score),
        sparse=sparse_loss(output.coded, sparsity).to(output.stages),
    )


def sparse_loss(coded: tuple[Coded, ...], sparsity: float) -> Tensor:
    """Return eq. 9 averaged over the stages, a scalar; 0 without any."""
    if not coded:
        return torch.zeros(())
    return torch.stack([one.objective(sparsity) for one in coded]).mean()


def image_loss(output: SeekerOutput, label: Tensor, config: ScoreConfig) -> Tensor:
    """Return the binary cross-entropy of the image score, a scalar; 0 for one that is read.

    What reads the whole map is fitted to pictures never seen, not trained here (D8).
    """
    if output.odds is not None:
        return output.odds.new_zeros(())
    score = soft_mean_score(output.fused, output.whole, config).clamp(1e-6, 1.0 - 1e-6)
    return functional.binary_cross_entropy(score, label.float())


def maps_loss(stages: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Return the local loss of every stage's log-odds [S, B, h, w], a scalar.

    ``sum`` adds the stages' own; ``fused`` takes half the mean over them and half that of the
    averaged map.
    """
    each = torch.stack([map_loss(odds.unsqueeze(1), target, config) for odds in stages])
    if config.stages == "sum":
        return each.sum()
    return 0.5 * each.mean() + 0.5 * map_loss(stages.mean(dim=0).unsqueeze(1), target, config)


def map_loss(odds: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Return focal plus dice loss of one map, a scalar.

    Args:
        odds: Log-odds on the patch grid, [B, 1, h, w]; resized to the target bilinearly.
        target: [B, 1, H, W] in {0, 1}.
        config: Constants.
    """
    pixels = grid_to_pixels(odds.float(), (target.shape[-2], target.shape[-1]))
    # alpha 1/2 gives both classes the same weight, and half of the two-channel focal loss
    focal = 2.0 * binary_focal_loss(
        pixels, target, alpha=0.5, gamma=config.focal_gamma, weight=_balance(target, config)
    )
    return focal + dice_loss(pixels.sigmoid(), target)


def _balance(target: Tensor, config: LossConfig) -> Tensor | None:
    """Return the weight of every pixel under which both kinds of a picture weigh the same."""
    if not config.balanced:
        return None
    share = target.mean(dim=(1, 2, 3), keepdim=True)
    anomalous = target / share.clamp_min(1e-6)
    normal = (1.0 - target) / (1.0 - share).clamp_min(1e-6)
    return 0.5 * (anomalous + normal)
