"""The contract of frozen image encoders.

Shape letters as in ``adapp.core.results``: B batch, S tapped stage, N patches (row-major over the
patch grid h x w), D channels.
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
        pooled: One vector per picture, [B, D] float32, unit norm.
        grid: Patch grid (h, w), h * w = N.

    Raises:
        ValueError: If the shapes contradict each other.
    """

    patches: Tensor
    pooled: Tensor
    grid: tuple[int, int]

    def __post_init__(self) -> None:
        rows, columns = self.grid
        batch, width = self.pooled.shape
        expected = (self.patches.shape[0], batch, rows * columns, width)
        if tuple(self.patches.shape) != expected:
            msg = f"patches must be [S, B, N, D] = {expected}, got {tuple(self.patches.shape)}"
            raise ValueError(msg)


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
