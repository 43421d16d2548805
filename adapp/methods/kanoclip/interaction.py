"""Bi-CMCI: text and patches of one stage look at each other before they are compared.

Text-to-visual and visual-to-text cross-attention from the values before the update, self-attention
of the text, deformable self-attention of the patches; gates that start near zero, so that an
untrained block leaves the plain map. Source: KAnoCLIP 2.4, figure 3; parts after GroundingDINO.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.methods.kanoclip.config import InteractionConfig
from adapp.methods.kanoclip.deformable import DeformableAttention


def cross_attention(
    queries: Tensor, visual_values: Tensor, keys: Tensor, text_values: Tensor, heads: int
) -> tuple[Tensor, Tensor]:
    """Return what patches take from the text and text from the patches, one table for both.

    Args:
        queries: Of the patches, [B, N, I].
        visual_values: Of the patches, [B, N, I].
        keys: Of the prompts, [B, 2, I].
        text_values: Of the prompts, [B, 2, I].
        heads: Heads of the attention.

    Returns:
        [B, N, I] and [B, 2, I].
    """
    asked, said = _split(queries, heads), _split(keys, heads)
    scores = asked @ said.transpose(-1, -2) / asked.shape[-1] ** 0.5  # [B, heads, N, 2]
    to_visual = scores.softmax(dim=-1) @ _split(text_values, heads)
    over_patches = scores.transpose(-1, -2).softmax(dim=-1)  # [B, heads, 2, N]
    to_text = over_patches @ _split(visual_values, heads)
    return _merged(to_visual), _merged(to_text)


class SelfAttention(nn.Module):
    """Multi-head self-attention inside ``inner`` channels."""

    def __init__(self, width: int, config: InteractionConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.joined = nn.Linear(width, 3 * config.inner)
        self.out = nn.Linear(config.inner, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the update of ``tokens`` [B, L, J]."""
        queries, keys, values = self.joined(tokens).chunk(3, dim=-1)
        attended = functional.scaled_dot_product_attention(
            _split(queries, self.heads), _split(keys, self.heads), _split(values, self.heads)
        )
        update: Tensor = self.out(_merged(attended))
        return update


class BiCMCI(nn.Module):
    """One stage's block.

    All attentions of the patches read them before the update (D4): one norm and one projection
    serve them, and one projection leads back.

    Args:
        width: Channels of the joint space, J.
        config: Sizes and gates.
    """

    def __init__(self, width: int, config: InteractionConfig) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.visual_norm = nn.LayerNorm(width)
        self.text_norm = nn.LayerNorm(width)
        self.visual_in = nn.Linear(width, 3 * config.inner)  # query, value, deformable tokens
        self.text_in = nn.Linear(width, 2 * config.inner)  # key, value
        self.visual_out = nn.Linear(config.inner, width)
        self.text_out = nn.Linear(config.inner, width)
        self.text_attention_norm = nn.LayerNorm(width)
        self.text_attention = SelfAttention(width, config)
        self.deformable = DeformableAttention(config)
        self.deformable_out = nn.Linear(config.inner, width)
        self.visual_gate = nn.Parameter(torch.full((width,), config.gate))
        self.text_gate = nn.Parameter(torch.full((width,), config.gate))
        self.text_attention_gate = nn.Parameter(torch.full((width,), config.gate))
        self.deformable_gate = nn.Parameter(torch.full((width,), config.gate))

    def forward(
        self, visual: Tensor, text: Tensor, grid: tuple[int, int], *, reduced: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return patches and prompts after they met, [B, N, J] and [B, 2, J] float32.

        Args:
            visual: Patches in the joint space, unit norm, [B, N, J].
            text: Normal and abnormal prompt of each picture, unit norm, [B, 2, J].
            grid: (h, w) with h * w = N.
            reduced: Whether the two projections of all patches compute in bfloat16; the small
                attentions between them gain nothing from it.
        """
        with torch.autocast(visual.device.type, dtype=torch.bfloat16, enabled=reduced):
            seen = self.visual_in(self.visual_norm(self._dropped(visual)))
        queries, visual_values, around = seen.float().chunk(3, dim=-1)
        keys, text_values = self.text_in(self.text_norm(text)).chunk(2, dim=-1)
        to_visual, to_text = cross_attention(queries, visual_values, keys, text_values, self.heads)
        gathered = self.deformable(around, grid)
        with torch.autocast(visual.device.type, dtype=torch.bfloat16, enabled=reduced):
            met = visual + self._gated(to_visual, gathered)
        prompts = text + self.text_gate * self.text_out(to_text)
        told = self.text_attention(self.text_attention_norm(prompts))
        return met, prompts + self.text_attention_gate * told

    def _gated(self, to_visual: Tensor, around: Tensor) -> Tensor:
        """Return both updates of the patches, each behind its gate, [B, N, J].

        The gates scale the weights of the projections and not their wide results: the same, and
        cheaper.
        """
        weight = torch.cat(
            [
                self.visual_gate[:, None] * self.visual_out.weight,
                self.deformable_gate[:, None] * self.deformable_out.weight,
            ],
            dim=1,
        )
        bias = self.visual_gate * self.visual_out.bias
        bias = bias + self.deformable_gate * self.deformable_out.bias
        return functional.linear(torch.cat([to_visual, around], dim=-1), weight, bias)

    def _dropped(self, tokens: Tensor) -> Tensor:
        """Return ``tokens`` [B, N, J] with whole channels of a picture dropped in training."""
        if not self.training or self.dropout == 0:
            return tokens
        kept = torch.rand(len(tokens), 1, tokens.shape[-1], device=tokens.device) >= self.dropout
        return tokens * kept / (1.0 - self.dropout)


def _split(tokens: Tensor, heads: int) -> Tensor:
    """Return [B, L, I] with the heads apart, [B, heads, L, I / heads]."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)


def _merged(heads: Tensor) -> Tensor:
    """Return [B, heads, L, c] with the heads joined, [B, L, heads * c]."""
    return heads.transpose(1, 2).flatten(2)
