"""CLIP's joint space: its text tower, and the projection of patches from any stage."""

from collections.abc import Sequence

import torch
from open_clip.model import CLIP
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor, nn
from torch.nn import functional

from adapp.backbones.base import TextFeatures, TextTokens
from adapp.backbones.blocks import causal_step
from adapp.backbones.clip_model import block_parts
from adapp.backbones.inserted import LayerInsert
from adapp.backbones.prompt_cache import PromptCache
from adapp.backbones.token_rows import checked_length, tokens_of
from adapp.ops.similarity import fresh_unit_norm, summed_products

TEMPERATURE = 0.07
"""As the methods built on CLIP divide cosines; CLIP's own is 0.01."""
BATCH = 64
"""Prompts encoded at once without gradient."""


class ClipSpace:
    """A frozen CLIP as a ``JointSpace``; the image blocks are not kept.

    Args:
        model: The network; its text side is moved to ``device``.
        identity: Source and weights in words.
        stage_count: Tapped stages of the image encoder it goes with.
        device: Where the weights go and the features come back.
        dtype: Arithmetic of the patches' projection; all else is float32.
    """

    def __init__(
        self,
        model: CLIP,
        *,
        identity: str,
        stage_count: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._identity = identity
        self._stage_count = stage_count
        self._tokenizer = SimpleTokenizer()
        self._kept = PromptCache[TextFeatures]()
        self._words: nn.Embedding = model.token_embedding.to(device)
        self._positions: Tensor = model.positional_embedding.detach().to(device)
        blocks = model.transformer.to(device).resblocks
        self._blocks = [block_parts(block, torch.float32) for block in blocks]
        self._norm: nn.Module = model.ln_final.to(device)
        self._text_projection: Tensor = model.text_projection.detach().to(device)
        self._patch_norm: nn.Module = model.visual.ln_post.to(device)
        self._patch_projection: Tensor = model.visual.proj.detach().to(device, dtype)

    @property
    def identity(self) -> str:
        """Source and weights in words."""
        return self._identity

    @property
    def stage_count(self) -> int:
        """Tapped stages S; the text is the same at each."""
        return self._stage_count

    @property
    def width(self) -> int:
        """Channels J."""
        return self._patch_projection.shape[1]

    @property
    def token_width(self) -> int:
        """Channels E of a word embedding."""
        return self._words.embedding_dim

    @property
    def max_tokens(self) -> int:
        """Most token positions of a prompt."""
        return len(self._positions)

    @property
    def temperature(self) -> float:
        """``TEMPERATURE``."""
        return TEMPERATURE

    def project(self, patches: Tensor, stages: Sequence[int] | None = None) -> Tensor:  # noqa: ARG002 - the same at every stage
        """Return patch tokens [S, B, N, D] through CLIP's last norm and projection, unit norm.

        The LayerNorm undoes the unit norm that ``ImageFeatures`` gave them: it ignores a token's
        length, and sqrt(D) keeps its epsilon as small as it was.
        """
        normed: Tensor = self._patch_norm(patches * patches.shape[-1] ** 0.5)
        projection = self._patch_projection
        return fresh_unit_norm((normed.to(projection.dtype) @ projection).float())

    def products(
        self, patches: Tensor, vectors: Tensor, stages: Sequence[int] | None = None
    ) -> Tensor:
        """Return products of projected patches [S, B, N, D] and vectors [S, T, J], [B, N, T]."""
        return summed_products(self.project(patches, stages), vectors)

    def project_pooled(self, pooled: Tensor) -> Tensor:
        """Return picture vectors [B, J], which the image tower has projected already."""
        return functional.normalize(pooled, dim=-1)

    def tokenize(self, prompts: Sequence[str]) -> TextTokens:
        """Return the word embeddings of ``prompts``; one too long loses its last words.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        return tokens_of(prompts, self._pieces, self._words, self.max_tokens)

    def encode(self, tokens: TextTokens) -> TextFeatures:
        """Return ``tokens`` in the joint space; gradients reach ``tokens.embeddings`` only.

        Raises:
            ValueError: If there are more positions than ``max_tokens``.
        """
        return self.encode_inserted(tokens, lambda _, states: states)

    def encode_inserted(self, tokens: TextTokens, insert: LayerInsert) -> TextFeatures:
        """Return ``tokens`` in the joint space, with states changed between the layers.

        Gradients reach ``tokens.embeddings`` and what ``insert`` returns.

        Raises:
            ValueError: If there are more positions than ``max_tokens``.
        """
        length = checked_length(tokens, self.max_tokens)
        hidden = tokens.embeddings + self._positions[:length]  # [T, L, E]
        for number, block in enumerate(self._blocks):
            hidden = causal_step(block, insert(number, hidden))
        rows = torch.arange(len(hidden), device=hidden.device)
        last = hidden[rows, _last_real(tokens.mask)]  # [T, E]
        pooled = functional.normalize(self._norm(last) @ self._text_projection, dim=-1)
        return TextFeatures(pooled.expand(self.stage_count, -1, -1), pooled)

    def encode_texts(self, prompts: Sequence[str]) -> TextFeatures:
        """Return ``prompts`` in the joint space, without gradient; do not change them.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        return self._kept.get(prompts, self._encoded)

    def _encoded(self, prompts: tuple[str, ...]) -> TextFeatures:
        starts = range(0, max(len(prompts), 1), BATCH)
        with torch.no_grad():
            parts = [self.encode(self.tokenize(prompts[i : i + BATCH])) for i in starts]
        pooled = torch.cat([part.pooled for part in parts])
        return TextFeatures(pooled.expand(self.stage_count, -1, -1), pooled)

    def _pieces(self, prompt: str) -> list[int]:
        tokenizer = self._tokenizer
        return [tokenizer.sot_token_id, *tokenizer.encode(prompt), tokenizer.eot_token_id]


def _last_real(mask: Tensor) -> Tensor:
    """Return the position of the last real token of each prompt, [T]."""
    positions = torch.arange(mask.shape[1], device=mask.device)
    return (positions * mask).amax(dim=1)
