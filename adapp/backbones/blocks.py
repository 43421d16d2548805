"""One step of a pre-norm transformer block, with or without a V-V path beside it.

The V-V path attends with the values in place of queries and keys: a patch then listens to patches
that say the same, mostly itself, and the token keeps what is at its place. Its values come from
the original path, it has no MLP, and nothing of it flows back, so the original path is the same
bit for bit. Source: KAnoCLIP eq. 4-8.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from adapp.ops.attention import attention

Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Block:
    """The parts of one block, whatever the library calls them.

    Attributes:
        queries_keys_values: From normed tokens [B, 1 + N, D] to three tensors of that shape.
        heads: Attention heads.
        norm: Before the attention.
        attention_out: After the heads are merged, layer scale included.
        mlp_branch: Norm, MLP and layer scale.
    """

    queries_keys_values: Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
    heads: int
    norm: Map
    attention_out: Map
    mlp_branch: Map


def step(block: Block, hidden: Tensor, local: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return the hidden states after ``block``, and the local tokens if there are any.

    Args:
        block: The block to pass.
        hidden: Original path, CLS first, [B, 1 + N, D].
        local: Patch tokens of the V-V path, [B, N, D]; None leaves it out.
    """
    queries, keys, values = _split(block, hidden)
    mixed = attention(queries, keys, values)
    attended = hidden + block.attention_out(mixed.transpose(1, 2).flatten(2))
    if local is not None:
        local = local + _alike(block, values)
    return attended + block.mlp_branch(attended), local


def last_step(block: Block, hidden: Tensor, local: Tensor) -> tuple[Tensor, Tensor]:
    """Return the CLS token [B, 1, D] and the local tokens [B, N, D] after the last ``block``.

    What :func:`step` returns, without the original path's patch tokens: most of a block's work.

    Args:
        block: The block to pass.
        hidden: Original path, CLS first, [B, 1 + N, D].
        local: Patch tokens of the V-V path, [B, N, D].
    """
    queries, keys, values = _split(block, hidden)
    mixed = attention(queries[:, :, :1], keys, values)
    attended = hidden[:, :1] + block.attention_out(mixed.transpose(1, 2).flatten(2))
    local = local + _alike(block, values)
    return attended + block.mlp_branch(attended), local


def masked_step(block: Block, hidden: Tensor, seen: Tensor) -> Tensor:
    """Return the hidden states [B, L, D] after ``block``; nothing hears tokens not ``seen``.

    Args:
        block: The block to pass.
        hidden: Any tokens, [B, L, D].
        seen: Which of them are heard, [B, L] bool.
    """
    queries, keys, values = _split(block, hidden)
    mask = seen[:, None, None, :]
    mixed = attention(queries, keys, values, heard=mask)
    attended = hidden + block.attention_out(mixed.transpose(1, 2).flatten(2))
    return attended + block.mlp_branch(attended)


def causal_step(block: Block, hidden: Tensor) -> Tensor:
    """Return the hidden states [T, L, D] after ``block``; no position hears a later one."""
    queries, keys, values = _split(block, hidden)
    mixed = attention(queries, keys, values, causal=True)
    attended = hidden + block.attention_out(mixed.transpose(1, 2).flatten(2))
    return attended + block.mlp_branch(attended)


def _alike(block: Block, values: Tensor) -> Tensor:
    """Return what the V-V path adds, [B, N, D]: values asked by values, CLS only answering."""
    alike = attention(values[:, :, 1:], values, values)
    return block.attention_out(alike.transpose(1, 2).flatten(2))


def _split(block: Block, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values by head, each [B, heads, 1 + N, D / heads]."""
    batch, length, _ = hidden.shape
    queries, keys, values = (
        part.view(batch, length, block.heads, -1).transpose(1, 2)
        for part in block.queries_keys_values(block.norm(hidden))
    )
    return queries, keys, values
