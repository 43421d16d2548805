"""From names (preset, checkpoint, variant) to a detector with weights loaded and frozen."""

from pathlib import Path

import torch

from adapp.backbones.base import ImageBackbone
from adapp.backbones.cache import cached
from adapp.backbones.factory import create
from adapp.core.errors import CheckpointMismatch, UsageError
from adapp.core.results import Provenance
from adapp.core.settings import Settings
from adapp.methods.raid.config import VARIANTS, RaidConfig, Variant
from adapp.methods.raid.detector import RaidDetector
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.presets import config_for
from adapp.training.checkpoint import Checkpoint, load_checkpoint, load_strictly

SHIPPED = ("open", "research")
TRAINING_FREE: Variant = "retrieval"
NO_TRAINING = "Nothing was trained for this variant: no training data restricts its use."


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
    wanted = _variant(variant)
    if wanted == TRAINING_FREE:
        return _detector(backbone, None, config, TRAINING_FREE, preset, None, seed, ())
    step = wanted or VARIANTS[-1]
    path = checkpoint_path(checkpoint, preset, step, settings)
    if wanted is None and checkpoint in SHIPPED and not path.is_file():
        note = f"no checkpoint ships for the preset {preset}: the training-free variant runs"
        return _detector(backbone, None, config, TRAINING_FREE, preset, None, seed, (note,))
    loaded = load_checkpoint(path)
    step = _checked_variant(loaded, preset, step, explicit=wanted is not None)
    if loaded.card.get("setting") == "multi_class":
        config = config.for_own_categories()
    network = RaidFilter(config.filter, step, config.steepness)
    load_strictly(network, loaded)
    return _detector(backbone, network, config, step, preset, loaded, seed, ())


def checkpoint_path(checkpoint: str, preset: str, variant: str, settings: Settings) -> Path:
    """Return the file behind a checkpoint name, or the path the user gave."""
    if checkpoint not in SHIPPED:
        return Path(checkpoint).expanduser()
    step = "" if variant == VARIANTS[-1] else f"-{variant}"
    return settings.checkpoints_dir / f"raid-{preset}-{checkpoint}{step}.safetensors"


def _variant(name: str | None) -> Variant | None:
    for variant in VARIANTS:
        if variant == name:
            return variant
    if name is None:
        return None
    msg = f"raid has no variant {name!r}; choose one of {', '.join(VARIANTS)}"
    raise UsageError(msg)


def _checked_variant(loaded: Checkpoint, preset: str, step: str, *, explicit: bool) -> Variant:
    """Return the variant the checkpoint was trained as.

    Raises:
        CheckpointMismatch: If its card names another method, preset or variant.
    """
    card = loaded.card
    if card.get("method") != "raid" or card.get("preset") != preset:
        msg = (
            f"{loaded.path.name} is for {card.get('method')} on {card.get('preset')}, "
            f"not for raid on {preset}"
        )
        raise CheckpointMismatch(msg)
    trained = _variant(str(card.get("variant")))
    if trained is None or (explicit and trained != step):
        msg = f"{loaded.path.name} was trained as variant {card.get('variant')}, not {step}"
        raise CheckpointMismatch(msg)
    return trained


def _detector(
    backbone: ImageBackbone,
    network: RaidFilter | None,
    config: RaidConfig,
    variant: Variant,
    preset: str,
    loaded: Checkpoint | None,
    seed: int,
    fallbacks: tuple[str, ...],
) -> RaidDetector:
    if network is not None:
        network.requires_grad_(requires_grad=False).eval().to(torch.device(backbone.device))
    card = loaded.card if loaded else {}
    trained_on = card.get("trained_on", [])
    provenance = Provenance(
        method="raid",
        variant=variant,
        preset=preset,
        backbone=backbone.identity,
        checkpoint=str(card.get("name")) if loaded else None,
        checkpoint_sha256=loaded.sha256 if loaded else None,
        trained_on=tuple(str(name) for name in trained_on) if isinstance(trained_on, list) else (),
        licence=str(card.get("licence", NO_TRAINING)),
        seed=seed,
        device=str(backbone.device),
        dtype=backbone.dtype_name,
        fallbacks=fallbacks,
    )
    return RaidDetector(backbone, network, config, variant, provenance, seed)
