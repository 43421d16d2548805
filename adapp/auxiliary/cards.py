"""Cards of what is trained on the bank, and the checks before such a training."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Final, cast

import torch

from adapp.auxiliary.bank import Shelf
from adapp.backbones.base import ImageBackbone
from adapp.core.errors import UsageError
from adapp.data.terms import terms
from adapp.training.checkpoint import Card, CardValue
from adapp.training.request import TrainingRequest, commit

RENDERED: Final = "rendered parts of this project"


def trainable_step(request: TrainingRequest, variants: Sequence[str]) -> str:
    """Return the variant to train; the first of the ladder has no more than a bridge.

    Raises:
        UsageError: If it has nothing to train, or the request makes no sense.
    """
    free, *others = variants
    if request.variant == free:
        told = ", ".join(others)
        msg = f"variant {free} has nothing to train but the bridge; take one of {told}"
        raise UsageError(msg)
    check_request(request, others)
    return request.variant


def check_request(request: TrainingRequest, variants: Sequence[str]) -> None:
    """Return nothing if ``request`` can be trained on a bank.

    Raises:
        UsageError: If the file's ending, the variant or the setting does not work.
    """
    if request.out.suffix != ".safetensors":
        msg = f"--out must end in .safetensors, got {request.out.name}"
        raise UsageError(msg)
    if request.variant not in variants:
        msg = f"variant {request.variant} does not exist; take one of {', '.join(variants)}"
        raise UsageError(msg)
    if request.multi_class:
        msg = "--multi-class trains on the very categories; this learns for categories never seen"
        raise UsageError(msg)


def trained_on(shelves: Sequence[Shelf]) -> list[str]:
    """Return the real categories by name, and one entry for all rendered ones."""
    real = [shelf.category for shelf in shelves if "rendered" not in shelf.kinds]
    return [*real, RENDERED] if len(real) < len(shelves) else real


def fingerprint(request: TrainingRequest, shelves: Sequence[Shelf], *settings: object) -> str:
    """Return a hash of what decides a training, so that only its own state is resumed."""
    what = [request.preset, str(request.seed), *(repr(one) for one in settings)]
    what += [f"{shelf.category} {len(shelf)} {shelf.kinds}" for shelf in shelves]
    return hashlib.sha256("\n".join(what).encode()).hexdigest()


def bank_card(
    method: str,
    request: TrainingRequest,
    shelves: Sequence[Shelf],
    backbone: ImageBackbone,
    more: Mapping[str, CardValue],
) -> Card:
    """Return the card of a checkpoint trained on ``shelves``."""
    names = trained_on(shelves)
    real = [name for name in names if name != RENDERED]
    kinds = [kind for shelf in shelves for kind in shelf.kinds]
    return cast(
        "Card",
        {
            "method": method,
            "name": request.out.stem,
            "preset": request.preset,
            "variant": request.variant,
            "setting": "zero_shot",
            "backbone": backbone.identity,
            "trained_on": names,
            "pictures": {kind: kinds.count(kind) for kind in ("real", "synthetic", "rendered")},
            "left_out": list(request.leave_out),
            "licence": terms(real),
            "synthetic_anomalies": "synthetic" in kinds or "rendered" in kinds,
            "seed": request.seed,
            "commit": commit(),
            "torch": torch.__version__,
            **more,
        },
    )


def state_path(out: Path) -> Path:
    """Return where the state between epochs lies."""
    return out.with_suffix(".state")


def plain(value: object) -> CardValue:
    """Return constants as a card holds them: dictionaries and lists, as JSON reads them back.

    Args:
        value: A dataclass, or what its fields hold.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return cast("CardValue", value)
