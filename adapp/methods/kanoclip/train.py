"""KAnoCLIP's training: frozen encoders, frozen features, prompts and small modules learned.

Source: KAnoCLIP 2.5 (objective) and 3.1 (setting); what differs is listed in README.md.
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
from adapp.backbones.base import ImageBackbone
from adapp.backbones.bridge import bridge_tensors
from adapp.backbones.factory import create, create_joint
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.methods.kanoclip.build import make_network
from adapp.methods.kanoclip.config import TRAINING_FREE, VARIANTS, KanoConfig, Variant
from adapp.methods.kanoclip.descriptions import load_descriptions
from adapp.methods.kanoclip.held_out import held_out_threshold
from adapp.methods.kanoclip.knowledge import class_features
from adapp.methods.kanoclip.model import LOCAL, KanoNetwork
from adapp.methods.kanoclip.optimise import Lessons, set_centre, train_network
from adapp.methods.kanoclip.presets import config_for
from adapp.methods.kanoclip.thresholds import CARD_KEY, GenericThreshold
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
    config: KanoConfig
    variant: Variant
    backbone: ImageBackbone
    lessons: Lessons
    bridge: Mapping[str, Tensor] | None

    def network(self, lessons: Lessons) -> KanoNetwork:
        """Return an untrained network, centred on ``lessons``."""
        torch.manual_seed(self.request.seed)
        network = make_network(self.config, self.variant, self.lessons.joint, self.bridge)
        set_centre(network, lessons)
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
    epochs = config.training.epochs if request.epochs is None else request.epochs
    mark = fingerprint(request, lessons.shelves, config, request.variant, epochs)
    plan = LoopPlan(epochs, request.seed, state_path(request.out), mark, resume)
    network = bench.network(lessons)
    losses = train_network(network, lessons, plan, report)
    threshold = held_out_threshold(bench.network, lessons, plan, bench.backbone.size, report)
    card = _card(bench, losses, threshold)
    save_checkpoint(request.out, network.state_dict(), card)
    forget(state_path(request.out))
    return request.out


def _bench(request: TrainingRequest, report: Report | None) -> _Bench:
    variant = _trainable(request)
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
    bridge = None
    if request.preset != "paper":
        bridge = _bridge(request, shelves, settings, report)
    joint = create_joint(request.preset, "kanoclip", bridge=bridge, device="cpu", settings=settings)
    base = load_descriptions()
    if report is not None:
        report("Reading the descriptions", 0, 1)
    knowledge = class_features(joint, shelves, base, config.prompts.picture_texts)
    reduced = config.autocast and backbone.dtype_name == "bfloat16"
    lessons = Lessons(shelves, joint, base, knowledge, reduced)
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

    All steps of a ladder share it. What is left out here is left out there.
    """
    mark = fingerprint(request, shelves, BridgeConfig(), "bridge", sorted(request.leave_out))
    path = settings.cache_dir / "bridges" / f"{request.preset}-{mark[:20]}.safetensors"
    if not path.is_file():
        wanted = replace(request, variant=bridge_training.VARIANTS[-1], out=path, epochs=None)
        bridge_training.run(wanted, resume=True, report=report)
    return bridge_tensors(load_checkpoint(path).state)


def _card(bench: _Bench, losses: Sequence[float], threshold: GenericThreshold) -> Card:
    joint = bench.lessons.joint
    more: dict[str, CardValue] = {
        "text": joint.identity,
        "temperature": joint.temperature,
        "epochs": len(losses),
        "losses": list(losses),
        CARD_KEY: threshold.card(),
        "config": cast("CardValue", _plain(asdict(bench.config))),
    }
    return bank_card("kanoclip", bench.request, bench.lessons.shelves, bench.backbone, more)


def _plain(value: object) -> object:
    """Return ``value`` with tuples as lists, as JSON reads them back."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value
