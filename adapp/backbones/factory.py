"""Which encoder stands behind a preset and a method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.precision import choose_device, choose_dtype
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.settings import PRESETS, Settings

PATCH = 14
MIN_SIDE = 56
MAX_SIDE = 1400
METHODS = ("raid", "h2vlr", "kanoclip", "adseeker")
CLIP_METHODS = METHODS[1:]
"""Methods that were published on a CLIP."""

if TYPE_CHECKING:
    from adapp.backbones.bridge import Bridge
    from adapp.backbones.sentences import SentenceTower
    from adapp.backbones.vit import FrozenViT


def create(
    preset: str,
    method: str,
    *,
    size: int | None = None,
    dtype: str | None = None,
    device: str | None = None,
    settings: Settings | None = None,
    download: bool = False,
    local_from: int | None = None,
    local_end: bool = False,
) -> ImageBackbone:
    """Return the frozen image encoder of ``method`` under ``preset``, newly loaded.

    Args:
        preset: ``embedded``, ``paper`` or ``tiny``.
        method: Registry key of the method; it decides under ``paper`` only.
        size: Side of the squares the pictures are squashed to; None takes the preset's own.
        dtype: ``float32`` or ``bfloat16``; None takes ``ADAPP_DTYPE`` or what the machine has.
        device: ``cpu`` or ``cuda:N``; None takes a GPU where there is one.
        settings: Folders to look in; None reads the environment.
        download: Whether absent published weights may be fetched from the hub.
        local_from: First block with a V-V path beside it, counted from 1; None runs without.
        local_end: Whether the last stage is read on that path alone; see ``ViTSpec``.

    Raises:
        UsageError: If the preset, method, size, dtype, device or block does not exist.
        ModelUnavailable: If the preset's weights are not on this machine.
    """
    _check_known("preset", preset, PRESETS)
    _check_known("method", method, METHODS)
    chosen = choose_device(device)
    wanted = _Wanted(
        size=size,
        device=chosen,
        dtype=choose_dtype(chosen, dtype),
        settings=settings or Settings(),
        download=download,
        local_from=local_from,
    )
    if preset == "paper":
        made = _paper(method, wanted)
    else:
        made = _embedded(wanted) if preset == "embedded" else _tiny(wanted)
    return made.ending_locally() if local_end and local_from is not None else made


def create_joint(
    preset: str,
    method: str,
    *,
    bridge: Mapping[str, Tensor] | None,
    device: str | None = None,
    settings: Settings | None = None,
    download: bool = False,
) -> JointSpace:
    """Return the space in which patches and prompts of ``method`` are compared, newly loaded.

    Args:
        preset: ``embedded``, ``paper`` or ``tiny``.
        method: Registry key of the method; it decides under ``paper`` only.
        bridge: State dict of a trained ``Bridge``; ``paper`` takes CLIP's own projection.
        device: ``cpu`` or ``cuda:N``; None takes a GPU where there is one.
        settings: Folders to look in; None reads the environment.
        download: Whether absent published weights may be fetched from the hub.

    Raises:
        UsageError: If the preset, method or device does not exist.
        ModelUnavailable: If the preset's weights are not on this machine, or a bridge is needed
            and none is given.
        CheckpointMismatch: If the bridge does not fit the preset's encoders.
    """
    _check_known("preset", preset, PRESETS)
    _check_known("method", method, METHODS)
    if preset == "paper":
        return _paper_joint(
            method, choose_device(device), settings or Settings(), download=download
        )
    if bridge is None:
        msg = f"the text side of {preset} needs a trained bridge; use a checkpoint that holds one"
        raise ModelUnavailable(msg)
    from adapp.backbones.bridge import load_bridge
    from adapp.backbones.bridged import BridgedSpace

    loaded = load_bridge(bridge)
    expected = _bridge_shape(preset)
    found = (loaded.stage_count, loaded.width, loaded.trunk.in_features)
    if found != expected:
        msg = f"the bridge joins {found} (stages, patch and sentence channels), not {expected}"
        raise CheckpointMismatch(msg)
    return BridgedSpace(create_sentences(preset, device=device), loaded)


def create_random(
    method: str,
    *,
    size: int | None = None,
    dtype: str | None = None,
    device: str | None = None,
    local_from: int | None = None,
    seed: int = 0,
) -> ImageBackbone:
    """Return the published CLIP architecture of ``method`` with random weights.

    It runs in the time and memory of the published encoder, for ``bench`` and for tests; its
    identity says that it was not run with the published weights.

    Raises:
        UsageError: If the method has no CLIP, or a size, dtype, device or block does not exist.
    """
    _check_known("method", method, CLIP_METHODS)
    from adapp.backbones import clip

    published = clip.PUBLISHED[method]
    chosen = choose_device(device)
    return clip.random_backbone(
        method,
        whole_patches(published.size if size is None else size, published.patch),
        device=chosen,
        dtype=choose_dtype(chosen, dtype),
        local_from=_running(local_from, published.stages),
        seed=seed,
    )


def create_random_joint(method: str, *, device: str | None = None, seed: int = 0) -> JointSpace:
    """Return the joint space that goes with ``create_random``.

    Raises:
        UsageError: If the method has no CLIP or the device does not exist.
    """
    _check_known("method", method, CLIP_METHODS)
    from adapp.backbones import clip

    chosen = choose_device(device)
    return clip.random_space(method, device=chosen, dtype=choose_dtype(chosen), seed=seed)


def create_sentences(preset: str, *, device: str | None = None) -> "SentenceTower":
    """Return the text tower alone: what a bridge is trained on.

    Raises:
        UsageError: If the preset has no sentence tower or the device does not exist.
        ModelUnavailable: If the tower's package is not installed.
    """
    _check_known("preset", preset, ("embedded", "tiny"))
    chosen = choose_device(device)
    if preset == "embedded":
        from adapp.backbones.minilm import load_minilm

        return load_minilm(device=chosen)
    from adapp.backbones.tiny_text import load_tiny_text

    return load_tiny_text(device=chosen)


def new_bridge(preset: str, *, dropout: float = 0.0, seed: int = 0) -> "Bridge":
    """Return an untrained bridge of the sizes that ``preset`` needs; no global seed is touched.

    Raises:
        UsageError: If the preset has no bridge.
    """
    _check_known("preset", preset, ("embedded", "tiny"))
    from adapp.backbones.bridge import untrained_bridge

    stages, width, sentence_width = _bridge_shape(preset)
    return untrained_bridge(stages, width, sentence_width, dropout=dropout, seed=seed)


def _bridge_shape(preset: str) -> tuple[int, int, int]:
    """Return tapped stages, patch channels and sentence channels of ``preset``."""
    if preset == "embedded":
        from adapp.backbones import embedded, minilm

        return len(embedded.STAGES), embedded.WIDTH, minilm.WIDTH
    from adapp.backbones import tiny, tiny_text

    return len(tiny.STAGES), tiny.WIDTH, tiny_text.WIDTH


def whole_patches(size: int, patch: int = PATCH) -> int:
    """Return ``size`` if whole patches fit.

    Raises:
        UsageError: If ``size`` is out of bounds or not a multiple of the patch side.
    """
    within_bounds(size)
    if size % patch:
        below = size // patch * patch
        msg = f"size {size} is not a multiple of {patch}; use {below} or {below + patch}"
        raise UsageError(msg)
    return size


def within_bounds(size: int) -> int:
    """Return ``size`` if an encoder can take it.

    Raises:
        UsageError: If ``size`` is out of bounds.
    """
    if not MIN_SIDE <= size <= MAX_SIDE:
        msg = f"size {size} is out of bounds; use {MIN_SIDE} to {MAX_SIDE} pixels"
        raise UsageError(msg)
    return size


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was asked of an image encoder, device and arithmetic settled."""

    size: int | None
    device: torch.device
    dtype: torch.dtype
    settings: Settings
    download: bool
    local_from: int | None

    def side(self, usual: int, patch: int) -> int:
        """Return the asked side, or the preset's own ``usual`` one, if whole patches fit."""
        return whole_patches(usual if self.size is None else self.size, patch)


