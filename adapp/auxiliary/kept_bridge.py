"""The bridge that methods are trained with: trained on the same pictures, kept in the cache."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from adapp.auxiliary import bridge_training
from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.cards import fingerprint
from adapp.backbones.bridge import bridge_tensors
from adapp.core.detector import Report
from adapp.core.settings import Settings
from adapp.training.checkpoint import load_checkpoint
from adapp.training.request import TrainingRequest

RECIPE = "bridge 2"
"""Raise it when the training of bridges changes otherwise than by its constants."""


def kept_bridge(
    request: TrainingRequest, shelves: Sequence[Shelf], settings: Settings, report: Report | None
) -> dict[str, Tensor]:
    """Return the bridge trained on the same pictures, from the cache if it is there.

    All steps of a ladder share it, and so do other methods trained on the same pictures. What is
    left out here is left out there.
    """
    mark = fingerprint(request, shelves, BridgeConfig(), RECIPE, sorted(request.leave_out))
    path = settings.cache_dir / "bridges" / f"{request.preset}-{mark[:20]}.safetensors"
    if not path.is_file():
        wanted = replace(request, variant=bridge_training.VARIANTS[-1], out=path, epochs=None)
        bridge_training.run(wanted, resume=True, report=report)
    return bridge_tensors(load_checkpoint(path).state)
