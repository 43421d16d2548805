"""ADSeeker's training: frozen encoders, type centroids, then prompts and sparse coding learned.

Source: ADSeeker 4.4 (stage-wise, then together) and 5.1 (setting); what differs is listed in
README.md.
"""

from collections.abc import Mapping, Sequence
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
from adapp.auxiliary.names import part_names
from adapp.backbones.base import ImageBackbone
from adapp.backbones.factory import create
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
        shelves: Training pictures.
        spaces: Joint spaces trained on them, or CLIP's.
        album: Their pixels and the encoder, for HSP inside the blocks; None for frozen features.
    """

    request: TrainingRequest
    config: SeekerConfig
    variant: Variant
    backbone: ImageBackbone
    shelves: Sequence[Shelf]
    spaces: JointSpaces
    album: Album | None

    def lessons(self, left_out: Sequence[int] = ()) -> Lessons:
        """Return the lessons less some shelves, in a joint space that never saw those."""
        kept = [n for n in range(len(self.shelves)) if n not in set(left_out)]
        shelves = [self.shelves[n] for n in kept]
        joint, bridge = self.spaces.of(shelves)
        return Lessons(
            shelves,
            [part_names(shelf.category)[0] for shelf in shelves],
            joint,
            Wording(joint, self.config.prompts),
            None if self.album is None else self.album.of(kept),
            bridge,
        )

    def network(self, lessons: Lessons) -> SeekerNetwork:
        """Return an untrained network whose centroids and dictionaries are those of ``lessons``."""
        torch.manual_seed(self.request.seed)
        network = make_network(
            self.config, self.variant, lessons.joint, self.backbone.width, lessons.bridge
        )
        network.to(lessons.device)
        prepare(network, lessons, self.request.seed)
        return network

    def apart(self, left_out: Sequence[int]) -> tuple[SeekerNetwork, Lessons]:
        """Return a prepared network and lessons that know nothing of some shelves."""
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
    config, lessons = bench.config, bench.lessons()
    joint_epochs = config.training.epochs if request.epochs is None else request.epochs
    mark = fingerprint(request, lessons.shelves, config, request.variant, joint_epochs)
    if report is not None:
        report("Reading the types of defect", 0, 1)
    network = bench.network(lessons)
    epochs = len(stage_epochs(network)) + joint_epochs
    plan = LoopPlan(epochs, request.seed, state_path(request.out), mark, resume)
    losses = train_network(network, lessons, plan, report)
    threshold = settle(network, lessons, bench.apart, plan, bench.backbone.size, report)
    types: dict[str, CardValue] = {"defect_types": [], TYPES_KEY: None}
    if network.teller is not None:
        types = fit_telling(
            network.teller, lessons.shelves, lessons.joint, request.seed, lessons.device
        )
    card = _card(bench, lessons, losses, threshold, types)
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
    inside = variant == "full" and config.sparse.inside
    device = None if inside else "cpu"
    spaces = JointSpaces(request, "adseeker", shelves, settings, device, report)
    album: Album | None = None
    if inside:
        album = open_album(
            backbone, request.roots, request.leave_out, rendered=rendered, report=report
        )
    return _Bench(request, config, variant, backbone, shelves, spaces, album)


def _card(
    bench: _Bench,
    lessons: Lessons,
    losses: Sequence[float],
    threshold: GenericThreshold,
    types: Mapping[str, CardValue],
) -> Card:
    joint = lessons.joint
    more: dict[str, CardValue] = {
        "text": joint.identity,
        "temperature": joint.temperature,
        **types,
        "epochs": len(losses),
        "losses": list(losses),
        CARD_KEY: threshold.card(),
        "config": plain(bench.config),
    }
    return bank_card("adseeker", bench.request, bench.shelves, bench.backbone, more)
