"""Visual anomaly detection side by side: base, residual and fused maps from a few normal parts."""

from typing import TYPE_CHECKING

from adapp.core.detector import SupportSet

if TYPE_CHECKING:
    from adapp.core.detector import Detector

__version__ = "0.1.0"
__all__ = ["SupportSet", "__version__", "load_detector"]


def load_detector(
    name: str,
    *,
    preset: str = "embedded",
    checkpoint: str = "open",
    variant: str | None = None,
    size: int | None = None,
    seed: int = 0,
) -> "Detector":
    """Return the detector ``name`` with its weights loaded and frozen.

    Args:
        name: Registry key: ``raid``, ``h2vlr``, ``kanoclip`` or ``adseeker``.
        preset: Frozen encoder behind it: ``embedded``, ``paper`` or ``tiny``.
        checkpoint: ``open``, ``research`` or the path of a checkpoint file.
        variant: Step of the ablation ladder; None takes the complete method, or the
            training-free step where no checkpoint exists for the preset (named in the provenance).
        size: Side of the square the encoder sees, in pixels; None takes the preset's own.
        seed: Seed of everything random, from 0 to 2,147,483,647.

    Raises:
        UsageError: If the method, preset or variant does not exist, or a number is out of range.
        ModelUnavailable: If the preset's weights are not on this machine.
        CheckpointMismatch: If the checkpoint does not fit.
    """
    from adapp.methods.registry import load

    return load(name, preset=preset, checkpoint=checkpoint, variant=variant, size=size, seed=seed)
