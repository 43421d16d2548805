"""Bridges of one training, each trained on all or on some of its pictures and kept on disk.

A bridge trained on a category reads that category's defects better than those of any new one. So
what is to be learned of categories never seen needs bridges of its own: one for every part of the
training pictures that is left out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from adapp.auxiliary.bank import Shelf, content_key
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.bridge_training import BridgeModel, set_centres, train_bridge
from adapp.auxiliary.sentence_table import SentenceTable, make_table
from adapp.backbones.base import JointSpace
from adapp.backbones.bridge import Bridge
from adapp.backbones.bridged import BridgedSpace
from adapp.backbones.factory import create_joint, create_sentences, new_bridge
from adapp.backbones.sentences import SentenceTower
from adapp.core.detector import Report
from adapp.core.settings import Settings
from adapp.training.loop import LoopPlan, forget
from adapp.training.request import TrainingRequest

RECIPE = "2"
"""Raise it when the training of kept bridges changes; it is part of their key."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptBridges:
    """Trains bridges on shelves, or takes them from disk.

    All steps of a ladder share them, and so do other methods trained on the same pictures.

    Attributes:
        preset: Whose encoders they join.
        config: Constants of their training.
        folder: Where they are kept.
        seed: Of their training.
        tower: Encoder of the sentences.
        table: Sentences about the parts on all shelves.
        report: Progress callback.
    """

    preset: str
    config: BridgeConfig
    folder: Path
    seed: int
    tower: SentenceTower
    table: SentenceTable
    report: Report | None

    @classmethod
    def of(
        cls,
        preset: str,
        shelves: Sequence[Shelf],
        cache_dir: Path,
        *,
        seed: int,
        config: BridgeConfig | None = None,
        report: Report | None = None,
    ) -> "KeptBridges":
        """Return those of a training on ``shelves``, kept in the project's caches.

        Raises:
            ModelUnavailable: If the text encoder is not on this machine.
        """
        if report is not None:
            report("Reading the sentences", 0, 1)
        tower = create_sentences(preset, device="cpu")
        table = make_table(tower, shelves, seed)
        return cls(
            preset, config or BridgeConfig(), cache_dir / "bridges", seed, tower, table, report
        )

    def bridge(self, shelves: Sequence[Shelf]) -> Bridge:
        """Return the bridge trained on ``shelves``: all of the training's, or some.

        Raises:
            Cancelled: If the progress callback raises it; finished epochs are kept.
        """
        key = self._key(shelves)
        path = self.folder / f"{key[:24]}.safetensors"
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            model = BridgeModel(
                new_bridge(self.preset, dropout=self.config.dropout, seed=self.seed)
            )
            if path.is_file():
                model.load_state_dict(load_file(path), strict=True)
                return model.bridge.eval()
            set_centres(model.bridge, shelves, self.config, self.seed)
            state_path = path.with_suffix(".state")
            plan = LoopPlan(self.config.epochs, self.seed, state_path, key, resume=True)
            table = self.table.restricted(shelves)
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


class JointSpaces:
    """The joint spaces of a zero-shot training: each never saw more than the shelves it is for.

    Under ``paper`` there is one for all, CLIP's own, which none of the pictures taught.
    """

    def __init__(
        self,
        request: TrainingRequest,
        method: str,
        shelves: Sequence[Shelf],
        settings: Settings,
        device: str | None = "cpu",
        report: Report | None = None,
    ) -> None:
        """Bind the spaces to a training on ``shelves``; bridges are trained when asked for.

        Raises:
            ModelUnavailable: If the text encoder is not on this machine.
        """
        self._source: KeptBridges | JointSpace
        if request.preset == "paper":
            self._source = create_joint(
                request.preset, method, bridge=None, device=device, settings=settings
            )
        else:
            cache, seed = settings.cache_dir, request.seed
            self._source = KeptBridges.of(request.preset, shelves, cache, seed=seed, report=report)

    def of(self, shelves: Sequence[Shelf]) -> tuple[JointSpace, dict[str, Tensor] | None]:
        """Return a space that was trained on no other shelves, and the state of its bridge."""
        if not isinstance(self._source, KeptBridges):
            return self._source, None
        bridge = self._source.bridge(shelves)
        state = {name: tensor.clone() for name, tensor in bridge.state_dict().items()}
        return BridgedSpace(self._source.tower, bridge), state
