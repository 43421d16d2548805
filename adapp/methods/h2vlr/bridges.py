"""The joint spaces that training runs in: one to keep, and some that never saw a part of the data.

A bridge trained on a category reads that category's defects better than those of any new one.
Reasoning that learned from such readings would trust the text too much, so every category's text
evidence comes from a bridge trained without it; the kept bridge is trained on all of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.bridge_training import BridgeModel, set_centres, train_bridge
from adapp.auxiliary.sentence_table import SentenceTable, make_table
from adapp.backbones.base import JointSpace
from adapp.backbones.bridge import PREFIX, Bridge
from adapp.backbones.bridged import BridgedSpace
from adapp.backbones.factory import create_joint, create_sentences, new_bridge
from adapp.core.detector import Report
from adapp.methods.h2vlr.config import H2vlrConfig
from adapp.methods.h2vlr.episodes import content_key
from adapp.training.loop import LoopPlan, forget

RECIPE = "2"
"""Raise it when the training of kept bridges changes; it is part of their key."""


@dataclass(frozen=True, slots=True, eq=False)
class Spaces:
    """Joint spaces of one training.

    Attributes:
        kept: The one that goes into the checkpoint.
        of_shelf: For each shelf, one that never saw it (or ``kept``).
        state: Tensors of the kept bridge by their names in a checkpoint; empty for encoders that
            have a joint space of their own.
    """

    kept: JointSpace
    of_shelf: tuple[JointSpace, ...]
    state: dict[str, Tensor]


def make_spaces(
    preset: str,
    shelves: Sequence[Shelf],
    config: H2vlrConfig,
    folder: Path,
    *,
    seed: int,
    report: Report | None = None,
) -> Spaces:
    """Return the joint spaces for a training on ``shelves``; bridges are kept in ``folder``.

    Raises:
        ModelUnavailable: If the text encoder is not on this machine.
        Cancelled: If ``report`` raises it; what was trained before is kept.
    """
    if config.bridge is None:
        own = create_joint(preset, "h2vlr", bridge=None, device="cpu")
        return Spaces(own, (own,) * len(shelves), {})
    tower = create_sentences(preset, device="cpu")
    table = make_table(tower, shelves, seed)
    maker = _Maker(preset, config.bridge, folder, seed, report)
    kept = maker.bridge(shelves, table)
    state = {f"{PREFIX}{name}": tensor.clone() for name, tensor in kept.state_dict().items()}
    space = BridgedSpace(tower, kept)
    parts = min(config.cross_fit, len(shelves))
    if parts < 2:
        return Spaces(space, (space,) * len(shelves), state)
    apart: list[JointSpace] = []
    for part in range(parts):
        others = [shelf for number, shelf in enumerate(shelves) if number % parts != part]
        bridge = maker.bridge(others, table.restricted(others))
        bridge.centre.copy_(kept.centre)  # patches lie in one place for all of them
        bridge.pooled_centre.copy_(kept.pooled_centre)
        apart.append(BridgedSpace(tower, bridge))
    return Spaces(space, tuple(apart[number % parts] for number in range(len(shelves))), state)


@dataclass(frozen=True, slots=True, eq=False)
class _Maker:
    """Trains bridges, or takes them from disk."""

    preset: str
    config: BridgeConfig
    folder: Path
    seed: int
    report: Report | None

    def bridge(self, shelves: Sequence[Shelf], table: SentenceTable) -> Bridge:
        """Return a bridge trained on ``shelves``."""
        key = self._key(shelves)
        path = self.folder / f"{key[:24]}.safetensors"
        model = BridgeModel(new_bridge(self.preset, dropout=self.config.dropout, seed=self.seed))
        if path.is_file():
            model.load_state_dict(load_file(path), strict=True)
            return model.bridge.eval()
        set_centres(model.bridge, shelves, self.config, self.seed)
        state_path = path.with_suffix(".state")
        plan = LoopPlan(self.config.epochs, self.seed, state_path, key, resume=True)
        train_bridge(model, shelves, table, self.config, plan, self.report)
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        save_file(model.state_dict(), temporary)
        temporary.replace(path)
        forget(state_path)
        return model.bridge.eval()

    def _key(self, shelves: Sequence[Shelf]) -> str:
        what = [RECIPE, self.preset, repr(self.config), str(self.seed)]
        what += [content_key(shelf) for shelf in shelves]
        return hashlib.sha256("\n".join(what).encode()).hexdigest()
