"""From names (preset, checkpoint, variant) to a detector with weights loaded and frozen."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.bridge import Bridge, bridge_tensors, load_bridge
from adapp.backbones.cache import cached
from adapp.backbones.factory import (
    create,
    create_joint,
    create_random,
    create_random_joint,
    new_bridge,
)
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.results import Provenance
from adapp.core.settings import Settings
from adapp.methods.adseeker.config import TRAINING_FREE, VARIANTS, SeekerConfig, Variant
from adapp.methods.adseeker.detector import SeekerDetector
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.presets import config_for
from adapp.training.checkpoint import Checkpoint, load_checkpoint, load_strictly

SHIPPED = ("open", "research")
NO_TRAINING = "Nothing was trained for this variant: no training data restricts its use."


def build(
    preset: str,
    checkpoint: str = "open",
    variant: str | None = None,
    size: int | None = None,
    seed: int = 0,
    settings: Settings | None = None,
) -> SeekerDetector:
    """Return ADSeeker on ``preset``.

    Without an explicit variant the complete method runs where a checkpoint exists for the preset;
    elsewhere the training-free step runs and the provenance says so.

    Raises:
        ModelUnavailable: If an encoder's weights, or an explicitly named checkpoint, are absent.
        CheckpointMismatch: If the checkpoint does not fit.
    """
    settings = settings or Settings()
    wanted = _variant(variant)
    step = wanted or VARIANTS[-1]
    path = checkpoint_path(checkpoint, preset, step, settings)
    notes: tuple[str, ...] = ()
    if wanted is None and checkpoint in SHIPPED and not path.is_file():
        step = TRAINING_FREE
        notes = (f"no checkpoint ships for the preset {preset}: the training-free variant runs",)
    if step == TRAINING_FREE:
        return _fixed(preset, checkpoint, size, seed, settings, notes)
    loaded = load_checkpoint(path)
    step = _checked_variant(loaded, preset, step, explicit=wanted is not None)
    config = config_for(preset)
    backbone = _backbone(preset, config, step, size, settings)
    bridge = None if preset == "paper" else bridge_tensors(loaded.state)
    joint = create_joint(preset, "adseeker", bridge=bridge, settings=settings)
    network = make_network(config, step, joint, backbone.width, bridge)
    load_strictly(network, loaded)
    network.requires_grad_(requires_grad=False).eval().to(torch.device(backbone.device))
    return SeekerDetector(
        backbone=backbone,
        joint=joint,
        network=network,
        config=config,
        variant=step,
        provenance=_provenance(step, preset, backbone, joint, loaded, seed, notes),
        generic=GenericThreshold.of_card(loaded.card),
        seed=seed,
    )


def untrained(
    preset: str, variant: Variant = "full", size: int | None = None, seed: int = 0
) -> SeekerDetector:
    """Return a step with nothing trained in it: to measure its time, or to look at its sizes.

    ``paper`` is CLIP's architecture with random weights, the others have a random bridge.
    """
    config = config_for(preset)
    wanted = config.size if size is None else size
    bridge: dict[str, Tensor] | None = None
    if preset == "paper":
        backbone = create_random("adseeker", size=wanted, seed=seed)
        joint = create_random_joint("adseeker", seed=seed)
    else:
        bridge = dict(new_bridge(preset, seed=seed).state_dict())
        backbone = create(preset, "adseeker", size=wanted)
        joint = create_joint(preset, "adseeker", bridge=bridge)
    torch.manual_seed(seed)
    network = make_network(config, variant, joint, backbone.width, bridge).eval()
    network.to(torch.device(backbone.device))
    notes = ("nothing in it is trained: its maps mean nothing",)
    return SeekerDetector(
        backbone=backbone,
        joint=joint,
        network=network,
        config=config,
        variant=variant,
        provenance=_provenance(variant, preset, backbone, joint, None, seed, notes),
        generic=GenericThreshold(),
        seed=seed,
    )


def make_network(
    config: SeekerConfig,
    variant: Variant,
    joint: JointSpace,
    encoder_width: int,
    bridge: Mapping[str, Tensor] | None,
) -> SeekerNetwork:
    """Return the untrained network of ``variant`` for a joint space, its bridge inside.

    Args:
        config: Constants of the preset.
        variant: Step of the ladder.
        joint: Joint space; it decides the sizes.
        encoder_width: Channels of the encoder's hidden states.
        bridge: State of the bridge behind it; None for CLIP.
    """
    inside: Bridge | None = None if bridge is None else load_bridge(bridge)
    return SeekerNetwork(
        config,
        variant,
        stages=joint.stage_count,
        width=joint.width,
        token_width=joint.token_width,
        encoder_width=encoder_width,
        bridge=inside,
    )


def checkpoint_path(checkpoint: str, preset: str, variant: str, settings: Settings) -> Path:
    """Return the file behind a checkpoint name, or the path the user gave."""
    if checkpoint not in SHIPPED:
        return Path(checkpoint).expanduser()
    step = "" if variant == VARIANTS[-1] else f"-{variant}"
    return settings.checkpoints_dir / f"adseeker-{preset}-{checkpoint}{step}.safetensors"


def bridge_path(checkpoint: str, preset: str, settings: Settings) -> Path | None:
    """Return the file that holds the bridge for the training-free step; None if there is none.

    A named file is taken as it is: any checkpoint that holds a bridge will do. For ``open`` and
    ``research`` it is the shipped bridge, or else the complete method's checkpoint.
    """
    if checkpoint not in SHIPPED:
        return Path(checkpoint).expanduser()
    alone = settings.checkpoints_dir / f"bridge-{preset}-{checkpoint}.safetensors"
    inside = checkpoint_path(checkpoint, preset, VARIANTS[-1], settings)
    return next((path for path in (alone, inside) if path.is_file()), None)


def _fixed(
    preset: str,
    checkpoint: str,
    size: int | None,
    seed: int,
    settings: Settings,
    notes: tuple[str, ...],
) -> SeekerDetector:
    """Return the training-free step: fixed prompts on the original path."""
    config = config_for(preset)
    bridge, loaded = _bridge(preset, checkpoint, settings)
    if preset == "tiny" and loaded is None:
        notes = (*notes, "the toy preset has no trained checkpoint: its bridge is random")
    backbone = _backbone(preset, config, TRAINING_FREE, size, settings)
    joint = create_joint(preset, "adseeker", bridge=bridge, settings=settings)
    return SeekerDetector(
        backbone=backbone,
        joint=joint,
        network=None,
        config=config,
        variant=TRAINING_FREE,
        provenance=_provenance(TRAINING_FREE, preset, backbone, joint, loaded, seed, notes),
        generic=GenericThreshold(),
        seed=seed,
    )


def _bridge(
    preset: str, checkpoint: str, settings: Settings
) -> tuple[dict[str, Tensor] | None, Checkpoint | None]:
    """Return the bridge's tensors and the checkpoint they come from.

    Raises:
        ModelUnavailable: If the preset needs a bridge and none is there.
    """
    if preset == "paper":
        return None, None
    path = bridge_path(checkpoint, preset, settings)
    if path is not None:
        loaded = load_checkpoint(path)
        return bridge_tensors(loaded.state), loaded
    if preset == "tiny":
        return dict(new_bridge(preset).state_dict()), None
    msg = (
        f"no bridge ships for {preset} and {checkpoint}; train one with "
        f"python -m adapp train --method bridge --preset {preset} --data ROOT --out FILE"
    )
    raise ModelUnavailable(msg)


def _backbone(
    preset: str, config: SeekerConfig, variant: Variant, size: int | None, settings: Settings
) -> ImageBackbone:
    """Return the image encoder; no feature of it is kept where HSP enters its blocks."""
    wanted = config.size if size is None else size
    encoder = create(preset, "adseeker", size=wanted, settings=settings)
    inside = variant == "full" and config.sparse.inside
    return encoder if inside else cached(encoder, settings)


def _variant(name: str | None) -> Variant | None:
    for variant in VARIANTS:
        if variant == name:
            return variant
    if name is None:
        return None
    msg = f"adseeker has no variant {name!r}; choose one of {', '.join(VARIANTS)}"
    raise UsageError(msg)


def _checked_variant(loaded: Checkpoint, preset: str, step: str, *, explicit: bool) -> Variant:
    """Return the variant the checkpoint was trained as.

    Raises:
        CheckpointMismatch: If its card names another method, preset or variant.
    """
    card = loaded.card
    if card.get("method") != "adseeker" or card.get("preset") != preset:
        msg = (
            f"{loaded.path.name} is for {card.get('method')} on {card.get('preset')}, "
            f"not for adseeker on {preset}"
        )
        raise CheckpointMismatch(msg)
    trained = _variant(str(card.get("variant")))
    if trained is None or (explicit and trained != step):
        msg = f"{loaded.path.name} was trained as variant {card.get('variant')}, not {step}"
        raise CheckpointMismatch(msg)
    return trained


def _provenance(
    variant: Variant,
    preset: str,
    backbone: ImageBackbone,
    joint: JointSpace,
    loaded: Checkpoint | None,
    seed: int,
    notes: tuple[str, ...],
) -> Provenance:
    card = loaded.card if loaded else {}
    trained_on = card.get("trained_on", [])
    return Provenance(
        method="adseeker",
        variant=variant,
        preset=preset,
        backbone=f"{backbone.identity}; text: {joint.identity}",
        checkpoint=str(card.get("name")) if loaded else None,
        checkpoint_sha256=loaded.sha256 if loaded else None,
        trained_on=tuple(str(name) for name in trained_on) if isinstance(trained_on, list) else (),
        licence=str(card.get("licence", NO_TRAINING)),
        seed=seed,
        device=str(backbone.device),
        dtype=backbone.dtype_name,
        fallbacks=notes,
    )
