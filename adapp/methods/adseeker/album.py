"""Pixels of the training pictures, for HSP inside the encoder's blocks.

Tokens inside the blocks change what every later block says, so that no frozen feature can be
kept: the encoder runs at every step. That takes a GPU for the published encoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.pictures import sources
from adapp.backbones.base import ImageBackbone
from adapp.backbones.preprocess import squashed
from adapp.core.detector import Report


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """Squashed pictures of every shelf, in its order, and the encoder they go into.

    Attributes:
        backbone: Frozen encoder.
        images: One [P, H, W, 3] uint8 per shelf.
    """

    backbone: ImageBackbone
    images: tuple[Tensor, ...]

    def of(self, kept: Sequence[int]) -> "Album":
        """Return the album of some shelves."""
        return Album(self.backbone, tuple(self.images[position] for position in kept))

    def pixels(self, places: Sequence[tuple[int, int]]) -> Tensor:
        """Return the pictures at ``places`` (shelf, picture), [B, 3, H, W] in [0, 1]."""
        drawn = torch.stack([self.images[shelf][picture] for shelf, picture in places])
        return drawn.permute(0, 3, 1, 2).float().div(255.0).to(self.backbone.device)


def open_album(
    backbone: ImageBackbone,
    roots: Sequence[Path],
    leave_out: Sequence[str],
    *,
    rendered: bool,
    report: Report | None = None,
) -> Album:
    """Return the pictures behind the shelves of the same request.

    Raises:
        UsageError: If no category is left, or one to leave out does not exist.
        Cancelled: If ``report`` raises it.
    """
    wanted = sources(roots, leave_out, rendered=rendered)
    shelves = []
    for number, source in enumerate(wanted):
        if report is not None:
            report(f"Reading {source.category}", number, len(wanted))
        images = [squashed(picture.image, backbone.size) for picture in source.pictures()]
        shelves.append(torch.from_numpy(np.stack(images)))
    return Album(backbone, tuple(shelves))
