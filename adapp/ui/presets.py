"""Which preset the app starts with, and why."""

import importlib
import sys
from pathlib import Path

from adapp.core.errors import ModelUnavailable, UsageError
from adapp.core.settings import PRESETS
from adapp.services.pool import DetectorKey, DetectorPool

OFFERED = ("embedded", "paper")
"""Presets that a visitor can choose; ``tiny`` has random weights and is for tests only."""


def choose_preset(wanted: str, pool: DetectorPool, checkpoint: str) -> tuple[str, str]:
    """Return the preset to start with and the reason, one sentence.

    ``auto`` takes ``paper`` where a GPU and the published weights are there, else ``embedded``.

    Raises:
        UsageError: If ``wanted`` is no preset.
    """
    if wanted != "auto":
        if wanted not in PRESETS:
            msg = f"Preset {wanted!r} does not exist. Choose one of: auto, {', '.join(PRESETS)}."
            raise UsageError(msg)
        return wanted, f"{wanted} was asked for."
    if not has_gpu():
        return "embedded", "No GPU found: the embedded encoder is made for a CPU."
    try:
        pool.detector(DetectorKey(method="raid", preset="paper", checkpoint=checkpoint))
    except ModelUnavailable as absent:
        return "embedded", f"GPU found, but not the published weights: {absent}"
    return "paper", "GPU and published weights found."


def has_gpu() -> bool:
    """Return whether a model would compute on a GPU.

    Where no driver offers one, that is known without importing torch, which takes seconds.
    """
    drivers = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    if sys.platform == "linux" and not any(Path(driver).exists() for driver in drivers):
        return False
    precision = importlib.import_module("adapp.backbones.precision")
    return bool(precision.choose_device().type != "cpu")


def offered(preset: str) -> tuple[str, ...]:
    """Return the presets to choose from, ``preset`` among them."""
    return OFFERED if preset in OFFERED else (preset, *OFFERED)
