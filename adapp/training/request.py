"""What every method's training is asked for, and the commit that it is done with."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from adapp.core.settings import PROJECT_ROOT


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What to train.

    Attributes:
        preset: Frozen encoder.
        variant: Step of the ladder; a training-free one is refused by the method.
        roots: Data set folders.
        out: Checkpoint to write.
        epochs: Passes; None takes the preset's own.
        seed: Seed of initialisation, order and noise.
        leave_out: Categories that must not be seen.
        multi_class: Self-supervised on the very categories instead of auxiliary (RAID only).
    """

    preset: str
    variant: str
    roots: tuple[Path, ...]
    out: Path
    epochs: int | None = None
    seed: int = 0
    leave_out: tuple[str, ...] = ()
    multi_class: bool = False


def commit() -> str:
    """Return the commit of the checkout, with a mark if it has local changes; else "unknown"."""
    command = ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()
