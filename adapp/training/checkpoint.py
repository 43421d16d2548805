"""Checkpoints: safetensors with a readable card beside them, loaded strictly or not at all.

The hash in the card is over names, shapes and values; a checkpoint whose tensors do not have it
is refused. Nothing is pickled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from adapp.core.errors import CheckpointMismatch, ModelUnavailable

CardValue: TypeAlias = "str | int | float | bool | list[CardValue] | dict[str, CardValue] | None"
Card: TypeAlias = dict[str, CardValue]


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A checked checkpoint.

    Attributes:
        state: Tensors by name.
        card: What it is, what it was trained on and with, as in the JSON beside it.
        sha256: Content hash of ``state``.
        path: Where it came from.
    """

    state: dict[str, Tensor]
    card: Card
    sha256: str
    path: Path


def content_sha256(state: Mapping[str, Tensor]) -> str:
    """Return a hash over names, shapes, dtypes and values, whatever the file format."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def card_path(path: Path) -> Path:
    """Return where the card of a checkpoint lies."""
    return path.with_suffix(".json")


def save_checkpoint(path: Path, state: Mapping[str, Tensor], card: Card) -> str:
    """Write tensors and card, each through a temporary file; return the content hash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    sha256 = content_sha256(tensors)
    full = {**card, "sha256": sha256}
    temporary = path.with_name(path.name + ".part")
    save_file(tensors, temporary)
    card_temporary = card_path(path).with_name(card_path(path).name + ".part")
    card_temporary.write_text(json.dumps(full, indent=2, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(path)
    card_temporary.replace(card_path(path))
    return sha256


def load_checkpoint(path: Path) -> Checkpoint:
    """Return the checkpoint in ``path`` after checking its hash against its card.

    Raises:
        ModelUnavailable: If the file or its card is missing.
        CheckpointMismatch: If the file is damaged or does not belong to the card.
    """
    if not path.is_file():
        msg = f"there is no checkpoint {path}; train one or choose open or research"
        raise ModelUnavailable(msg)
    if not card_path(path).is_file():
        msg = f"{path.name} has no card; put {card_path(path).name} beside it"
        raise ModelUnavailable(msg)
    try:
        state = load_file(path)
        card = _read_card(card_path(path))
    except (SafetensorError, ValueError, OSError) as error:
        msg = f"{path.name} or its card cannot be read ({error}); get it again"
        raise CheckpointMismatch(msg) from error
    sha256 = content_sha256(state)
    if card.get("sha256") != sha256:
        msg = f"{path.name} does not have the hash that its card states; get both again"
        raise CheckpointMismatch(msg)
    return Checkpoint(state, card, sha256, path)


def _read_card(path: Path) -> Card:
    """Return the card in ``path``.

    Raises:
        ValueError: If it is not a JSON object.
    """
    card = json.loads(path.read_text("utf-8"))
    if not isinstance(card, dict):
        msg = f"{path.name} holds no JSON object"
        raise ValueError(msg)  # noqa: TRY004 - one kind of damage like any other
    return card


def load_strictly(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Load every tensor into ``module``; nothing may be missing or left over.

    Raises:
        CheckpointMismatch: Otherwise, naming the first tensors that do not fit.
    """
    own = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in checkpoint.state.items()}
    wrong = sorted(name for name in own.keys() | given.keys() if own.get(name) != given.get(name))
    if wrong:
        msg = (
            f"{checkpoint.path.name} does not fit this model "
            f"({len(wrong)} tensors differ, first: {', '.join(wrong[:3])}); "
            "use the checkpoint of this method and preset"
        )
        raise CheckpointMismatch(msg)
    module.load_state_dict(checkpoint.state, strict=True)
