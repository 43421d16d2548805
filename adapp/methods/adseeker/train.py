"""ADSeeker's training: frozen encoders, type centroids, then prompts and sparse coding learned.

Source: ADSeeker 4.4 (stage-wise, then together) and 5.1 (setting); what differs is listed in
README.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from adapp.auxiliary.bank import Bank
from adapp.auxiliary.cards import (
    bank_card,
    fingerprint,
    plain,
    state_path,
    trainable_step,
)
from adapp.auxiliary.generic_threshold import CARD_KEY, GenericThreshold
from adapp.auxiliary.kept_bridge import kept_bridge
from adapp.auxiliary.names import part_names
from adapp.backbones.base import ImageBackbone
from adapp.backbones.factory import create, create_joint
from adapp.core.detector import Report
from adapp.core.settings import Settings
from adapp.methods.adseeker.album import Album, open_album
from adapp.methods.adseeker.build import make_network
from adapp.methods.adseeker.config import VARIANTS, SeekerConfig, Variant
from adapp.methods.adseeker.held_out import settle
from adapp.methods.adseeker.inputs import Wording
from adapp.methods.adseeker.lessons import Lessons, prepare
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.optimise import stage_epochs, train_network
from adapp.methods.adseeker.presets import config_for
from adapp.methods.adseeker.telling import fit_telling
from adapp.methods.adseeker.type_accuracy import CARD_KEY as TYPES_KEY
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
        lessons: Training pictures and words.
        bridge: State of the bridge; None for CLIP.
    """

    request: TrainingRequest
    config: SeekerConfig
    variant: Variant
    backbone: ImageBackbone
    lessons: Lessons
    bridge: Mapping[str, Tensor] | None

    def network(self, lessons: Lessons) -> SeekerNetwork:
        """Return an untrained network whose centroids and dictionaries are those of ``lessons``."""
        torch.manual_seed(self.request.seed)
        network = make_network(
            self.config, self.variant, lessons.joint, self.backbone.width, self.bridge
        )
        network.to(lessons.device)
        prepare(network, lessons, self.request.seed)
        return network


def run(request: TrainingRequest, *, resume: bool, report: Report | None = None) -> Path:
    """Train and return the path of the checkpoint.

    Raises:
        UsageError: If there is nothing to train, or nothing to train on.
        CheckpointMismatch: If a kept state belongs to another training.
        ModelUnavailable: If an encoder's weights are absent.
    """
    bench = _bench(request, report)
    config, lessons = bench.config, bench.lessons
    joint_epochs = config.training.epochs if request.epochs is None else request.epochs
    mark = fingerprint(request, lessons.shelves, config, request.variant, joint_epochs)
    if report is not None:
        report("Reading the types of defect", 0, 1)
    network = bench.network(lessons)
    epochs = len(stage_epochs(network)) + joint_epochs
    plan = LoopPlan(epochs, request.seed, state_path(request.out), mark, resume)
    losses = train_network(network, lessons, plan, report)
    threshold = settle(network, bench.network, lessons, plan, bench.backbone.size, report)
    accuracy: CardValue = None
    if network.teller is not None:
        accuracy = fit_telling(
            network.teller, lessons.shelves, lessons.joint, request.seed, lessons.device
        )
    card = _card(bench, network, losses, threshold, accuracy)
    save_checkpoint(request.out, network.state_dict(), card)
    forget(state_path(request.out))
    return request.out


def _bench(request: TrainingRequest, report: Report | None) -> _Bench:
    variant = cast("Variant", trainable_step(request, VARIANTS))
    settings, config = Settings(), config_for(request.preset)
    backbone = create(request.preset, "adseeker", size=config.size, settings=settings)
    bank = Bank(backbone, settings.cache_dir)
    rendered = config.training.mixture.rendered > 0
    shelves = bank.shelves(request.roots, request.leave_out, rendered=rendered, report=report)
    bridge = None
    if request.preset != "paper":
        bridge = kept_bridge(request, shelves, settings, report)
    inside = variant == "full" and config.sparse.inside
    device = None if inside else "cpu"
    joint = create_joint(
        request.preset, "adseeker", bridge=bridge, device=device, settings=settings
    )
    album: Album | None = None
    if inside:
        album = open_album(
            backbone, request.roots, request.leave_out, rendered=rendered, report=report
        )
    names = [part_names(shelf.category)[0] for shelf in shelves]
    lessons = Lessons(shelves, names, joint, Wording(joint, config.prompts), album)
    return _Bench(request, config, variant, backbone, lessons, bridge)


def _card(
    bench: _Bench,
    network: SeekerNetwork,
    losses: Sequence[float],
    threshold: GenericThreshold,
    accuracy: CardValue,
) -> Card:
    joint = bench.lessons.joint
    more: dict[str, CardValue] = {
        "text": joint.identity,
        "temperature": joint.temperature,
        "defect_types": [] if network.teller is None else list(network.teller.present),
        TYPES_KEY: accuracy,
        "epochs": len(losses),
        "losses": list(losses),
        CARD_KEY: threshold.card(),
        "config": plain(bench.config),
    }
    return bank_card("adseeker", bench.request, bench.lessons.shelves, bench.backbone, more)