def _embedded(wanted: _Wanted) -> "FrozenViT":
    from adapp.backbones import embedded

    return embedded.load_embedded(
        wanted.side(embedded.SIZE, PATCH),
        cache_dir=wanted.settings.cache_dir,
        device=wanted.device,
        dtype=wanted.dtype,
        local_from=_running(wanted.local_from, embedded.STAGES),
    )


def _tiny(wanted: _Wanted) -> "FrozenViT":
    from adapp.backbones import tiny

    return tiny.load_tiny(
        wanted.side(tiny.SIZE, PATCH),
        device=wanted.device,
        dtype=wanted.dtype,
        local_from=_running(wanted.local_from, tiny.STAGES),
    )


def _paper(method: str, wanted: _Wanted) -> "FrozenViT":
    """Return the encoder that ``method`` was published with."""
    if method == "raid":
        return _dinov2(wanted)
    from adapp.backbones import clip

    published = clip.PUBLISHED[method]
    return clip.load_clip(
        method,
        wanted.side(published.size, published.patch),
        settings=wanted.settings,
        device=wanted.device,
        dtype=wanted.dtype,
        download=wanted.download,
        local_from=_running(wanted.local_from, published.stages),
    )


def _dinov2(wanted: _Wanted) -> "FrozenViT":
    from adapp.backbones import dinov2

    return dinov2.load_dinov2(
        within_bounds(dinov2.SIZE if wanted.size is None else wanted.size),
        weights_dir=wanted.settings.weights_dir,
        device=wanted.device,
        dtype=wanted.dtype,
        download=wanted.download,
        local_from=_running(wanted.local_from, dinov2.STAGES),
    )


def _paper_joint(
    method: str, device: torch.device, settings: Settings, *, download: bool
) -> JointSpace:
    """Return the joint space that ``method`` was published with."""
    _check_known("method with a text side", method, CLIP_METHODS)
    from adapp.backbones import clip

    dtype = choose_dtype(device)
    return clip.load_clip_space(
        method, settings=settings, device=device, dtype=dtype, download=download
    )


def _running(local_from: int | None, stages: tuple[int, ...]) -> int | None:
    """Return the asked first block of a V-V path if it is one of those that run.

    Raises:
        UsageError: If it is not.
    """
    if local_from is not None and not 1 <= local_from <= stages[-1]:
        msg = f"block {local_from} does not run; start the V-V path at 1 to {stages[-1]}"
        raise UsageError(msg)
    return local_from


def _check_known(kind: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        msg = f'{kind} "{value}" is unknown; use one of {", ".join(known)}'
        raise UsageError(msg)
