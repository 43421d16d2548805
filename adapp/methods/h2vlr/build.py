"""From names (preset, checkpoint, variant) to a detector with weights loaded and frozen."""

from dataclasses import dataclass

import torch

from adapp.backbones.base import JointSpace
from adapp.backbones.bridge import PREFIX
from adapp.backbones.cache import cached
from adapp.backbones.factory import create_joint
from adapp.core.errors import CheckpointMismatch
from adapp.core.settings import Settings
from adapp.methods.building import (
    SHIPPED,
    bridge_of,
    checked_card,
    named_step,
    provenance_of,
    shipped_path,
)
from adapp.methods.h2vlr.config import VARIANTS, H2vlrConfig, Variant
from adapp.methods.h2vlr.detector import H2vlrDetector
from adapp.methods.h2vlr.encoding import encoder_for
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.presets import config_for
from adapp.training.checkpoint import Checkpoint, load_checkpoint, load_strictly

TRAINING_FREE: Variant = "sab"


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
    wanted = named_step("h2vlr", variant, VARIANTS)
    weights = _found(checkpoint, preset, wanted, settings)
    step = wanted or weights.trained
    backbone = cached(encoder_for(preset, config, settings, size), settings)
    bridge = bridge_of(weights.checkpoint, preset)
    space = create_joint(preset, "h2vlr", bridge=bridge, settings=settings)
    network = None
    if step == TRAINING_FREE:
        config = config.static()
    elif weights.checkpoint is not None:
        network = _network(config, weights.trained, space, weights.checkpoint)
        network.to(torch.device(backbone.device))
    provenance = provenance_of(
        "h2vlr", step, backbone, space, weights.checkpoint, seed, weights.fallbacks
    )
    return H2vlrDetector(backbone, space, network, config, step, provenance, seed)


def _found(checkpoint: str, preset: str, wanted: Variant | None, settings: Settings) -> _Weights:
    """Return the weights to run with.

    Raises:
        ModelUnavailable: If a named file, or what the variant needs, is absent.
        CheckpointMismatch: If the file is of another method, preset or step.
    """
    path = shipped_path("h2vlr", checkpoint, preset, settings)
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
    bridge = shipped_path("bridge", checkpoint, preset, settings)
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
    checked_card(loaded, ("h2vlr", "bridge"), "h2vlr", preset)
    if loaded.card.get("method") == "bridge":
        return TRAINING_FREE
    told = str(loaded.card.get("variant"))
    trained = next((variant for variant in VARIANTS if variant == told), TRAINING_FREE)
    if trained == TRAINING_FREE:
        msg = f"{loaded.path.name} was trained as variant {told}, which has no weights"
        raise CheckpointMismatch(msg)
    return trained


def _network(
    config: H2vlrConfig, trained: Variant, space: JointSpace, loaded: Checkpoint
) -> H2vlrNetwork:
    """Return the trained parts, loaded strictly and frozen."""
    network = H2vlrNetwork(config, trained, space.width, space.token_width)
    own = {n: t for n, t in loaded.state.items() if not n.startswith(PREFIX)}
    load_strictly(network, Checkpoint(own, loaded.card, loaded.sha256, loaded.path))
    return network.requires_grad_(requires_grad=False).eval()
