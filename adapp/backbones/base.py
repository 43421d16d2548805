"""The contract of frozen image encoders, and of the space they share with text.

Shape letters as in ``adapp.core.results``: B batch, S tapped stage, N patches (row-major over the
patch grid h x w), D channels; and T prompts, L token positions, E channels of a word embedding,
J channels of the joint space.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from adapp.core.results import RgbImage


@dataclass(frozen=True, slots=True, eq=False)
class ImageFeatures:
    """What a frozen encoder says about a batch of pictures.

    Attributes:
        patches: Patch tokens of every tapped stage, [S, B, N, D] float32, unit norm over D.
        pooled: One vector per picture, [B, P] float32, unit norm; P is D, or J for CLIP, whose
            picture vector is already projected.
        grid: Patch grid (h, w), h * w = N.
        local: Tokens of the V-V path at the same taps, [S, B, N, D] float32, unit norm; None if
            the encoder runs without one.

    Raises:
        ValueError: If the shapes contradict each other.
    """

    patches: Tensor
    pooled: Tensor
    grid: tuple[int, int]
    local: Tensor | None = None

    def __post_init__(self) -> None:
        rows, columns = self.grid
        stages, width = self.patches.shape[0], self.patches.shape[-1]
        expected = (stages, self.pooled.shape[0], rows * columns, width)
        if tuple(self.patches.shape) != expected:
            msg = f"patches must be [S, B, N, D] = {expected}, got {tuple(self.patches.shape)}"
            raise ValueError(msg)
        if self.local is not None and self.local.shape != self.patches.shape:
            msg = f"local must be [S, B, N, D] = {expected}, got {tuple(self.local.shape)}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class TextTokens:
    """Prompts on their way into a text tower.

    Position 0 is the start token, words begin at 1, the end token is the last real one.

    Attributes:
        embeddings: Word embeddings without positions, [T, L, E] float32.
        mask: Real tokens, start and end token included, [T, L] bool; padding is False.

    Raises:
        ValueError: If the shapes contradict each other.
    """

    embeddings: Tensor
    mask: Tensor

    def __post_init__(self) -> None:
        if self.embeddings.ndim != 3 or self.mask.shape != self.embeddings.shape[:2]:
            shapes = tuple(self.embeddings.shape), tuple(self.mask.shape)
            msg = f"embeddings must be [T, L, E] and mask [T, L], got {shapes[0]} and {shapes[1]}"
            raise ValueError(msg)
        if self.mask.dtype != torch.bool:
            msg = f"mask must be bool, got {self.mask.dtype}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class TextFeatures:
    """Prompts in the joint space.

    Attributes:
        stages: One vector per tapped stage and prompt, [S, T, J] unit norm.
        pooled: The vector to compare with whole pictures, [T, J] unit norm.

    Raises:
        ValueError: If the shapes contradict each other.
    """

    stages: Tensor
    pooled: Tensor

    def __post_init__(self) -> None:
        if self.stages.ndim != 3 or self.stages.shape[1:] != self.pooled.shape:
            shapes = tuple(self.stages.shape), tuple(self.pooled.shape)
            msg = f"stages must be [S, T, J] and pooled [T, J], got {shapes[0]} and {shapes[1]}"
            raise ValueError(msg)


class JointSpace(Protocol):
    """The space in which patches and prompts are compared; frozen, and threads can share one."""

    @property
    def identity(self) -> str:
        """Text encoder and what joins it to the patches, in words."""
        ...

    @property
    def stage_count(self) -> int:
        """Tapped stages S of the image encoder that belongs to this space."""
        ...

    @property
    def width(self) -> int:
        """Channels J."""
        ...

    @property
    def token_width(self) -> int:
        """Channels E of a word embedding."""
        ...

    @property
    def max_tokens(self) -> int:
        """Most token positions of a prompt, start and end token included."""
        ...

    @property
    def temperature(self) -> float:
        """What cosines are divided by before a softmax."""
        ...

    def project(self, patches: Tensor, stages: Sequence[int] | None = None) -> Tensor:
        """Return patch tokens [S, B, N, D] in the joint space, [S, B, N, J] unit norm.

        Args:
            patches: Of every tapped stage, or of ``stages``.
            stages: Positions of those stages among the taps; None means all.
        """
        ...

    def products(
        self, patches: Tensor, vectors: Tensor, stages: Sequence[int] | None = None
    ) -> Tensor:
        """Return products of projected patches and vectors, summed over the stages, [B, N, T].

        As ``project`` and a matrix product would give them; where there is a shorter way, the
        projected patches are never formed. Without gradient to the patches.

        Args:
            patches: Of every tapped stage, or of ``stages``, [S, B, N, D] unit norm.
            vectors: [S, T, J] of any length.
            stages: Positions of those stages among the taps; None means all.
        """
        ...

    def project_pooled(self, pooled: Tensor) -> Tensor:
        """Return picture vectors [B, P] in the joint space, [B, J] unit norm."""
        ...

    def tokenize(self, prompts: Sequence[str]) -> TextTokens:
        """Return the word embeddings of ``prompts``; one too long loses its last words.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        ...

    def encode(self, tokens: TextTokens) -> TextFeatures:
        """Return ``tokens`` in the joint space; gradients reach ``tokens.embeddings`` only.

        Raises:
            ValueError: If there are more positions than ``max_tokens``.
        """
        ...

    def encode_texts(self, prompts: Sequence[str]) -> TextFeatures:
        """Return ``prompts`` in the joint space, without gradient.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        ...


class ImageBackbone(Protocol):
    """A frozen image encoder; stateless after loading, so threads can share one."""

    @property
    def identity(self) -> str:
        """Source, architecture and weights in words, for the provenance of a result."""
        ...

    @property
    def preset(self) -> str:
        """``embedded``, ``paper`` or ``tiny``."""
        ...

    @property
    def stages(self) -> tuple[int, ...]:
        """Numbers of the tapped blocks, counted from 1; S of them."""
        ...

    @property
    def local_from(self) -> int | None:
        """First block with a V-V path beside it, counted from 1; None without one."""
        ...

    @property
    def width(self) -> int:
        """Channels D of a patch token."""
        ...

    @property
    def patch(self) -> int:
        """Side of a patch in pixels of the picture the encoder sees."""
        ...

    @property
    def size(self) -> int:
        """Side in pixels of the square that ``to_pixels`` makes for this encoder."""
        ...

    @property
    def grid(self) -> tuple[int, int]:
        """Patch grid (h, w) at ``size``."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the weights lie and the features come back."""
        ...

    @property
    def dtype_name(self) -> str:
        """Arithmetic of the encoder, e.g. ``bfloat16``; features come back as float32."""
        ...

    def encode_images(self, pixels: Tensor) -> ImageFeatures:
        """Encode RGB in [0, 1], [B, 3, H, W]; whitening happens inside.

        Raises:
            ValueError: If ``pixels`` is not [B, 3, H, W] or the sides do not fit the patch.
        """
        ...

    def encode_rgb(self, images: Sequence[RgbImage]) -> ImageFeatures:
        """Encode pictures of any size, squashed to ``size``, a few at a time.

        Raises:
            ValueError: If ``images`` is empty or one of them is not [H, W, 3] uint8.
        """
        ...
