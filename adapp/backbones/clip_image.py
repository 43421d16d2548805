"""CLIP's image tower behind ``ImageBackbone``: raw stages, projected picture vector."""

from typing import cast

import torch
from open_clip.model import CLIP
from open_clip.transformer import VisionTransformer
from torch import Tensor

from adapp.backbones.clip_model import block_parts
from adapp.backbones.positions import PositionTable
from adapp.backbones.preprocess import whiten
from adapp.backbones.vit import FrozenViT, Tower, ViTSpec

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def clip_backbone(
    model: CLIP, spec: ViTSpec, *, device: torch.device, dtype: torch.dtype
) -> FrozenViT:
    """Return the image tower of ``model`` behind ``ImageBackbone``, its linear maps in ``dtype``.

    Stages are hidden states as they leave their block; ``ClipSpace.project`` takes them to the
    joint space. ``pooled`` is there already: CLS, last LayerNorm, projection.
    """
    visual = cast("VisionTransformer", model.visual.to(device))
    positions = PositionTable(visual.positional_embedding[None], "bilinear")

    def embed(pixels: Tensor, grid: tuple[int, int]) -> Tensor:
        tokens = visual.conv1(whiten(pixels, CLIP_MEAN, CLIP_STD)).flatten(2).transpose(1, 2)
        cls_token = visual.class_embedding.expand(len(tokens), 1, -1)
        hidden: Tensor = visual.ln_pre(torch.cat([cls_token, tokens], dim=1) + positions.at(grid))
        return hidden

    def pool(cls_token: Tensor) -> Tensor:
        pooled: Tensor = visual.ln_post(cls_token) @ visual.proj
        return pooled

    blocks = list(visual.transformer.resblocks)[: spec.stages[-1]]
    tower = Tower(
        embed=embed,
        blocks=[block_parts(block, dtype) for block in blocks],
        norm=visual.ln_post,
        pool=pool,
        width=visual.conv1.out_channels,
        patch=visual.conv1.kernel_size[0],
    )
    return FrozenViT(tower, spec, device=device, dtype=dtype)
