"""The library's DINOv2 as the parts that ``FrozenViT`` runs."""

from typing import cast

import torch
from torch import Tensor, nn
from transformers import Dinov2Model
from transformers.models.dinov2.modeling_dinov2 import Dinov2Layer

from adapp.backbones.blocks import Block
from adapp.backbones.positions import PositionTable
from adapp.backbones.preprocess import whiten
from adapp.backbones.vit import CastNorm, FrozenViT, Tower, ViTSpec


def dinov2_backbone(
    model: Dinov2Model, spec: ViTSpec, *, device: torch.device, dtype: torch.dtype
) -> FrozenViT:
    """Return ``model`` frozen behind ``ImageBackbone``, its linear maps in ``dtype``."""
    module: nn.Module = model  # the library's own .eval() and .to() are not typed
    module.eval().requires_grad_(requires_grad=False).to(device)
    layers = [cast("Dinov2Layer", layer) for layer in model.encoder.layer][: spec.stages[-1]]
    if dtype != torch.float32:
        for layer in layers:
            _reduce(layer, dtype)
    embeddings = model.embeddings
    projection = embeddings.patch_embeddings.projection
    positions = PositionTable(embeddings.position_embeddings, "bicubic")  # as DINOv2's own code

    def embed(pixels: Tensor, grid: tuple[int, int]) -> Tensor:
        tokens = embeddings.patch_embeddings(whiten(pixels))  # [B, N, D]
        cls_token = embeddings.cls_token.expand(len(tokens), -1, -1)
        return torch.cat([cls_token, tokens], dim=1) + positions.at(grid)

    tower = Tower(
        embed=embed,
        blocks=[_parts(layer) for layer in layers],
        norm=model.layernorm,
        pool=nn.Identity(),
        width=projection.out_channels,
        patch=projection.kernel_size[0],
    )
    return FrozenViT(tower, spec, device=device, dtype=dtype)


def _reduce(layer: nn.Module, dtype: torch.dtype) -> None:
    """Put the linear maps of ``layer`` into ``dtype``.

    The float32 layer scale lifts each branch back to float32 before it joins the residual.
    """
    for module in layer.modules():
        if isinstance(module, nn.Linear):
            module.to(dtype)
    for name in ("norm1", "norm2"):
        layer.register_module(name, CastNorm(layer.get_submodule(name), dtype))


def _parts(layer: Dinov2Layer) -> Block:
    """Return the parts of one block."""
    attention = layer.attention
    return Block(
        queries_keys_values=lambda normed: (
            attention.q_proj(normed),
            attention.k_proj(normed),
            attention.v_proj(normed),
        ),
        heads=attention.num_attention_heads,
        norm=layer.norm1,
        attention_out=lambda mixed: layer.layer_scale1(attention.o_proj(mixed)),
        mlp_branch=lambda hidden: layer.layer_scale2(layer.mlp(layer.norm2(hidden))),
    )
