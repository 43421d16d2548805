"""The joint spaces that training runs in: one to keep, and some that never saw a part of the data.

A bridge trained on a category reads that category's defects better than those of any new one.
Reasoning that learned from such readings would trust the text too much, so every category's text
evidence comes from a bridge trained without it; the kept bridge is trained on all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.kept_bridge import KeptBridges
from adapp.backbones.base import JointSpace
from adapp.backbones.bridge import PREFIX
from adapp.backbones.bridged import BridgedSpace
from adapp.backbones.factory import create_joint
from adapp.core.detector import Report
from adapp.methods.h2vlr.config import H2vlrConfig


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
    cache_dir: Path,
    *,
    seed: int,
    report: Report | None = None,
) -> Spaces:
    """Return the joint spaces for a training on ``shelves``; bridges are kept in ``cache_dir``.

    Raises:
        ModelUnavailable: If the text encoder is not on this machine.
        Cancelled: If ``report`` raises it; what was trained before is kept.
    """
    if config.bridge is None:
        own = create_joint(preset, "h2vlr", bridge=None, device="cpu")
        return Spaces(own, (own,) * len(shelves), {})
    bridges = KeptBridges.of(
        preset, shelves, cache_dir, seed=seed, config=config.bridge, report=report
    )
    kept = bridges.bridge(shelves)
    state = {f"{PREFIX}{name}": tensor.clone() for name, tensor in kept.state_dict().items()}
    space = BridgedSpace(bridges.tower, kept)
    parts = min(config.cross_fit, len(shelves))
    if parts < 2:
        return Spaces(space, (space,) * len(shelves), state)
    apart: list[JointSpace] = []
    for part in range(parts):
        others = [shelf for number, shelf in enumerate(shelves) if number % parts != part]
        bridge = bridges.bridge(others)
        bridge.centre.copy_(kept.centre)  # patches lie in one place for all of them
        bridge.pooled_centre.copy_(kept.pooled_centre)
        apart.append(BridgedSpace(bridges.tower, bridge))
    return Spaces(space, tuple(apart[number % parts] for number in range(len(shelves))), state)
