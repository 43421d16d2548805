"""From names (preset, checkpoint, variant) to a detector with weights loaded and frozen."""

import torch

from adapp.backbones.base import ImageBackbone
from adapp.backbones.cache import cached
from adapp.backbones.factory import create
from adapp.core.settings import Settings
from adapp.methods.building import (
    SHIPPED,
    named_step,
    provenance_of,
    shipped_path,
    trained_step,
)
from adapp.methods.raid.config import VARIANTS, RaidConfig, Variant
from adapp.methods.raid.detector import RaidDetector
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.presets import config_for
from adapp.training.checkpoint import Checkpoint, load_checkpoint, load_strictly

TRAINING_FREE: Variant = "retrieval"


def build(
    preset: str,
    checkpoint: str = "open",
    variant: str | None = None,
    size: int | None = None,
    seed: int = 0,
    settings: Settings | None = None,
) -> RaidDetector:
    """Return RAID on ``preset``.

    Without an explicit variant the complete method runs where a checkpoint exists for the preset;
    elsewhere the training-free step runs and the provenance says so.

    Raises:
        ModelUnavailable: If the encoder's weights, or an explicitly named checkpoint, are absent.
        CheckpointMismatch: If the checkpoint does not fit.
    """
    settings = settings or Settings()
    config = config_for(preset)
    backbone = cached(create(preset, "raid", size=size, settings=settings), settings)
    wanted = named_step("raid", variant, VARIANTS)
    if wanted == TRAINING_FREE:
        return _detector(backbone, None, config, TRAINING_FREE, None, seed, ())
    step = wanted or VARIANTS[-1]
    own_file = step if step != VARIANTS[-1] else ""
    path = shipped_path("raid", checkpoint, preset, settings, own_file)
    if wanted is None and checkpoint in SHIPPED and not path.is_file():
        note = f"no checkpoint ships for the preset {preset}: the training-free variant runs"
        return _detector(backbone, None, config, TRAINING_FREE, None, seed, (note,))
    loaded = load_checkpoint(path)
    step = trained_step(loaded, "raid", preset, VARIANTS, wanted)
    if loaded.card.get("setting") == "multi_class":
        config = config.for_own_categories()
    network = RaidFilter(config.filter, step, config.steepness)
    load_strictly(network, loaded)
    return _detector(backbone, network, config, step, loaded, seed, ())


def _detector(
    backbone: ImageBackbone,
    network: RaidFilter | None,
    config: RaidConfig,
    variant: Variant,
    loaded: Checkpoint | None,
    seed: int,
    fallbacks: tuple[str, ...],
) -> RaidDetector:
    if network is not None:
        network.requires_grad_(requires_grad=False).eval().to(torch.device(backbone.device))
    provenance = provenance_of("raid", variant, backbone, None, loaded, seed, fallbacks)
    return RaidDetector(backbone, network, config, variant, provenance, seed)
