"""From names (preset, checkpoint, variant) to a detector with weights loaded and frozen."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.bridge import PREFIX, bridge_tensors
from adapp.backbones.cache import cached
from adapp.backbones.factory import create, create_joint, new_bridge
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.results import Provenance
from adapp.core.settings import Settings
from adapp.methods.h2vlr.config import VARIANTS, H2vlrConfig, Variant
from adapp.methods.h2vlr.detector import H2vlrDetector
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.presets import config_for
from adapp.training.checkpoint import Checkpoint, load_checkpoint, load_strictly

SHIPPED = ("open", "research")
TRAINING_FREE: Variant = "sab"
NO_TRAINING = "Nothing was trained for this variant: no training data restricts its use."


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """What a run has found on disk.

    Attributes:
        checkpoint: Of the method, or a stand-alone bridge; None without any.
        trained: The step that it was trained as; ``sab`` for a bridge alone.
        fallbacks: Every deviation from what was asked for.
    """

    checkpoint: Checkpoint | None
    trained: Variant
    fallbacks: tuple[str, ...] = ()


def build(
    preset: str,
    checkpoint: str = "open",
    variant: str | None = None,
    size: int | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    config: H2vlrConfig | None = None,
) -> H2vlrDetector:
    """Return H2VLR on ``preset``, with its own constants unless ``config`` gives others.

    One checkpoint of ``full`` serves the whole ladder: ``dsi`` and ``sghm`` use its mapper and its
    joint space, ``sab`` the joint space alone. Without an explicit variant the complete method
    runs where a checkpoint exists for the preset; elsewhere ``sab`` runs and the provenance says
    so.

    Raises:
        ModelUnavailable: If encoder weights, or an explicitly named checkpoint, are absent.
        CheckpointMismatch: If the checkpoint does not fit.
    """
    settings = settings or Settings()
    config = config_for(preset) if config is None else config
    wanted = _variant(variant)
    weights = _found(checkpoint, preset, wanted, settings)
    step = wanted or weights.trained
    local_from = config.induction.local_from
    created = create(preset, "h2vlr", size=size, settings=settings, local_from=local_from)
    backbone = cached(created, settings)
    space = create_joint(
        preset, "h2vlr", bridge=_bridge(preset, weights.checkpoint), settings=settings
    )
    network = None
    if step == TRAINING_FREE:
        config = config.static()
    elif weights.checkpoint is not None:
        network = _network(config, weights.trained, space, weights.checkpoint)
        network.to(torch.device(backbone.device))
    provenance = _provenance(step, weights, seed, backbone, space)
    return H2vlrDetector(backbone, space, network, config, step, provenance, seed)


def checkpoint_path(checkpoint: str, preset: str, settings: Settings) -> Path:
    """Return the file behind a checkpoint name, or the path the user gave."""
    if checkpoint not in SHIPPED:
        return Path(checkpoint).expanduser()
    return settings.checkpoints_dir / f"h2vlr-{preset}-{checkpoint}.safetensors"


def _variant(name: str | None) -> Variant | None:
    for variant in VARIANTS:
        if variant == name:
            return variant
    if name is None:
        return None
    msg = f"h2vlr has no variant {name!r}; choose one of {', '.join(VARIANTS)}"
    raise UsageError(msg)


def _found(checkpoint: str, preset: str, wanted: Variant | None, settings: Settings) -> _Weights:
    """Return the weights to run with.

    Raises:
        ModelUnavailable: If a named file, or what the variant needs, is absent.
        CheckpointMismatch: If the file is of another method, preset or step.
    """
    path = checkpoint_path(checkpoint, preset, settings)
    if path.is_file() or checkpoint not in SHIPPED:
        loaded = load_checkpoint(path)
        trained = _trained_as(loaded, preset)
        if wanted is not None and not _serves(trained, wanted):
            msg = f"{path.name} was trained as variant {trained} and cannot run {wanted}"
            raise CheckpointMismatch(msg)
        return _Weights(loaded, trained)
    if wanted not in {None, TRAINING_FREE}:
        return _Weights(load_checkpoint(path), wanted or TRAINING_FREE)  # raises: it is absent
    note = f"no checkpoint ships for the preset {preset}: the variant sab runs"
    notes = () if wanted else (note,)
    bridge = settings.checkpoints_dir / f"bridge-{preset}-{checkpoint}.safetensors"
    if bridge.is_file():
        return _Weights(load_checkpoint(bridge), TRAINING_FREE, notes)
    return _Weights(None, TRAINING_FREE, notes)


def _serves(trained: Variant, wanted: Variant) -> bool:
    """Return whether a checkpoint trained as one step can run another."""
    if trained in {"dsi", "sghm"}:  # sghm adds no weights to dsi
        return wanted != "full"
    return trained == "full" or wanted == TRAINING_FREE


def _trained_as(loaded: Checkpoint, preset: str) -> Variant:
    """Return the step a checkpoint was trained as; ``sab`` for a stand-alone bridge.

    Raises:
        CheckpointMismatch: If its card names another method, preset or variant.
    """
    card = loaded.card
    if card.get("method") not in {"h2vlr", "bridge"} or card.get("preset") != preset:
        msg = (
            f"{loaded.path.name} is for {card.get('method')} on {card.get('preset')}, "
            f"not for h2vlr on {preset}"
        )
        raise CheckpointMismatch(msg)
    if card.get("method") == "bridge":
        return TRAINING_FREE
    trained = _variant(str(card.get("variant")))
    if trained is None or trained == TRAINING_FREE:
        msg = f"{loaded.path.name} was trained as variant {trained}, which has no weights"
        raise CheckpointMismatch(msg)
    return trained


def _bridge(preset: str, loaded: Checkpoint | None) -> dict[str, Tensor] | None:
    """Return the bridge to read prompts with; None where CLIP has a joint space of its own.

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
        '"python -m adapp train --method h2vlr" or give --checkpoint FILE'
    )
    raise ModelUnavailable(msg)


def _network(
    config: H2vlrConfig, trained: Variant, space: JointSpace, loaded: Checkpoint
) -> H2vlrNetwork:
    """Return the trained parts, loaded strictly and frozen."""
    network = H2vlrNetwork(config, trained, space.width, space.token_width)
    own = {n: t for n, t in loaded.state.items() if not n.startswith(PREFIX)}
    load_strictly(network, Checkpoint(own, loaded.card, loaded.sha256, loaded.path))
    return network.requires_grad_(requires_grad=False).eval()


def _provenance(
    step: Variant, weights: _Weights, seed: int, backbone: ImageBackbone, space: JointSpace
) -> Provenance:
    """Return what stands behind a detector's numbers."""
    loaded = weights.checkpoint
    card = loaded.card if loaded else {}
    trained_on = card.get("trained_on", [])
    return Provenance(
        method="h2vlr",
        variant=step,
        preset=backbone.preset,
        backbone=f"{backbone.identity}; {space.identity}",
        checkpoint=str(card.get("name")) if loaded else None,
        checkpoint_sha256=loaded.sha256 if loaded else None,
        trained_on=tuple(str(name) for name in trained_on) if isinstance(trained_on, list) else (),
        licence=str(card.get("licence", NO_TRAINING)),
        seed=seed,
        device=str(backbone.device),
        dtype=backbone.dtype_name,
        fallbacks=weights.fallbacks,
    )
