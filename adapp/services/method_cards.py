"""What a person should know of a method before trusting it: needs, training data, limits."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from adapp.core.settings import Settings
from adapp.methods.registry import METHODS, MethodInfo
from adapp.services.region_types import told_note

CHECKPOINTS = ("open", "research")

_SMALL = "A patch is 1/24 of the picture's side; a smaller defect can be lost: turn tiling on."
_VARIATION = (
    "Calls normal variation anomalous that none of your normal parts shows: another supplier, "
    "light, focus or pose. Add such parts to the normals."
)
_MISSING = (
    "A missing piece is found only where the normal parts always show it in the same surroundings."
)
_WORDS = (
    "Judges by words: an unfitting part name misleads it, and a sound but unusual design can read "
    "as a defect."
)
_GENERAL = (
    "Without normal parts its threshold is a general one and its scores say nothing of your "
    "part's own variation."
)
_FEW_SHOT_LIMITS = (_VARIATION, _SMALL, _MISSING)
_ZERO_SHOT_LIMITS = (_WORDS, _GENERAL, _SMALL)


@dataclass(frozen=True, slots=True)
class CheckpointCard:
    """A shipped checkpoint of a method.

    Attributes:
        name: ``open`` or ``research``.
        trained_on: Training data by name.
        licence: What its results may be used for.
        sha256: Hash of the file.
        megabytes: Its size.
        types: How far the types of defect it names can be trusted; empty if it names none.
    """

    name: str
    trained_on: tuple[str, ...]
    licence: str
    sha256: str
    megabytes: float
    types: str = ""


@dataclass(frozen=True, slots=True)
class MethodCard:
    """A method with the checkpoints that are here and its known limits."""

    info: MethodInfo
    checkpoints: tuple[CheckpointCard, ...]
    limits: tuple[str, ...]


def method_cards(
    methods: Mapping[str, MethodInfo] | None = None, folder: Path | None = None
) -> tuple[MethodCard, ...]:
    """Return the card of every method, in the order of the registry.

    Args:
        methods: Methods by name; None takes the registry.
        folder: Where checkpoints lie; None takes the project's own.
    """
    place = folder or Settings().checkpoints_dir
    known = METHODS if methods is None else methods
    return tuple(
        MethodCard(
            info,
            tuple(card for name in CHECKPOINTS if (card := _card(place, info.name, name))),
            _FEW_SHOT_LIMITS if info.learns_support else _ZERO_SHOT_LIMITS,
        )
        for info in known.values()
    )


def _card(folder: Path, method: str, name: str) -> CheckpointCard | None:
    """Return the card of a shipped checkpoint; None if it does not ship."""
    weights = folder / f"{method}-embedded-{name}.safetensors"
    described = weights.with_suffix(".json")
    if not weights.is_file() or not described.is_file():
        return None
    told: dict[str, Any] = json.loads(described.read_text(encoding="utf-8"))
    status = weights.stat()
    return CheckpointCard(
        name=name,
        trained_on=tuple(told.get("trained_on", ())),
        licence=str(told.get("licence", "")),
        sha256=_hash(weights, status.st_size, status.st_mtime_ns),
        megabytes=status.st_size / 1e6,
        types=told_note(told) if told.get("defect_types") else "",
    )


@cache
def _hash(path: Path, size: int, changed: int) -> str:  # noqa: ARG001 - they tell versions apart
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
