"""Deformable self-attention over a patch grid: keys move to where the picture says.

Shape letters: B batch, N patches, I inner width, G offset groups, K sampled keys.
Source: KAnoCLIP 2.4 (Bi-CMCI), after Xia et al., Vision Transformer with Deformable Attention.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.methods.kanoclip.config import InteractionConfig
from adapp.ops.sampling import reference_points, sample_cells


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of a picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, values: Tensor) -> Tensor:
        """Return ``values`` [B, C, h, w] normalised over C."""
        normed: Tensor = self.norm(values.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


class OffsetNetwork(nn.Module):
    """Says how far each key moves: depthwise strided convolution, norm, GELU, 1x1."""

    def __init__(self, channels: int, stride: int, kernel: int, reach: float) -> None:
        super().__init__()
        self.reach = reach
        depthwise = nn.Conv2d(
            channels, channels, kernel, stride=stride, padding=kernel // 2, groups=channels
        )
        norm, pointwise = ChannelNorm(channels), nn.Conv2d(channels, 2, kernel_size=1, bias=False)
        self.layers = nn.Sequential(depthwise, norm, nn.GELU(), pointwise)

    @property
    def parts(self) -> tuple[nn.Conv2d, nn.LayerNorm, nn.Conv2d]:
        """Depthwise convolution, norm over the channels, and 1x1."""
        depthwise, norm, _, pointwise = self.layers
        return (
            cast("nn.Conv2d", depthwise),
            cast("ChannelNorm", norm).norm,
            cast("nn.Conv2d", pointwise),
        )

    def forward(self, queries: Tensor) -> Tensor:
        """Return offsets (x, y) in cells, within ``reach``, [B, 2, rows, columns] of the keys.

        Args:
            queries: [B, I / G, h, w].
        """
        moved: Tensor = self.reach * torch.tanh(self.layers(queries))
        return moved


class DeformableAttention(nn.Module):
    """Each patch attends to a few keys that are read off the grid at learned places.

    Everything happens inside the inner width; whoever calls it projects in and out.
    """

    def __init__(self, config: InteractionConfig) -> None:
        super().__init__()
        if config.inner % config.heads or config.heads % config.groups:
            msg = (
                f"inner {config.inner} must divide by heads {config.heads}, "
                f"and heads by groups {config.groups}"
            )
            raise ValueError(msg)
        self.heads, self.groups = config.heads, config.groups
        self.query = nn.Linear(config.inner, config.inner)
        self.offsets = OffsetNetwork(
            config.inner // config.groups, config.stride, config.kernel, config.reach
        )
        self.key = nn.Linear(config.inner, config.inner)
        self.value = nn.Linear(config.inner, config.inner)

    def points(self, queries: Tensor) -> Tensor:
        """Return where the keys are read, [B * G, K, 2] as in ``sample_cells``.

        Args:
            queries: [B * G, I / G, h, w].
        """
        offsets = self.offsets(queries)
        rows, columns = offsets.shape[-2:]
        # one cell is 2 / w wide in the coordinates of ``sample_cells``
        cell = offsets.new_tensor([2.0 / queries.shape[-1], 2.0 / queries.shape[-2]])
        moved = offsets.flatten(2).transpose(1, 2) * cell
        places: Tensor = reference_points(rows, columns, offsets) + moved
        return places

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return what each patch gathers, [B, N, I].

        Args:
            tokens: Patches in the inner width, [B, N, I].
            grid: (h, w) with h * w = N.
        """
        queries = self.query(tokens)
        points = self.points(self._pictures(queries, grid))
        sampled = sample_cells(self._pictures(tokens, grid), points)
        sampled = sampled.reshape(len(tokens), -1, sampled.shape[-1]).transpose(1, 2)  # [B, K, I]
        attended = functional.scaled_dot_product_attention(
            self._split(queries), self._split(self.key(sampled)), self._split(self.value(sampled))
        )
        return attended.transpose(1, 2).flatten(2)

    def _pictures(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return [B, N, I] as pictures of the groups, [B * G, I / G, h, w]."""
        batch, _, inner = tokens.shape
        return tokens.transpose(1, 2).reshape(batch * self.groups, inner // self.groups, *grid)

    def _split(self, tokens: Tensor) -> Tensor:
        """Return [B, L, I] with the heads apart, [B, heads, L, I / heads]."""
        return tokens.reshape(*tokens.shape[:2], self.heads, -1).transpose(1, 2)
