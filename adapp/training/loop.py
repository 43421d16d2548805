"""Epochs that survive being killed: state after each one, the same numbers after a resume."""

import contextlib
import math
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer

from adapp.core.detector import Report
from adapp.core.errors import CheckpointMismatch, UsageError


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """How long to train and where the state lies.

    Attributes:
        epochs: Passes in all.
        seed: Seed of the run; epoch e is seeded from it and e alone, so that a resumed run draws
            what an uninterrupted one would have drawn.
        state_path: File that holds the state between epochs; None keeps none.
        fingerprint: Says what is trained; a state of another fingerprint is refused.
        resume: Go on from ``state_path`` if it is there.
    """

    epochs: int
    seed: int
    state_path: Path | None
    fingerprint: str
    resume: bool


def run_epochs(
    module: nn.Module,
    optimizer: Optimizer,
    epoch: Callable[[int], float],
    plan: LoopPlan,
    report: Report | None = None,
) -> list[float]:
    """Return the mean loss of each epoch after training ``module`` in place.

    Args:
        module: What is trained.
        optimizer: Its optimiser.
        epoch: Runs the epoch of the given number and returns its mean loss.
        plan: How long, and how to go on.
        report: Progress callback; it may raise ``Cancelled``.

    Raises:
        CheckpointMismatch: If the kept state belongs to another training or is damaged.
        UsageError: If the loss is no longer finite.
    """
    losses: list[float] = []
    if plan.resume and plan.state_path is not None and plan.state_path.is_file():
        losses = _restore(module, optimizer, plan, plan.state_path)
    for number in range(len(losses), plan.epochs):
        if report is not None:
            report("Training", number, plan.epochs)
        with torch.random.fork_rng():  # tuning must not reseed the process it runs in
            torch.manual_seed(plan.seed * 100_003 + number)
            loss = epoch(number)
        if not math.isfinite(loss):
            msg = f"the loss of epoch {number + 1} is {loss}; lower the learning rate"
            raise UsageError(msg)
        losses.append(loss)
        if plan.state_path is not None:
            _keep(module, optimizer, plan, plan.state_path, losses)
    if report is not None:
        report("Training", plan.epochs, plan.epochs)
    return losses


def forget(state_path: Path) -> None:
    """Remove the state of a training that is finished."""
    with contextlib.suppress(FileNotFoundError):
        state_path.unlink()


def cosine_rate(step: int, steps: int, peak: float, warmup: int) -> float:
    """Return the learning rate of ``step``: linear warm-up, then a cosine down to zero."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(steps - warmup, 1)
    return peak * 0.5 * (1.0 + math.cos(math.pi * progress))


def _keep(
    module: nn.Module, optimizer: Optimizer, plan: LoopPlan, path: Path, losses: list[float]
) -> None:
    """Write the state through a temporary file, so that a kill never leaves half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        torch.save(
            {
                "fingerprint": plan.fingerprint,
                "losses": losses,
                "module": module.state_dict(),
                "optimizer": optimizer.state_dict(),
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _restore(module: nn.Module, optimizer: Optimizer, plan: LoopPlan, path: Path) -> list[float]:
    try:
        state = torch.load(path, weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        msg = f"{path.name} is damaged: remove it, or train without --resume"
        raise CheckpointMismatch(msg) from error
    if state.get("fingerprint") != plan.fingerprint:
        msg = (
            f"{path.name} belongs to another training (other data, seed or settings); "
            "train without --resume or give another --out"
        )
        raise CheckpointMismatch(msg)
    module.load_state_dict(state["module"], strict=True)
    optimizer.load_state_dict(state["optimizer"])
    return [float(loss) for loss in state["losses"]][: plan.epochs]
