"""A frozen vision transformer with taps: the one image encoder behind every preset."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.backbones.base import ImageFeatures
from adapp.backbones.batching import encoded_in_batches, stacked
from adapp.backbones.blocks import Block, Map, last_step, masked_step, step
from adapp.backbones.inserted import StageInsert
from adapp.core.results import RgbImage

BFLOAT16_COST_DIFFERENCE = 0.02
"""Bound on the change of a nearest-neighbour cost, in [0, 2], between bfloat16 and float32.

Measured with the embedded weights at 336 px on 200 pictures of four categories against four
normal ones each: at most 0.0192, 0.0006 on average; image AUROC moved by less than 0.01.
"""


@dataclass(frozen=True, slots=True)
class ViTSpec:
    """What an encoder taps and how it is fed.

    Attributes:
        identity: Source, architecture and weights in words.
        preset: Preset the encoder stands for.
        stages: Blocks tapped, counted from 1, ascending; blocks after the last do not run.
        size: Side in pixels of the squares that ``to_pixels`` makes.
        side: Side the encoder sees; pictures are enlarged bilinearly from ``size`` if it differs.
        final_norm: Whether taps pass the model's last LayerNorm.
        local_from: First block with a V-V path beside it, counted from 1; None runs without.
        local_end: Whether the last stage is read on the V-V path alone. Its patches are then the
            V-V tokens, and of the original path the last block runs for CLS only.
    """

    identity: str
    preset: str
    stages: tuple[int, ...]
    size: int
    side: int
    final_norm: bool
    local_from: int | None = None
    local_end: bool = False


@dataclass(frozen=True, slots=True)
class Tower:
    """The parts of a frozen vision transformer, whatever the library calls them.

    Attributes:
        embed: From whitened patches' source, RGB in [0, 1] [B, 3, H, W] and the grid, to CLS and
            patch tokens with positions, [B, 1 + N, D].
        blocks: The blocks that run.
        norm: The last LayerNorm.
        pool: From the last block's CLS token [B, D] to the picture vector [B, P].
        width: Channels D.
        patch: Side of a patch in pixels.
    """

    embed: Callable[[Tensor, tuple[int, int]], Tensor]
    blocks: Sequence[Block]
    norm: Map
    pool: Map
    width: int
    patch: int


class FrozenViT:
    """Patch tokens and pooled vector of a frozen vision transformer; see ``ImageBackbone``.

    The embeddings, norms, layer scales and the residual stream stay in float32; only the linear
    maps and the attention run in ``dtype``. ``BFLOAT16_COST_DIFFERENCE`` bounds what bfloat16
    changes in a map.
    """

    def __init__(
        self, tower: Tower, spec: ViTSpec, *, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._tower = tower
        self._spec = spec
        self._device = device
        self._dtype = dtype

    def ending_locally(self) -> "FrozenViT":
        """Return this encoder with its last stage read on the V-V path alone; see ``ViTSpec``.

        Raises:
            ValueError: If it runs without a V-V path.
        """
        if self.local_from is None:
            msg = "the last stage cannot be read on a V-V path that does not run"
            raise ValueError(msg)
        identity = f"{self.identity}; last stage on its V-V path alone"
        spec = replace(self._spec, identity=identity, local_end=True)
        return FrozenViT(self._tower, spec, device=self._device, dtype=self._dtype)

    @property
    def identity(self) -> str:
        """Source, architecture and weights in words."""
        return self._spec.identity

    @property
    def preset(self) -> str:
        """``embedded``, ``paper`` or ``tiny``."""
        return self._spec.preset

    @property
    def stages(self) -> tuple[int, ...]:
        """Numbers of the tapped blocks, counted from 1."""
        return self._spec.stages

    @property
    def local_from(self) -> int | None:
        """First block with a V-V path beside it; None without one."""
        return self._spec.local_from

    @property
    def width(self) -> int:
        """Channels of a patch token."""
        return self._tower.width

    @property
    def patch(self) -> int:
        """Side of a patch in pixels of the picture the encoder sees."""
        return self._tower.patch

    @property
    def size(self) -> int:
        """Side in pixels of the square that ``to_pixels`` makes for this encoder."""
        return self._spec.size

    @property
    def grid(self) -> tuple[int, int]:
        """Patch grid (h, w) at ``size``."""
        cells = self._spec.side // self.patch
        return (cells, cells)

    @property
    def device(self) -> torch.device:
        """Where the weights lie and the features come back."""
        return self._device

    @property
    def dtype_name(self) -> str:
        """Arithmetic of the linear maps and the attention."""
        return str(self._dtype).removeprefix("torch.")

    def encode_images(self, pixels: Tensor) -> ImageFeatures:
        """Return the features of RGB in [0, 1], [B, 3, H, W].

        Raises:
            ValueError: If ``pixels`` is not [B, 3, H, W] or the sides do not fit the patch.
        """
        pixels = self._fitted(pixels)
        grid = (pixels.shape[2] // self.patch, pixels.shape[3] // self.patch)
        with torch.no_grad():
            taps, local_taps, cls_token = self._taps(self._tower.embed(pixels, grid))
            patches = stacked(taps)
            local = stacked(local_taps) if local_taps else None
            if local is not None and len(local) < len(patches):
                local = torch.cat([patches[: len(patches) - len(local)], local])
            return ImageFeatures(
                patches=patches,
                pooled=functional.normalize(self._tower.pool(cls_token), dim=-1),
                grid=grid,
                local=local,
            )

    def encode_inserted(self, pixels: Tensor, insert: StageInsert) -> ImageFeatures:
        """Return the features of RGB in [0, 1], [B, 3, H, W], with tokens between the stages.

        There is no V-V path; gradients reach what ``insert`` returns.

        Raises:
            ValueError: If ``pixels`` is not [B, 3, H, W] or the sides do not fit the patch.
        """
        pixels = self._fitted(pixels)
        grid = (pixels.shape[2] // self.patch, pixels.shape[3] // self.patch)
        with torch.no_grad():
            hidden = self._tower.embed(pixels, grid)
        norm = self._tower.norm if self._spec.final_norm else nn.Identity()
        taps: list[Tensor] = []
        first = 0
        for stage, last in enumerate(self.stages):
            insertion = insert(stage, hidden)
            length = insertion.hidden.shape[1]
            seen = insertion.kept.new_ones(len(hidden), length)
            seen = torch.cat([seen, insertion.kept], dim=1)
            hidden = torch.cat([insertion.hidden, insertion.tokens], dim=1)
            for block in self._tower.blocks[first:last]:
                hidden = masked_step(block, hidden, seen)
            hidden, first = hidden[:, :length], last
            taps.append(norm(hidden[:, 1:]))
        return ImageFeatures(
            patches=stacked(taps),
            pooled=functional.normalize(self._tower.pool(norm(hidden[:, 0])), dim=-1),
            grid=grid,
        )

    def encode_rgb(self, images: Sequence[RgbImage]) -> ImageFeatures:
        """Return the features of pictures of any size, squashed to ``size``.

        Raises:
            ValueError: If ``images`` is empty or one of them is not [H, W, 3] uint8.
        """
        return encoded_in_batches(self, images)

    def _fitted(self, pixels: Tensor) -> Tensor:
        """Check the shape, move to the device and enlarge where the preset asks for it."""
        if pixels.ndim != 4 or pixels.shape[1] != 3:
            msg = f"pixels must be [B, 3, H, W], got {tuple(pixels.shape)}"
            raise ValueError(msg)
        pixels = pixels.to(self._device, torch.float32)
        if self._spec.side != self._spec.size:
            side = (self._spec.side, self._spec.side)
            pixels = functional.interpolate(pixels, side, mode="bilinear", align_corners=False)
        if pixels.shape[2] % self.patch or pixels.shape[3] % self.patch:
            msg = f"sides {tuple(pixels.shape[2:])} must be multiples of {self.patch}"
            raise ValueError(msg)
        return pixels

    def _taps(self, hidden: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Run the blocks; return tapped patch tokens, local tokens and the last CLS token.

        Tokens are [B, N, D] float32. There are local ones at the taps from where the V-V path
        starts; before it they would be the patch tokens themselves.
        """
        taps: list[Tensor] = []
        local_taps: list[Tensor] = []
        local: Tensor | None = None
        norm = self._tower.norm if self._spec.final_norm else nn.Identity()
        for number, block in enumerate(self._tower.blocks, start=1):
            if number == self._spec.local_from:
                local = hidden[:, 1:]
            if self._spec.local_end and local is not None and number == self.stages[-1]:
                hidden, local = last_step(block, hidden, local)
                tapped = local
            else:
                hidden, local = step(block, hidden, local)
                tapped = hidden[:, 1:]
            if number in self._spec.stages:
                taps.append(norm(tapped))
                if local is not None:
                    local_taps.append(norm(local))
        return taps, local_taps, norm(hidden[:, 0])


class CastNorm(nn.Module):
    """A float32 LayerNorm that hands its result on in the arithmetic of the next linear map."""

    def __init__(self, norm: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.norm = norm
        self.dtype = dtype

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the normalised ``hidden``, [B, 1 + N, D]."""
        normed: Tensor = self.norm(hidden)
        return normed.to(self.dtype)
