"""Rows of token numbers: what two tokenizers share on the way to ``TextTokens``."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from adapp.backbones.base import TextTokens


def tokens_of(
    prompts: Sequence[str],
    pieces: Callable[[str], list[int]],
    embedding: nn.Embedding,
    max_tokens: int,
) -> TextTokens:
    """Return the word embeddings of ``prompts``; one too long loses its last words.

    Args:
        prompts: At least one text.
        pieces: From a text to its token numbers, start and end token included.
        embedding: Word embeddings; token 0 pads.
        max_tokens: Most positions of a prompt.

    Raises:
        ValueError: If ``prompts`` is empty.
    """
    if not prompts:
        msg = "tokenize needs at least one prompt"
        raise ValueError(msg)
    device = embedding.weight.device
    rows = [torch.tensor(_fitting(prompt, pieces, max_tokens)) for prompt in prompts]
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    mask = torch.arange(ids.shape[1], device=device) < lengths[:, None]
    with torch.no_grad():
        embeddings: Tensor = embedding(ids)
    return TextTokens(embeddings, mask)


def checked_length(tokens: TextTokens, max_tokens: int) -> int:
    """Return the number of positions.

    Raises:
        ValueError: If there are more than ``max_tokens``.
    """
    length = tokens.mask.shape[1]
    if length > max_tokens:
        msg = f"a prompt has {length} tokens; at most {max_tokens} fit"
        raise ValueError(msg)
    return length


def _fitting(prompt: str, pieces: Callable[[str], list[int]], max_tokens: int) -> list[int]:
    """Return the token numbers of ``prompt``, whole words dropped from its end until they fit."""
    ids = pieces(prompt)
    words = prompt.split()
    while len(ids) > max_tokens and words:
        words.pop()
        ids = pieces(" ".join(words))
    return ids
