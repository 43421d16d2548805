"""H2VLR's training for categories it will meet later: frozen encoders, episodes made once.

Source: H2VLR section 3.5 (objective) and 4.1 (constants); what differs is listed in README.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import torch

from adapp.auxiliary.bank import Bank, Shelf, content_key
from adapp.auxiliary.cards import bank_card, fingerprint
from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.methods.h2vlr.bridges import Spaces, make_spaces
from adapp.methods.h2vlr.config import H2vlrConfig, Variant
from adapp.methods.h2vlr.direction import Directions, fit_directions
from adapp.methods.h2vlr.drawing import RECIPE, episodes_of
from adapp.methods.h2vlr.encoding import encoder_for
from adapp.methods.h2vlr.episodes import EpisodeStore
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.optimise import Lesson, Stage, shortened, stages_of, train_network
from adapp.methods.h2vlr.presets import config_for
from adapp.methods.h2vlr.prompts import UNKNOWN, prompts_for
from adapp.training.checkpoint import Card, save_checkpoint
from adapp.training.loop import LoopPlan, forget
from adapp.training.request import TrainingRequest

TRAINABLE: tuple[Variant, ...] = ("dsi", "sghm", "full")


def run(
    request: TrainingRequest,
    *,
    resume: bool,
    report: Report | None = None,
    config: H2vlrConfig | None = None,
) -> Path:
    """Train and return the path of the checkpoint; one of ``full`` serves every step below it.

    Args:
        request: What to train, and on what.
        resume: Go on with an interrupted training.
        report: Progress callback.
        config: Constants; None takes those of the preset.

    Raises:
        UsageError: If there is nothing to train, or nothing to train on.
        CheckpointMismatch: If a kept state belongs to another training.
    """
    variant = _checked(request)
    settings = Settings()
    config = config_for(request.preset) if config is None else config
    backbone = encoder_for(request.preset, config, settings)
    bank = Bank(backbone, settings.cache_dir, local_from=config.induction.local_from)
    shelves = bank.shelves(request.roots, request.leave_out, report=report)
    folder, seed = settings.cache_dir, request.seed
    spaces = make_spaces(request.preset, shelves, config, folder, seed=seed, report=report)
    network = new_network(config, variant, spaces.kept, seed)
    directions = None
    if network.direction is not None:
        directions = fit_directions(shelves, spaces.kept, config, seed=seed)
        network.point(directions.kept)
    store = EpisodeStore(settings.cache_dir / "h2vlr-episodes")
    lessons = _lessons(shelves, spaces, directions, backbone, config, store, report)
    losses = {}
    stages = stages_of(variant, config)
    for stage, schedule in stages:
        plan = LoopPlan(
            epochs=shortened(schedule, request.epochs).epochs,
            seed=seed,
            state_path=_state_path(request.out, stage),
            fingerprint=fingerprint(request, shelves, config, request.epochs, stage),
            resume=resume,
        )
        losses[stage] = train_network(network, stage, lessons, config, schedule, plan, report)
    told = _told(spaces, lessons, losses, config)
    card = bank_card("h2vlr", request, shelves, backbone, told)
    save_checkpoint(request.out, {**network.state_dict(), **spaces.state}, card)
    for stage, _ in stages:
        forget(_state_path(request.out, stage))
    return request.out


def _told(
    spaces: Spaces,
    lessons: Sequence[Lesson],
    losses: Mapping[Stage, Sequence[float]],
    config: H2vlrConfig,
) -> Card:
    """Return what the card tells beside the data."""
    return cast(
        "Card",
        {
            "setting": "few_shot",
            "text_encoder": spaces.kept.identity,
            "epochs": {name: len(found) for name, found in losses.items()},
            "losses": {name: list(found) for name, found in losses.items()},
            "queries": sum(len(lesson.episode) for lesson in lessons),
            "config": asdict(config),
        },
    )


def new_network(
    config: H2vlrConfig, variant: Variant, space: JointSpace, seed: int
) -> H2vlrNetwork:
    """Return an untrained network drawn from ``seed``; the mapper does not depend on the rest."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return H2vlrNetwork(config, variant, space.width, space.token_width)


def _checked(request: TrainingRequest) -> Variant:
    """Return the variant to train.

    Raises:
        UsageError: If the request makes no sense.
    """
    if request.out.suffix != ".safetensors":
        msg = f"--out must end in .safetensors, got {request.out.name}"
        raise UsageError(msg)
    if request.multi_class:
        msg = "h2vlr learns for categories it has not seen; leave --multi-class out"
        raise UsageError(msg)
    for variant in TRAINABLE:
        if variant == request.variant:
            return variant
    msg = f"variant {request.variant} has nothing to train; take one of {', '.join(TRAINABLE)}"
    raise UsageError(msg)


def _lessons(
    shelves: Sequence[Shelf],
    spaces: Spaces,
    directions: Directions | None,
    backbone: ImageBackbone,
    config: H2vlrConfig,
    store: EpisodeStore,
    report: Report | None,
) -> list[Lesson]:
    """Return the episodes of all shelves; those on disk are not made again.

    Raises:
        UsageError: If no shelf gives one.
    """
    unnamed = prompts_for(UNKNOWN)
    dtype = config.search_dtype(backbone.dtype_name)
    lessons = []
    for number, shelf in enumerate(shelves):
        if report is not None:
            report(f"Drawing episodes of {shelf.category}", number, len(shelves))
        key = _key(shelf, backbone, config)
        kept = store.load(key)
        if kept is None:
            kept = episodes_of(shelf, spaces.of_shelf[number], config, dtype)
            store.save(key, kept)
        named = prompts_for(shelf.part)
        space = spaces.of_shelf[number]
        direction = None if directions is None else directions.of_shelf[number]
        lessons += [Lesson(one, shelf, space, direction, named, unnamed) for one in kept]
    if not lessons:
        msg = "no category has enough pictures to draw supports and queries from; check --data"
        raise UsageError(msg)
    return lessons


def _key(shelf: Shelf, backbone: ImageBackbone, config: H2vlrConfig) -> str:
    """Return what decides the episodes of a shelf."""
    graph = config.graph
    made = (graph.neighbours, graph.structure, graph.structure_tap, graph.evidence)
    encoder = f"{backbone.identity} {backbone.size} {backbone.dtype_name}"
    return f"{RECIPE} {encoder} {config.gallery} {made} {content_key(shelf)}"


def _state_path(out: Path, stage: str) -> Path:
    return out.with_suffix(f".{stage}.state")
