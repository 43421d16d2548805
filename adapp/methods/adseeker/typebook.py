"""The expert's book of defect types: two passes from tokens to a type."""

import torch
from torch import Tensor, nn

from adapp.methods.adseeker.centroids import ABSENT, TypeCentroids
from adapp.methods.adseeker.config import TypeConfig
from adapp.methods.adseeker.regions import NOTHING, described
from adapp.methods.adseeker.vocabulary import TYPES
from adapp.ops.outline import READINGS


class TypeBook(nn.Module):
    """Centroids of the defect types as buffers; without any, everything is "none of these".

    Args:
        config: Constants.
        stages: Tapped stages, S.
        width: Channels of the joint space, J.
    """

    centres: Tensor
    weight: Tensor
    offset: Tensor
    outlines: Tensor

    def __init__(self, config: TypeConfig, stages: int, width: int) -> None:
        super().__init__()
        self.config = config
        features = width * (stages if config.stages == "all" else 1)
        self.register_buffer("centres", torch.zeros(NOTHING + 1, features))
        self.register_buffer("weight", torch.zeros(NOTHING + 1, features))
        empty = torch.full((NOTHING + 1,), ABSENT)
        empty[NOTHING] = 0.0
        self.register_buffer("offset", empty)
        heard = READINGS + 1 if config.outline > 0 else 0
        self.register_buffer("outlines", torch.zeros(heard, NOTHING), persistent=heard > 0)

    @property
    def present(self) -> tuple[str, ...]:
        """Types that have a centroid."""
        return tuple(
            key for key, offset in zip(TYPES, self.offset.tolist(), strict=False) if offset > ABSENT
        )

    def fill(self, centroids: TypeCentroids) -> None:
        """Take over trained centroids."""
        self.centres.copy_(centroids.centres)
        self.weight.copy_(centroids.weight)
        self.offset.copy_(centroids.offset)
        if self.config.outline > 0:
            self.outlines.copy_(centroids.outlines)

    def logits(self, visual: Tensor) -> Tensor:
        """Return unnormalised log-probabilities of the types of every patch, [B, N, T + 1].

        A region's are the weighted mean of its patches'.

        Args:
            visual: Patches in the joint space, [S, B, N, J] unit norm.
        """
        told: Tensor = described(visual, self.config) @ self.weight.T + self.offset
        return told


def pooled_probabilities(logits: Tensor, weights: Tensor) -> Tensor:
    """Return the types' probabilities of a weighted region, [B, T + 1].

    Args:
        logits: Of every patch, [B, N, T + 1].
        weights: Of every patch, [B, N], summing to 1.
    """
    return torch.einsum("bnt,bn->bt", logits, weights).softmax(dim=-1)


def spotlight(log_odds: Tensor, focus: float) -> Tensor:
    """Return where the first pass sees the defect, [B, N], summing to 1.

    Args:
        log_odds: Of the generic prompts, [B, N].
        focus: What they are multiplied by.
    """
    return (focus * log_odds).softmax(dim=-1)


def leading(probabilities: Tensor, top: int) -> Tensor:
    """Return ``probabilities`` [B, T + 1] with all but the ``top`` largest at zero, summing to 1.

    "None of these" keeps its own share.
    """
    named = probabilities[:, :-1]
    kept = named.topk(min(top, named.shape[1]), dim=1)
    chosen = torch.zeros_like(probabilities).scatter(1, kept.indices, kept.values)
    chosen[:, -1] = probabilities[:, -1]
    return chosen / chosen.sum(dim=1, keepdim=True)
