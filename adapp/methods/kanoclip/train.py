"""KAnoCLIP's training: frozen encoders, frozen features, prompts and small modules learned.

Source: KAnoCLIP 2.5 (objective) and 3.1 (setting); what differs is listed in README.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from adapp.auxiliary.bank import Bank, Shelf
from adapp.auxiliary.cards import (
    bank_card,
    fingerprint,
    plain,
    state_path,
    trainable_step,
)
from adapp.auxiliary.generic_threshold import CARD_KEY, GenericThreshold
from adapp.auxiliary.kept_bridge import JointSpaces
from adapp.backbones.base import ImageBackbone
from adapp.backbones.factory import create
from adapp.core.detector import Report
from adapp.core.settings import Settings
from adapp.methods.kanoclip.build import make_network
from adapp.methods.kanoclip.config import VARIANTS, KanoConfig, Variant
from adapp.methods.kanoclip.descriptions import KnowledgeBase, load_descriptions
from adapp.methods.kanoclip.held_out import settle
from adapp.methods.kanoclip.knowledge import class_features
from adapp.methods.kanoclip.model import LOCAL, KanoNetwork
from adapp.methods.kanoclip.optimise import Lessons, set_centre, train_network
from adapp.methods.kanoclip.presets import config_for
from adapp.training.checkpoint import Card, CardValue, save_checkpoint
from adapp.training.loop import LoopPlan, forget
from adapp.training.request import TrainingRequest


@dataclass(frozen=True, slots=True, eq=False)
class _Bench:
    """Everything a training needs besides the network.

    Attributes:
        request: What to train.
        config: Constants.
        variant: Step of the ladder.
        backbone: Frozen image encoder.
        shelves: Training pictures.
        spaces: Joint spaces trained on them, or CLIP's.
        base: What is known of their defects.
    """

    request: TrainingRequest
    config: KanoConfig
    variant: Variant
    backbone: ImageBackbone
    shelves: Sequence[Shelf]
    spaces: JointSpaces
    base: KnowledgeBase

    def lessons(self, left_out: Sequence[int] = ()) -> Lessons:
        """Return the lessons less some shelves, in a joint space that never saw those."""
        shelves = [shelf for n, shelf in enumerate(self.shelves) if n not in set(left_out)]
        joint, bridge = self.spaces.of(shelves)
        knowledge = class_features(joint, shelves, self.base, self.config.prompts.picture_texts)
        reduced = self.config.autocast and self.backbone.dtype_name == "bfloat16"
        return Lessons(shelves, joint, self.base, knowledge, reduced, bridge)

    def network(self, lessons: Lessons) -> KanoNetwork:
        """Return an untrained network, centred on ``lessons``."""
        torch.manual_seed(self.request.seed)
        network = make_network(self.config, self.variant, lessons.joint, lessons.bridge)
        set_centre(network, lessons, self.request.seed)
        return network

    def apart(self, left_out: Sequence[int]) -> tuple[KanoNetwork, Lessons]:
        """Return an untrained network and lessons that know nothing of some shelves."""
        kept = self.lessons(left_out)
        return self.network(kept), kept


def run(request: TrainingRequest, *, resume: bool, report: Report | None = None) -> Path:
    """Train and return the path of the checkpoint.

    Raises:
        UsageError: If there is nothing to train, or nothing to train on.
        CheckpointMismatch: If a kept state belongs to another training.
        ModelUnavailable: If an encoder's weights are absent.
    """
    bench = _bench(request, report)
    config = bench.config
    if report is not None:
        report("Reading the descriptions", 0, 1)
    lessons = bench.lessons()
    epochs = config.training.epochs if request.epochs is None else request.epochs
    mark = fingerprint(request, lessons.shelves, config, request.variant, epochs)
    plan = LoopPlan(epochs, request.seed, state_path(request.out), mark, resume)
    network = bench.network(lessons)
    losses = train_network(network, lessons, plan, report)
    threshold = settle(network, lessons, bench.apart, plan, bench.backbone.size, report)
    card = _card(bench, lessons, losses, threshold)
    save_checkpoint(request.out, network.state_dict(), card)
    forget(state_path(request.out))
    return request.out


def _bench(request: TrainingRequest, report: Report | None) -> _Bench:
    variant = cast("Variant", trainable_step(request, VARIANTS))
    settings, config = Settings(), config_for(request.preset)
    backbone = create(
        request.preset,
        "kanoclip",
        size=config.size,
        settings=settings,
        local_from=config.local_from if variant in LOCAL else None,
    )
    bank = Bank(
        backbone, settings.cache_dir, local_from=config.local_from if variant in LOCAL else None
    )
    rendered = config.training.mixture.rendered > 0
    shelves = bank.shelves(request.roots, request.leave_out, rendered=rendered, report=report)
    spaces = JointSpaces(request, "kanoclip", shelves, settings, report=report)
    base = load_descriptions()
    return _Bench(request, config, variant, backbone, shelves, spaces, base)


def _card(
    bench: _Bench, lessons: Lessons, losses: Sequence[float], threshold: GenericThreshold
) -> Card:
    joint = lessons.joint
    more: dict[str, CardValue] = {
        "text": joint.identity,
        "temperature": joint.temperature,
        "epochs": len(losses),
        "losses": list(losses),
        CARD_KEY: threshold.card(),
        "config": plain(bench.config),
    }
    return bank_card("kanoclip", bench.request, bench.shelves, bench.backbone, more)
