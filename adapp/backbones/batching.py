"""What every image encoder does with its batches and its taps."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from adapp.backbones.base import ImageBackbone, ImageFeatures
from adapp.backbones.preprocess import to_pixels
from adapp.core.results import RgbImage

BATCH = 8
"""Pictures encoded at once by ``encode_rgb``."""


def encoded_in_batches(backbone: ImageBackbone, images: Sequence[RgbImage]) -> ImageFeatures:
    """Return the features of pictures of any size, squashed to the backbone's own, a few at a time.

    Raises:
        ValueError: If ``images`` is empty or one of them is not [H, W, 3] uint8.
    """
    if not images:
        msg = "encode_rgb needs at least one picture"
        raise ValueError(msg)
    parts = [
        backbone.encode_images(to_pixels(images[start : start + BATCH], backbone.size))
        for start in range(0, len(images), BATCH)
    ]
    if len(parts) == 1:
        return parts[0]
    local = [part.local for part in parts if part.local is not None]
    return ImageFeatures(
        patches=torch.cat([part.patches for part in parts], dim=1),
        pooled=torch.cat([part.pooled for part in parts]),
        grid=parts[0].grid,
        local=torch.cat(local, dim=1) if local else None,
    )


def stacked(taps: Sequence[Tensor]) -> Tensor:
    """Return the tokens of all stages, each [B, N, D], together as [S, B, N, D] unit norm."""
    return torch.stack([functional.normalize(tap, dim=-1) for tap in taps])
