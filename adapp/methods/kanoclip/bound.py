"""Bi-CMCI bound to one part: all stages at once, and what its prompts decide computed before.

The prompts of a part are the same for every picture, so that their keys and values can be
multiplied into the projections of the patches beside them. Each equation is that of the block in
``interaction.py``, with its products in another order: results differ by rounding alone.

Shape letters as in ``adapp.core.results``; J channels of the joint space, I inner width, H heads,
c = I / H channels of a head, G offset groups, C = I / G, K sampled keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.methods.kanoclip.deformable import DeformableAttention
from adapp.methods.kanoclip.interaction import BiCMCI
from adapp.ops.sampling import reference_points, sample_cells


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """One affine map a stage, applied to all stages in one product.

    Attributes:
        weight: [S, in, out].
        bias: [S, 1, out].
    """

    weight: Tensor
    bias: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        """Return [S, R, out] for rows [S, R, in]."""
        return torch.baddbmm(self.bias, rows, self.weight)

    def reduced(self) -> "Affine":
        """Return the same map in bfloat16."""
        return Affine(self.weight.bfloat16(), self.bias.bfloat16())


@dataclass(frozen=True, slots=True, eq=False)
class BoundDeformable:
    """Deformable attention of all stages; see ``DeformableAttention``.

    Attributes:
        query: Of every patch, I to I.
        key_value: Of what is sampled, I to 2 I.
        kernel: Depthwise kernels of all stages, [S * C, 1, k, k].
        kernel_bias: [S * C].
        norm: Scale and shift of the norm behind them, [S, 1, 1, 1, C] each.
        offsets: From the normed result of the kernels to (x, y), C to 2.
        stride: Of the kernels.
        reach: Largest offset of a key, cells.
        heads: H.
        groups: G.
    """

    query: Affine
    key_value: Affine
    kernel: Tensor
    kernel_bias: Tensor
    norm: Affine
    offsets: Tensor
    stride: int
    reach: float
    heads: int
    groups: int

    def __call__(self, tokens: Tensor, batch: int, grid: tuple[int, int]) -> Tensor:
        """Return what each patch gathers, [S, B * N, I], for patches of that shape."""
        stages, rows, inner = tokens.shape
        queries = self.query(tokens)
        points = self._points(queries.view(stages, batch, -1, inner), grid)
        pictures = tokens.view(stages * batch, -1, inner).transpose(1, 2)
        pictures = pictures.reshape(-1, inner // self.groups, *grid)  # [S * B * G, C, h, w]
        sampled = sample_cells(pictures, points).view(stages * batch, inner, -1).transpose(1, 2)
        found = self.key_value(sampled.reshape(stages, -1, inner))
        found = found.view(stages * batch, -1, 2, self.heads, inner // self.heads)
        keys, values = found.permute(2, 0, 3, 1, 4)  # [S * B, H, K, c] each
        asked = queries.view(stages * batch, -1, self.heads, inner // self.heads).transpose(1, 2)
        attended = functional.scaled_dot_product_attention(asked, keys, values)
        return attended.transpose(1, 2).reshape(stages, rows, inner)

    def _points(self, queries: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return where the keys are read, [S * B * G, K, 2], for queries [S, B, N, I]."""
        stages, batch, cells, inner = queries.shape
        width = inner // self.groups
        apart = queries.view(stages, batch, cells, self.groups, width)
        pictures = apart.permute(1, 3, 0, 4, 2).reshape(-1, stages * width, *grid)
        strided = functional.conv2d(
            pictures,
            self.kernel,
            self.kernel_bias,
            stride=self.stride,
            padding=self.kernel.shape[-1] // 2,
            groups=len(self.kernel),
        )
        rows, columns = strided.shape[-2:]
        strided = strided.view(batch, self.groups, stages, width, -1).permute(2, 0, 1, 4, 3)
        normed = functional.layer_norm(strided, (width,))  # [S, B, G, K, C]
        normed = normed * self.norm.weight + self.norm.bias
        told = functional.gelu(normed).reshape(stages, -1, width) @ self.offsets  # [S, BGK, 2]
        cell = told.new_tensor([2.0 / grid[1], 2.0 / grid[0]])
        moved = self.reach * torch.tanh(told).view(-1, rows * columns, 2) * cell
        return reference_points(rows, columns, told) + moved


