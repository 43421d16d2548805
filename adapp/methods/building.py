"""What every method's ``build`` needs: names to files, cards to steps and provenance."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from torch import Tensor

from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.bridge import bridge_tensors
from adapp.backbones.factory import new_bridge
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.results import Provenance
from adapp.core.settings import Settings
from adapp.training.checkpoint import Checkpoint, load_checkpoint

SHIPPED: Final = ("open", "research")
NO_TRAINING: Final = "Nothing was trained for this variant: no training data restricts its use."
Step = TypeVar("Step", bound=str)


def named_step(method: str, name: str | None, variants: Sequence[Step]) -> Step | None:
    """Return the variant called ``name``; None for None.

    Raises:
        UsageError: If the method has no such variant.
    """
    if name is None:
        return None
    for variant in variants:
        if variant == name:
            return variant
    msg = f"{method} has no variant {name!r}; choose one of {', '.join(variants)}"
    raise UsageError(msg)


def shipped_path(
    method: str, checkpoint: str, preset: str, settings: Settings, step: str = ""
) -> Path:
    """Return the file behind a checkpoint name, or the path the user gave.

    Args:
        method: Registry key.
        checkpoint: ``open``, ``research`` or a file.
        preset: Preset it was trained on.
        settings: Where the shipped ones lie.
        step: Variant that has a file of its own; empty for the complete method.
    """
    if checkpoint not in SHIPPED:
        return Path(checkpoint).expanduser()
    end = f"-{step}" if step else ""
    return settings.checkpoints_dir / f"{method}-{preset}-{checkpoint}{end}.safetensors"


def trained_step(
    loaded: Checkpoint, method: str, preset: str, variants: Sequence[Step], wanted: str | None
) -> Step:
    """Return the variant a checkpoint was trained as.

    Args:
        loaded: The checkpoint.
        method: Registry key that its card has to name.
        preset: Preset that its card has to name.
        variants: Steps of the method's ladder.
        wanted: Variant that the user named, if any.

    Raises:
        CheckpointMismatch: If its card names another method, preset or variant.
    """
    checked_card(loaded, (method,), method, preset)
    told = str(loaded.card.get("variant"))
    trained = next((variant for variant in variants if variant == told), None)
    if trained is None or (wanted is not None and trained != wanted):
        msg = f"{loaded.path.name} was trained as variant {told}, not {wanted or variants[-1]}"
        raise CheckpointMismatch(msg)
    return trained


def checked_card(loaded: Checkpoint, makers: Sequence[str], method: str, preset: str) -> None:
    """Check that a checkpoint is of one of ``makers`` and for ``preset``.

    Raises:
        CheckpointMismatch: If it is not for ``method`` on ``preset``.
    """
    card = loaded.card
    if card.get("method") not in makers or card.get("preset") != preset:
        msg = (
            f"{loaded.path.name} is for {card.get('method')} on {card.get('preset')}, "
            f"not for {method} on {preset}"
        )
        raise CheckpointMismatch(msg)


def bridge_path(method: str, checkpoint: str, preset: str, settings: Settings) -> Path | None:
    """Return the file that holds the bridge for a training-free step; None if there is none.

    A named file is taken as it is: any checkpoint that holds a bridge will do. For ``open`` and
    ``research`` it is the shipped bridge, or else the complete method's checkpoint.
    """
    inside = shipped_path(method, checkpoint, preset, settings)
    if checkpoint not in SHIPPED:
        return inside
    alone = shipped_path("bridge", checkpoint, preset, settings)
    return next((path for path in (alone, inside) if path.is_file()), None)


def bridge_behind(
    method: str, checkpoint: str, preset: str, settings: Settings
) -> tuple[dict[str, Tensor] | None, Checkpoint | None]:
    """Return the bridge's tensors for a training-free step, and the checkpoint they come from.

    Raises:
        ModelUnavailable: If the preset needs a bridge and none is there.
    """
    path = None if preset == "paper" else bridge_path(method, checkpoint, preset, settings)
    loaded = None if path is None else load_checkpoint(path)
    return bridge_of(loaded, preset), loaded


def bridge_of(loaded: Checkpoint | None, preset: str) -> dict[str, Tensor] | None:
    """Return the bridge that prompts are read with; None where CLIP has a joint space of its own.

    The toy preset makes do with a random one.

    Raises:
        ModelUnavailable: If the preset needs one and none is there.
    """
    if preset == "paper":
        return None
    if loaded is not None:
        return bridge_tensors(loaded.state)
    if preset == "tiny":
        return dict(new_bridge(preset).state_dict())
    msg = (
        f"no bridge for the preset {preset} is in the checkpoints folder; train one with "
        f"python -m adapp train --method bridge --preset {preset} --data ROOT --out FILE"
    )
    raise ModelUnavailable(msg)


def provenance_of(
    method: str,
    variant: str,
    backbone: ImageBackbone,
    joint: JointSpace | None,
    loaded: Checkpoint | None,
    seed: int,
    fallbacks: tuple[str, ...],
) -> Provenance:
    """Return what stands behind a detector's numbers.

    Args:
        method: Registry key.
        variant: Step that runs.
        backbone: Frozen image encoder.
        joint: Joint space of text and patches; None for a method without words.
        loaded: Checkpoint in use, if any.
        seed: Seed of the run.
        fallbacks: Every deviation from what was asked for.
    """
    card = loaded.card if loaded else {}
    trained_on = card.get("trained_on", [])
    text = "" if joint is None else f"; text: {joint.identity}"
    return Provenance(
        method=method,
        variant=variant,
        preset=backbone.preset,
        backbone=f"{backbone.identity}{text}",
        checkpoint=str(card.get("name")) if loaded else None,
        checkpoint_sha256=loaded.sha256 if loaded else None,
        trained_on=tuple(str(name) for name in trained_on) if isinstance(trained_on, list) else (),
        licence=str(card.get("licence", NO_TRAINING)),
        seed=seed,
        device=str(backbone.device),
        dtype=backbone.dtype_name,
        fallbacks=fallbacks,
    )
