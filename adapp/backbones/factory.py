"""Which encoder stands behind a preset and a method."""

from adapp.backbones.base import ImageBackbone
from adapp.backbones.precision import choose_device, choose_dtype
from adapp.core.errors import ModelUnavailable, UsageError
from adapp.core.settings import PRESETS, Settings

PATCH = 14
MIN_SIDE = 56
MAX_SIDE = 1400
_METHODS = ("raid", "h2vlr", "kanoclip", "adseeker")


def create(
    preset: str,
    method: str,
    *,
    size: int | None = None,
    dtype: str | None = None,
    device: str | None = None,
    settings: Settings | None = None,
    download: bool = False,
) -> ImageBackbone:
    """Return the frozen image encoder of ``method`` under ``preset``, newly loaded.

    Args:
        preset: ``embedded``, ``paper`` or ``tiny``.
        method: Registry key of the method; it matters for ``paper`` only.
        size: Side of the squares the pictures are squashed to; None takes the preset's own.
        dtype: ``float32`` or ``bfloat16``; None takes ``ADAPP_DTYPE`` or what the machine has.
        device: ``cpu`` or ``cuda:N``; None takes a GPU where there is one.
        settings: Folders to look in; None reads the environment.
        download: Whether absent published weights may be fetched from the hub.

    Raises:
        UsageError: If the preset, method, size, dtype or device does not exist.
        ModelUnavailable: If the preset's weights are not on this machine.
    """
    if preset not in PRESETS:
        msg = f'preset "{preset}" is unknown; use one of {", ".join(PRESETS)}'
        raise UsageError(msg)
    if method not in _METHODS:
        msg = f'method "{method}" is unknown; use one of {", ".join(_METHODS)}'
        raise UsageError(msg)
    chosen_device = choose_device(device)
    chosen_dtype = choose_dtype(chosen_device, dtype)
    settings = settings or Settings()
    if preset == "embedded":
        from adapp.backbones import embedded

        return embedded.load_embedded(
            checked_size(size, embedded.SIZE),
            settings=settings,
            device=chosen_device,
            dtype=chosen_dtype,
        )
    if preset == "tiny":
        from adapp.backbones import tiny

        return tiny.load_tiny(
            checked_size(size, tiny.SIZE), device=chosen_device, dtype=chosen_dtype
        )
    msg = f"the paper preset of {method} has no image encoder yet; use --preset embedded"
    raise ModelUnavailable(msg)


def checked_size(size: int | None, default: int) -> int:
    """Return ``size`` or the default, if whole patches fit.

    Raises:
        UsageError: If ``size`` is out of bounds or not a multiple of the patch side.
    """
    if size is None:
        return default
    if not MIN_SIDE <= size <= MAX_SIDE:
        msg = f"size {size} is out of bounds; use a multiple of {PATCH} in {MIN_SIDE}-{MAX_SIDE}"
        raise UsageError(msg)
    if size % PATCH:
        below = size // PATCH * PATCH
        msg = f"size {size} is not a multiple of {PATCH}; use {below} or {below + PATCH}"
        raise UsageError(msg)
    return size
