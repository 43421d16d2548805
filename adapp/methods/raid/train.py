"""RAID's training: self-supervised, frozen encoder, episodes computed once.

Source: RAID section 3.5 (objective) and 4.1 (constants); what differs is listed in README.md.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import torch

from adapp.backbones.base import ImageBackbone
from adapp.backbones.cache import cached
from adapp.backbones.factory import create
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.data.dataset import read_roots
from adapp.data.procedural import FAMILIES, ProceduralCategory
from adapp.data.terms import terms
from adapp.methods.raid import curriculum
from adapp.methods.raid.config import VARIANTS, RaidConfig, Variant
from adapp.methods.raid.episodes import Episode, EpisodeStore
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.optimise import train_filter
from adapp.methods.raid.presets import config_for
from adapp.training.checkpoint import Card, save_checkpoint
from adapp.training.loop import LoopPlan, forget
from adapp.training.request import TrainingRequest, commit

LOOKS = 1
"""Looks of every rendered family that take part in few-shot training."""


def run(request: TrainingRequest, *, resume: bool, report: Report | None = None) -> Path:
    """Train and return the path of the checkpoint.

    Raises:
        UsageError: If there is nothing to train, or nothing to train on.
    """
    variant = _trainable(request.variant)
    if request.out.suffix != ".safetensors":
        msg = f"--out must end in .safetensors, got {request.out.name}"
        raise UsageError(msg)
    settings = Settings()
    config = config_for(request.preset)
    sources = _sources(request)
    backbone = cached(create(request.preset, "raid", settings=settings), settings)
    store = EpisodeStore(settings.cache_dir / "episodes")
    episodes = _episodes(sources, backbone, config, store, report)
    network = _network(config, variant, request.seed)
    epochs = config.epochs if request.epochs is None else request.epochs
    state_path = request.out.with_suffix(".state")
    plan = LoopPlan(
        epochs=epochs,
        seed=request.seed,
        state_path=state_path,
        fingerprint=_fingerprint(request, sources, config, epochs),
        resume=resume,
    )
    losses = train_filter(network, episodes, _grid(episodes), config, plan, report)
    card = _card(request, config, sources, backbone, losses)
    save_checkpoint(request.out, network.state_dict(), card)
    forget(state_path)
    return request.out


def _trainable(name: str) -> Variant:
    """Return the variant called ``name``.

    Raises:
        UsageError: If it has nothing to train.
    """
    for variant in VARIANTS[1:]:
        if variant == name:
            return variant
    msg = f"variant {name} has nothing to train; take one of {', '.join(VARIANTS[1:])}"
    raise UsageError(msg)


def _network(config: RaidConfig, variant: Variant, seed: int) -> RaidFilter:
    torch.manual_seed(seed)
    return RaidFilter(config.filter, variant, config.steepness)


def _sources(request: TrainingRequest) -> list[curriculum.Source]:
    """Return the categories to learn from.

    Raises:
        UsageError: If none is left, or a category to leave out does not exist.
    """
    categories = read_roots(request.roots).categories if request.roots else ()
    unknown = set(request.leave_out) - {category.name for category in categories}
    if unknown:
        msg = f"no category {', '.join(sorted(unknown))} in the data; check --leave-out"
        raise UsageError(msg)
    kept = [category for category in categories if category.name not in request.leave_out]
    if request.multi_class:
        sources = [curriculum.multi_class_source(c) for c in kept if len(c.train_normal) > 1]
    else:
        sources = [curriculum.auxiliary_source(c) for c in kept if curriculum.teaches(c)]
        looks = [(family, seed) for family in FAMILIES for seed in range(LOOKS)]
        sources += [curriculum.rendered_source(ProceduralCategory(f, s)) for f, s in looks]
    if not sources:
        msg = "no category with normal pictures is left to train on; check --data"
        raise UsageError(msg)
    return sources


def _episodes(
    sources: Sequence[curriculum.Source],
    backbone: ImageBackbone,
    config: RaidConfig,
    store: EpisodeStore,
    report: Report | None,
) -> list[Episode]:
    """Return the episodes of all sources; those on disk are not made again."""
    retrieval = (config.database, config.stages, config.normal_quantile, config.single_inflation)
    shared = f"{curriculum.RECIPE} {backbone.identity} {backbone.size} {retrieval}"
    episodes = []
    for number, source in enumerate(sources):
        if report is not None:
            report(f"Preparing {source.name}", number, len(sources))
        key = f"{shared} {backbone.dtype_name} {source.key}"
        kept = store.load(key)
        if kept is None:
            kept = source.episodes(backbone, config)
            store.save(key, kept)
        episodes.extend(kept)
    return episodes


def _grid(episodes: Sequence[Episode]) -> tuple[int, int]:
    side = round(episodes[0].tokens.shape[1] ** 0.5)
    return (side, side)


def _fingerprint(
    request: TrainingRequest,
    sources: Sequence[curriculum.Source],
    config: RaidConfig,
    epochs: int,
) -> str:
    what = [request.preset, request.variant, str(request.seed), str(epochs), repr(config)]
    what += [source.key for source in sources]
    return hashlib.sha256("\n".join(what).encode()).hexdigest()


def _card(
    request: TrainingRequest,
    config: RaidConfig,
    sources: Sequence[curriculum.Source],
    backbone: ImageBackbone,
    losses: Sequence[float],
) -> Card:
    real = [source.name for source in sources if not source.name.startswith("rendered/")]
    rendered = len(sources) - len(real)
    return cast(
        "Card",
        {
            "method": "raid",
            "name": request.out.stem,
            "preset": request.preset,
            "variant": request.variant,
            "setting": "multi_class" if request.multi_class else "few_shot",
            "backbone": backbone.identity,
            "trained_on": [*real, *(["rendered parts of this project"] if rendered else [])],
            "rendered_categories": rendered,
            "left_out": list(request.leave_out),
            "licence": terms(real),
            "synthetic_anomalies": True,
            "seed": request.seed,
            "epochs": len(losses),
            "losses": list(losses),
            "commit": commit(),
            "torch": torch.__version__,
            "config": asdict(config),
        },
    )
