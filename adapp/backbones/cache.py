"""Features of a frozen encoder kept on disk, so that evaluation and training encode once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from adapp.backbones.base import ImageBackbone, ImageFeatures
from adapp.backbones.storage import load_whole, save_whole
from adapp.core.errors import UsageError
from adapp.core.results import RgbImage
from adapp.core.settings import Settings

FORMAT = 1
"""Part of every key; raise it when preprocessing or the encoders' arithmetic changes."""
BATCH = 8


def cached(backbone: ImageBackbone, settings: Settings) -> ImageBackbone:
    """Return ``backbone``, behind a cache where ``ADAPP_FEATURE_CACHE`` names a folder.

    Raises:
        UsageError: If that folder cannot be made.
    """
    if settings.feature_cache is None:
        return backbone
    return CachedBackbone(backbone, settings.feature_cache)


class CachedBackbone:
    """An ``ImageBackbone`` whose ``encode_rgb`` looks on disk first.

    One file a picture, float16, named by the hash of its pixels in a folder named by the hash of
    what decides the features: identity, taps, size, arithmetic, V-V path. A first call returns
    what a later one will read, rounded to float16 (a cost moves by at most 1e-3), so results do
    not depend on what was cached. Processes may share the folder.
    """

    def __init__(self, backbone: ImageBackbone, directory: Path) -> None:
        self._backbone = backbone
        parts = [FORMAT, backbone.identity, backbone.stages, backbone.size, backbone.dtype_name]
        self._first_local = _first_local(backbone)
        if self._first_local is not None:
            parts.append(backbone.local_from)
        name = hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()[:16]
        self._folder = directory / f"{backbone.preset}-{backbone.size}-{name}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(_unwritable(self._folder, error)) from error

    @property
    def identity(self) -> str:
        """Identity of the encoder behind the cache."""
        return self._backbone.identity

    @property
    def preset(self) -> str:
        """Preset of the encoder behind the cache."""
        return self._backbone.preset

    @property
    def stages(self) -> tuple[int, ...]:
        """Numbers of the tapped blocks, counted from 1."""
        return self._backbone.stages

    @property
    def local_from(self) -> int | None:
        """First block with a V-V path beside it; None without one."""
        return self._backbone.local_from

    @property
    def width(self) -> int:
        """Channels of a patch token."""
        return self._backbone.width

    @property
    def patch(self) -> int:
        """Side of a patch in pixels of the picture the encoder sees."""
        return self._backbone.patch

    @property
    def size(self) -> int:
        """Side in pixels of the square the encoder takes."""
        return self._backbone.size

    @property
    def grid(self) -> tuple[int, int]:
        """Patch grid (h, w) at ``size``."""
        return self._backbone.grid

    @property
    def device(self) -> torch.device:
        """Where the features come back."""
        return self._backbone.device

    @property
    def dtype_name(self) -> str:
        """Arithmetic of the encoder behind the cache."""
        return self._backbone.dtype_name

    def encode_images(self, pixels: Tensor) -> ImageFeatures:
        """Return the features of RGB in [0, 1], [B, 3, H, W]; these are not kept."""
        return self._backbone.encode_images(pixels)

    def encode_rgb(self, images: Sequence[RgbImage]) -> ImageFeatures:
        """Return the features of the pictures, encoding only those not met before.

        Raises:
            ValueError: If ``images`` is empty or one of them is not [H, W, 3] uint8.
            UsageError: If the cache folder cannot be written.
        """
        if not images:
            msg = "encode_rgb needs at least one picture"
            raise ValueError(msg)
        paths = [self._path(image) for image in images]
        stored = {path: self._read(path) for path in set(paths)}
        missing = {p: i for p, i in zip(paths, images, strict=True) if stored[p] is None}
        stored |= self._encode(list(missing), list(missing.values()))
        kept = [entry for path in paths if (entry := stored[path]) is not None]
        patches = self._restored([entry["patches"] for entry in kept], dim=1)  # [S, B, N, D]
        local = None
        if self._first_local is not None:
            later = self._restored([entry["local"] for entry in kept], dim=1)
            local = torch.cat([patches[: self._first_local], later])  # [S, B, N, D]
        pooled = self._restored([entry["pooled"] for entry in kept], dim=0)  # [B, P]
        return ImageFeatures(patches=patches, pooled=pooled, grid=self.grid, local=local)

    def _restored(self, parts: list[Tensor], dim: int) -> Tensor:
        stacked = torch.stack(parts, dim=dim).to(self.device).float()
        return functional.normalize(stacked, dim=-1)

    def _encode(
        self, paths: list[Path], images: list[RgbImage]
    ) -> dict[Path, dict[str, Tensor] | None]:
        """Encode and store ``images``; return what the files hold."""
        entries: dict[Path, dict[str, Tensor] | None] = {}
        for start in range(0, len(images), BATCH):
            features = self._backbone.encode_rgb(images[start : start + BATCH])
            patches = features.patches.to("cpu", torch.float16)
            pooled = features.pooled.to("cpu", torch.float16)
            local = None
            if features.local is not None:  # before the V-V path it is the patches again
                local = features.local[self._first_local :].to("cpu", torch.float16)
            for row, path in enumerate(paths[start : start + BATCH]):
                entry = {"patches": patches[:, row].contiguous(), "pooled": pooled[row].clone()}
                if local is not None:
                    entry["local"] = local[:, row].contiguous()
                entries[path] = entry
                try:
                    save_whole(entry, path)
                except OSError as error:
                    raise UsageError(_unwritable(path, error)) from error
        return entries

    def _path(self, image: RgbImage) -> Path:
        digest = hashlib.sha256(repr((image.shape, str(image.dtype))).encode())
        digest.update(image.tobytes())
        name = digest.hexdigest()
        return self._folder / name[:2] / f"{name}.safetensors"

    def _read(self, path: Path) -> dict[str, Tensor] | None:
        """Return the entry if it is whole and of the expected shapes."""
        entry = load_whole(path)
        if entry is None or "pooled" not in entry:
            return None
        rows, columns = self.grid
        stages = len(self.stages)
        shapes = {
            "patches": (stages, rows * columns, self.width),
            "pooled": (entry["pooled"].numel(),),  # CLIP's has a width of its own
        }
        if self._first_local is not None:
            shapes["local"] = (stages - self._first_local, rows * columns, self.width)
        found = {name: tuple(tensor.shape) for name, tensor in entry.items()}
        return entry if found == shapes else None


def _first_local(backbone: ImageBackbone) -> int | None:
    """Return the position of the first tap that has V-V tokens of its own; None without a path."""
    if backbone.local_from is None:
        return None
    return sum(stage < backbone.local_from for stage in backbone.stages)


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"the feature cache cannot be written at {path} ({error}): "
        "free some space or point ADAPP_FEATURE_CACHE at another folder"
    )
