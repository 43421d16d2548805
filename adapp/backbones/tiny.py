"""The same encoder classes at toy width with random weights: for tests only."""

import math

import torch
from torch import nn
from transformers import Dinov2Config, Dinov2Model

from adapp.backbones.dinov2_tower import dinov2_backbone
from adapp.backbones.vit import FrozenViT, ViTSpec

IDENTITY = "tiny: Dinov2Model, width 64, 4 blocks, random weights (seed 0), for tests only"
STAGES = (1, 2, 3, 4)
WIDTH = 64
SIZE = 112
SEED = 0


def load_tiny(
    size: int, *, device: torch.device, dtype: torch.dtype, local_from: int | None = None
) -> FrozenViT:
    """Return a toy encoder for squares of ``size`` pixels; same weights in every process."""
    config = Dinov2Config(
        hidden_size=WIDTH,
        num_hidden_layers=STAGES[-1],
        num_attention_heads=4,
        image_size=SIZE,
        patch_size=14,
        use_mask_token=False,
    )
    with torch.device("meta"):
        model = Dinov2Model(config)
    model = model.to_empty(device="cpu")
    _fill(model, torch.Generator().manual_seed(SEED))
    spec = ViTSpec(IDENTITY, "tiny", STAGES, size, size, final_norm=False, local_from=local_from)
    return dinov2_backbone(model, spec, device=device, dtype=dtype)


def _fill(model: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight so that patches keep what they show; no global random state is used."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif "norm" in name or "lambda" in name:
                parameter.fill_(1.0)
            else:
                fan_in = math.prod(parameter.shape[1:]) if "weight" in name else 400
                parameter.normal_(std=fan_in**-0.5, generator=generator)
