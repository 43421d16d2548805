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
    """Return the commit of the checkout, with a mark if its code has changed; else "unknown".

    Checkpoints do not count: the one written last must not mark the next.
    """
    told = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":!checkpoints")
    if told is None or changed is None:
        return "unknown"
    return f"{told}-dirty" if changed else told


def _git(*words: str) -> str | None:
    """Return what git answers about the checkout, None where it cannot."""
    command = ["git", "-C", str(PROJECT_ROOT), *words]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip()