@dataclass(frozen=True, slots=True, eq=False)
class BoundInteraction:
    """Bi-CMCI of all stages for the prompts of one part; frozen.

    Attributes:
        text: Normal and abnormal prompt, [S, 2, J].
        read: From normed patches to their attention scores with both prompts, head by head, and
            to the deformable tokens: J to 2 H + I.
        update: From attention weights and gathered tokens to what patches take up, gates
            included: 2 H + I to J.
        heard: From the mean patch that a prompt attends to, to its head's values: [S, H, J, c]
            and [S, H, 1, c].
        text_update: From those to what prompts take up, gate included: I to J.
        text_attention: Self-attention of the prompts: queries, keys and values (J to 3 I), and
            back with the gate (I to J).
        deformable: Deformable attention of the patches.
        heads: H.
    """

    text: Tensor
    read: Affine
    update: Affine
    heard: tuple[Tensor, Tensor]
    text_update: Affine
    text_attention: tuple[Affine, Affine]
    deformable: BoundDeformable
    heads: int

    def reduced(self) -> "BoundInteraction":
        """Return the same with the two projections of all patches in bfloat16."""
        return replace(self, read=self.read.reduced(), update=self.update.reduced())

    def __call__(self, visual: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return patches and prompts after they met, [S, B, N, J] and [S, B, 2, J] float32.

        Args:
            visual: Patches in the joint space, unit norm, [S, B, N, J].
            grid: (h, w) with h * w = N.
        """
        stages, batch, cells, width = visual.shape
        normed = functional.layer_norm(visual, (width,)).view(stages, -1, width)
        seen = self.read(normed.to(self.read.weight.dtype)).float()
        scores, around = seen[..., : 2 * self.heads], seen[..., 2 * self.heads :].contiguous()
        pairs = scores.reshape(*scores.shape[:2], self.heads, 2)
        weights = pairs.softmax(dim=-1).flatten(2)  # [S, B * N, 2 H]
        gathered = self.deformable(around, batch, grid)
        told = torch.cat([weights, gathered], dim=-1).to(self.update.weight.dtype)
        met = visual + self.update(told).view(visual.shape)
        over_patches = scores.view(stages * batch, cells, -1).softmax(dim=1)
        means = over_patches.mT @ normed.view(stages * batch, cells, width)  # [S * B, 2 H, J]
        return met, self._prompts(means.view(stages, batch, self.heads, 2, width))

    def _prompts(self, means: Tensor) -> Tensor:
        """Return the prompts after they met patches and each other, [S, B, 2, J].

        Args:
            means: Mean normed patch that each head of each prompt attends to, [S, B, H, 2, J].
        """
        stages, batch, heads, _, width = means.shape
        weight, bias = self.heard
        by_head = means.transpose(1, 2).reshape(stages, heads, -1, width) @ weight + bias
        values = by_head.view(stages, heads, batch, 2, -1).permute(0, 2, 3, 1, 4)
        taken = self.text_update(values.reshape(stages, batch * 2, -1))
        prompts = self.text.unsqueeze(1) + taken.view(stages, batch, 2, width)
        inward, outward = self.text_attention
        joined = inward(functional.layer_norm(prompts, (width,)).view(stages, -1, width))
        joined = joined.view(stages * batch, 2, 3, heads, -1)
        queries, keys, own = joined.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(queries, keys, own).transpose(1, 2)
        return prompts + outward(mixed.reshape(stages, batch * 2, -1)).view(prompts.shape)


@torch.no_grad()
def bind(blocks: Sequence[BiCMCI], text: Tensor) -> BoundInteraction:
    """Return the stages' blocks bound to the prompts of a part, [S, 2, J] unit norm."""
    parts = [_bound_stage(block, own) for block, own in zip(blocks, text, strict=True)]
    attentions = [block.text_attention for block in blocks]
    inward = [
        _after(block.text_attention_norm, own.joined)
        for block, own in zip(blocks, attentions, strict=True)
    ]
    outward = [_gated(block.text_attention.out, block.text_attention_gate) for block in blocks]
    return BoundInteraction(
        text=text,
        read=_affine([part[0] for part in parts]),
        update=_affine([part[1] for part in parts]),
        heard=(
            torch.stack([part[2].weight for part in parts]),
            torch.stack([part[2].bias for part in parts]),
        ),
        text_update=_affine([_gated(block.text_out, block.text_gate) for block in blocks]),
        text_attention=(_affine(inward), _affine(outward)),
        deformable=_bound_deformable([block.deformable for block in blocks]),
        heads=blocks[0].heads,
    )


def _bound_stage(block: BiCMCI, text: Tensor) -> tuple[Affine, Affine, Affine]:
    """Return how patches are read and updated, and what prompts [2, J] hear, for one stage.

    The score of patch x and prompt t at a head is (W_q x) k_t = x (W_q' k_t), so the prompts' keys
    go into the projection; a patch takes up W_o v_t of each prompt, so their values go into the
    one behind. A prompt's weights over the patches sum to 1: it hears W_v of their mean.
    """
    heads, width = block.heads, len(block.visual_gate)
    seen = _after(block.visual_norm, block.visual_in)
    weights = seen.weight.view(width, 3, heads, -1).unbind(1)  # [J, H, c] each
    biases = seen.bias.view(3, heads, -1)
    said = block.text_in(block.text_norm(text)).view(2, 2, heads, -1)  # prompt, key or value
    keys, values = said.permute(1, 2, 0, 3)  # [H, 2, c] each
    keys = keys * keys.shape[-1] ** -0.5
    scored = torch.einsum("jhc,htc->jht", weights[0], keys).flatten(1)
    scored_bias = torch.einsum("hc,htc->ht", biases[0], keys).flatten()
    read = Affine(
        torch.cat([scored, weights[2].flatten(1)], dim=1),
        torch.cat([scored_bias, biases[2].flatten()]),
    )
    visual_out = _gated(block.visual_out, block.visual_gate)
    around_out = _gated(block.deformable_out, block.deformable_gate)
    spoken = values @ visual_out.weight.view(heads, -1, width)  # [H, 2, J]
    update = Affine(
        torch.cat([spoken.flatten(0, 1), around_out.weight]), visual_out.bias + around_out.bias
    )
    return read, update, Affine(weights[1].transpose(0, 1), biases[1].unsqueeze(1))


def _bound_deformable(parts: Sequence[DeformableAttention]) -> BoundDeformable:
    """Return the deformable attentions of all stages."""
    kernels, norms, directions = zip(*(part.offsets.parts for part in parts), strict=True)
    keys_values = [(_turned(part.key), _turned(part.value)) for part in parts]
    return BoundDeformable(
        query=_affine([_turned(part.query) for part in parts]),
        key_value=_affine(
            [
                Affine(
                    torch.cat([key.weight, value.weight], dim=1), torch.cat([key.bias, value.bias])
                )
                for key, value in keys_values
            ]
        ),
        kernel=torch.cat([one.weight for one in kernels]),
        kernel_bias=torch.cat([one.bias for one in kernels]),
        norm=Affine(
            torch.stack([one.weight for one in norms])[:, None, None, None],
            torch.stack([one.bias for one in norms])[:, None, None, None],
        ),
        offsets=torch.stack([one.weight[:, :, 0, 0].T for one in directions]),
        stride=kernels[0].stride[0],
        reach=parts[0].offsets.reach,
        heads=parts[0].heads,
        groups=parts[0].groups,
    )


def _affine(stages: Sequence[Affine]) -> Affine:
    """Return the maps of single stages, weight [in, out] and bias [out], as one."""
    return Affine(
        torch.stack([one.weight for one in stages]).contiguous(),
        torch.stack([one.bias for one in stages]).unsqueeze(1),
    )


def _turned(layer: nn.Linear) -> Affine:
    """Return a layer as [in, out] and [out]."""
    return Affine(layer.weight.T, layer.bias)


def _after(norm: nn.LayerNorm, layer: nn.Linear) -> Affine:
    """Return ``layer`` after the scale and shift of ``norm``, as [in, out] and [out]."""
    weight = layer.weight.T * norm.weight.unsqueeze(1)
    return Affine(weight.contiguous(), layer(norm.bias))


def _gated(layer: nn.Linear, gate: Tensor) -> Affine:
    """Return ``layer`` with a gate on its result, as [in, out] and [out]."""
    return Affine((layer.weight.T * gate).contiguous(), layer.bias * gate)
