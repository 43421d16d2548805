"""ADSeeker's training: frozen encoders, type centroids, then prompts and sparse coding learned.

Source: ADSeeker 4.4 (stage-wise, then together) and 5.1 (setting); what differs is listed in
README.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from adapp.auxiliary import bridge_training
from adapp.auxiliary.bank import Bank, Shelf
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.cards import bank_card, check_request, fingerprint, state_path
from adapp.auxiliary.generic_threshold import CARD_KEY, GenericThreshold
from adapp.auxiliary.names import part_names
from adapp.backbones.base import ImageBackbone
from adapp.backbones.bridge import bridge_tensors
from adapp.backbones.factory import create, create_joint
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.methods.adseeker.album import Album, open_album
from adapp.methods.adseeker.build import make_network
from adapp.methods.adseeker.config import TRAINING_FREE, VARIANTS, SeekerConfig, Variant
from adapp.methods.adseeker.held_out import held_out_threshold
from adapp.methods.adseeker.inputs import Wording
from adapp.methods.adseeker.lessons import Lessons, prepare
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.optimise import stage_epochs, train_network
from adapp.methods.adseeker.presets import config_for
from adapp.training.checkpoint import Card, CardValue, load_checkpoint, save_checkpoint
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
    threshold = held_out_threshold(bench.network, lessons, plan, bench.backbone.size, report)
    card = _card(bench, network, losses, threshold)
    save_checkpoint(request.out, network.state_dict(), card)
    forget(state_path(request.out))
    return request.out


def _bench(request: TrainingRequest, report: Report | None) -> _Bench:
    variant = _trainable(request)
    settings, config = Settings(), config_for(request.preset)
    backbone = create(request.preset, "adseeker", size=config.size, settings=settings)
    bank = Bank(backbone, settings.cache_dir)
    rendered = config.training.mixture.rendered > 0
    shelves = bank.shelves(request.roots, request.leave_out, rendered=rendered, report=report)
    bridge = None
    if request.preset != "paper":
        bridge = _bridge(request, shelves, settings, report)
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


def _trainable(request: TrainingRequest) -> Variant:
    """Return the variant to train.

    Raises:
        UsageError: If it has nothing to train, or the request makes no sense.
    """
    if request.variant == TRAINING_FREE:
        told = ", ".join(VARIANTS[1:])
        msg = f"variant {TRAINING_FREE} has nothing to train but the bridge; take one of {told}"
        raise UsageError(msg)
    check_request(request, VARIANTS[1:])
    return cast("Variant", request.variant)


def _bridge(
    request: TrainingRequest,
    shelves: Sequence[Shelf],
    settings: Settings,
    report: Report | None,
) -> dict[str, Tensor]:
    """Return the bridge trained on the same pictures, from the cache if it is there.

    All steps of a ladder share it, and so do other methods trained on the same pictures. What is
    left out here is left out there.
    """
    mark = fingerprint(request, shelves, BridgeConfig(), "bridge", sorted(request.leave_out))
    path = settings.cache_dir / "bridges" / f"{request.preset}-{mark[:20]}.safetensors"
    if not path.is_file():
        wanted = replace(request, variant=bridge_training.VARIANTS[-1], out=path, epochs=None)
        bridge_training.run(wanted, resume=True, report=report)
    return bridge_tensors(load_checkpoint(path).state)


def _card(
    bench: _Bench, network: SeekerNetwork, losses: Sequence[float], threshold: GenericThreshold
) -> Card:
    joint = bench.lessons.joint
    more: dict[str, CardValue] = {
        "text": joint.identity,
        "temperature": joint.temperature,
        "defect_types": [] if network.book is None else list(network.book.present),
        "epochs": len(losses),
        "losses": list(losses),
        CARD_KEY: threshold.card(),
        "config": cast("CardValue", _plain(asdict(bench.config))),
    }
    return bank_card("adseeker", bench.request, bench.lessons.shelves, bench.backbone, more)


def _plain(value: object) -> object:
    """Return ``value`` with tuples as lists, as JSON reads them back."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
