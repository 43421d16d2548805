"""From names (preset, checkpoint, variant) to a detector with weights loaded and frozen."""

from collections.abc import Mapping
from dataclasses import replace

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
from adapp.core.settings import Settings
from adapp.methods.adseeker.config import TRAINING_FREE, VARIANTS, SeekerConfig, Variant
from adapp.methods.adseeker.detector import SeekerDetector
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.presets import config_for
from adapp.methods.adseeker.scoring import SCORE_RANGE
from adapp.methods.adseeker.type_accuracy import of_card
from adapp.methods.building import (
    SHIPPED,
    bridge_behind,
    named_step,
    provenance_of,
    shipped_path,
    trained_step,
)
from adapp.training.checkpoint import load_checkpoint, load_strictly


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
    wanted = named_step("adseeker", variant, VARIANTS)
    step = wanted or VARIANTS[-1]
    own_file = step if step != VARIANTS[-1] else ""
    path = shipped_path("adseeker", checkpoint, preset, settings, own_file)
    notes: tuple[str, ...] = ()
    if wanted is None and checkpoint in SHIPPED and not path.is_file():
        step = TRAINING_FREE
        notes = (f"no checkpoint ships for the preset {preset}: the training-free variant runs",)
    if step == TRAINING_FREE:
        return _fixed(preset, checkpoint, size, seed, settings, notes)
    loaded = load_checkpoint(path)
    step = trained_step(loaded, "adseeker", preset, VARIANTS, wanted)
    config = config_for(preset)
    backbone = _backbone(preset, config, step, size, settings)
    bridge = None if preset == "paper" else bridge_tensors(loaded.state)
    joint = create_joint(preset, "adseeker", bridge=bridge, settings=settings)
    network = make_network(config, step, joint, backbone.width, bridge)
    load_strictly(network, loaded)
    network.requires_grad_(requires_grad=False).eval().to(torch.device(backbone.device))
    provenance = provenance_of("adseeker", step, backbone, joint, loaded, seed, notes)
    return SeekerDetector(
        backbone=backbone,
        joint=joint,
        network=network,
        config=config,
        variant=step,
        provenance=replace(provenance, type_accuracy=of_card(loaded.card)),
        generic=GenericThreshold.of_card(loaded.card, SCORE_RANGE),
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
        provenance=provenance_of("adseeker", variant, backbone, joint, None, seed, notes),
        generic=GenericThreshold.middle(SCORE_RANGE),
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
    bridge, loaded = bridge_behind("adseeker", checkpoint, preset, settings)
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
        provenance=provenance_of("adseeker", TRAINING_FREE, backbone, joint, loaded, seed, notes),
        generic=GenericThreshold.middle(SCORE_RANGE),
        seed=seed,
    )


def _backbone(
    preset: str, config: SeekerConfig, variant: Variant, size: int | None, settings: Settings
) -> ImageBackbone:
    """Return the image encoder; no feature of it is kept where HSP enters its blocks."""
    wanted = config.size if size is None else size
    encoder = create(preset, "adseeker", size=wanted, settings=settings)
    inside = variant == "full" and config.sparse.inside
    return encoder if inside else cached(encoder, settings)
