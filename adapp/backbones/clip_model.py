"""The library's CLIP as the parts that an image encoder and a joint space run."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import open_clip
import torch
from open_clip.model import CLIP
from open_clip.transformer import QuickGELU, ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional

from adapp.backbones.blocks import Block
from adapp.backbones.vit import CastNorm
from adapp.core.errors import ModelUnavailable

QUICK_TAGS = frozenset({"openai"})
"""Weights trained with QuickGELU; under any other activation they degrade without a sign."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a CLIP, as ``open_clip`` writes them.

    Attributes:
        name: Name of the configuration.
        config: Its content: ``embed_dim``, ``vision_cfg``, ``text_cfg``, ``quick_gelu``.
    """

    name: str
    config: Mapping[str, object]


def architecture(name: str) -> Architecture:
    """Return the configuration ``name`` of the installed ``open_clip``.

    Raises:
        ModelUnavailable: If the installed release does not know it.
    """
    config = open_clip.get_model_config(name)
    if config is None:
        msg = f'the installed open_clip does not know {name}: run "pip install -U open_clip_torch"'
        raise ModelUnavailable(msg)
    return Architecture(name, config)


def build_clip(shape: Architecture, state: Mapping[str, Tensor], tag: str) -> CLIP:
    """Return a frozen CLIP, loaded strictly from ``state``.

    Raises:
        ModelUnavailable: If a tensor is missing, left over or of the wrong shape, or if the
            activation is not the one that the weights ``tag`` were trained with.
    """
    model = _meta(shape)
    check_activation(model, shape.name, tag)
    tensors = {name: _as_kept(name, tensor) for name, tensor in state.items()}
    try:
        model.load_state_dict(tensors, strict=True, assign=True)
    except RuntimeError as error:
        first = str(error).splitlines()[1:2]
        msg = (
            f"the weights are not those of {shape.name} ({' '.join(first).strip()}); get them again"
        )
        raise ModelUnavailable(msg) from error
    return _frozen(model)


def random_clip(shape: Architecture, seed: int) -> CLIP:
    """Return a frozen CLIP with weights drawn from ``seed``; no global random state is used.

    It has the time, the memory and the shapes of the published network, and nothing it says
    means anything.
    """
    generator = torch.Generator().manual_seed(seed)
    model = _meta(shape)
    state: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        if name.endswith("bias"):
            state[name] = torch.zeros(tensor.shape)
        elif tensor.ndim < 2 and name != "visual.class_embedding":
            state[name] = torch.ones(tensor.shape)  # norms, and the scale of the logits
        else:
            deviation = tensor[0].numel() ** -0.5 if name.endswith("weight") else 0.1
            state[name] = torch.randn(tensor.shape, generator=generator) * deviation
    model.load_state_dict(state, strict=True, assign=True)
    return _frozen(model)


def check_activation(model: CLIP, name: str, tag: str) -> None:
    """Check that both towers have the activation that the weights ``tag`` were trained with.

    Raises:
        ModelUnavailable: If they have not.
    """
    needed = QuickGELU if tag in QUICK_TAGS else nn.GELU
    for block in (model.visual.transformer.resblocks[0], model.transformer.resblocks[0]):
        found = type(block.mlp.gelu)
        if found is not needed:
            msg = (
                f"{name} runs {found.__name__}, but the weights {tag} were trained with "
                f"{needed.__name__}: use the configuration "
                f"{name.removesuffix('-quickgelu')}{'-quickgelu' if needed is QuickGELU else ''}"
            )
            raise ModelUnavailable(msg)


def block_parts(block: ResidualAttentionBlock, dtype: torch.dtype) -> Block:
    """Return the parts of one block, its linear maps put into ``dtype``.

    The residual stream is float32 and lifts what the branches add.
    """
    attention, first_norm, second_norm = block.attn, block.ln_1, block.ln_2
    if dtype != torch.float32:
        attention.to(dtype)
        block.mlp.to(dtype)
        first_norm, second_norm = CastNorm(first_norm, dtype), CastNorm(second_norm, dtype)

    def queries_keys_values(normed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        joined = functional.linear(normed, attention.in_proj_weight, attention.in_proj_bias)
        queries, keys, values = joined.chunk(3, dim=-1)
        return queries, keys, values

    return Block(
        queries_keys_values=queries_keys_values,
        heads=attention.num_heads,
        norm=first_norm,
        attention_out=lambda mixed: block.ls_1(attention.out_proj(mixed)),
        mlp_branch=lambda hidden: block.ls_2(block.mlp(second_norm(hidden))),
    )


def _meta(shape: Architecture) -> CLIP:
    with torch.device("meta"):
        return CLIP(**deepcopy(dict(shape.config)))


def _frozen(model: CLIP) -> CLIP:
    """Return ``model`` frozen, with the causal mask that no checkpoint holds."""
    length = model.context_length
    model.attn_mask = torch.full((length, length), -torch.inf).triu_(1)
    return model.eval().requires_grad_(requires_grad=False)


def _as_kept(name: str, tensor: Tensor) -> Tensor:
    """Return ``tensor`` as the network holds it: float32, the scale of the logits a scalar."""
    if name == "logit_scale":
        tensor = tensor.reshape(())
    return tensor.float() if tensor.is_floating_point() else tensor
