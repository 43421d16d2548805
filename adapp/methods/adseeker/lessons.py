"""What a training draws from, what is prepared of it, and what the network says about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.sampling import Batch, gather
from adapp.backbones.base import JointSpace
from adapp.methods.adseeker.album import Album
from adapp.methods.adseeker.centroids import calibrated
from adapp.methods.adseeker.expert import cosines
from adapp.methods.adseeker.inputs import (
    Wording,
    inserted_output,
    mean_tokens,
    pictures_of,
    text_of,
)
from adapp.methods.adseeker.model import SeekerNetwork, SeekerOutput
from adapp.methods.adseeker.prompts import unlearned
from adapp.methods.adseeker.regions import collect_regions
from adapp.methods.adseeker.sparse_prompts import pooled_tokens

DRAWN = 4
"""Anomalous pictures of a category that the dictionaries start from and the ratio's ends are of."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a training draws from.

    Attributes:
        shelves: Training pictures.
        names: What each shelf's part is called.
        joint: Joint space.
        wording: Its unlearned words.
        album: Their pixels and the encoder, for HSP inside the blocks; None for frozen features.
        bridge: State of the bridge behind ``joint``, trained on ``shelves``; None for CLIP.
    """

    shelves: Sequence[Shelf]
    names: Sequence[str]
    joint: JointSpace
    wording: Wording
    album: Album | None = None
    bridge: Mapping[str, Tensor] | None = None

    @property
    def device(self) -> torch.device:
        """Where the trained parts compute: with the encoder where it runs at every step."""
        return torch.device("cpu") if self.album is None else self.album.backbone.device


def prepare(network: SeekerNetwork, lessons: Lessons, seed: int) -> None:
    """Set what is computed and not learned by gradients: centroids, dictionaries, fixed ends."""
    if network.book is not None:
        regions = collect_regions(
            lessons.shelves, lessons.joint, network.config.types, seed, lessons.device
        )
        network.book.fill(calibrated(regions, network.config.types))
    pooled, ratios, means = [], [], list[tuple[Tensor, ...]]()
    for position, shelf in enumerate(lessons.shelves):
        rows = shelf.label.nonzero().flatten()
        rows = rows[torch.linspace(0, len(rows) - 1, min(DRAWN, len(rows))).round().long()]
        if not len(rows):
            continue
        places = [(position, int(row)) for row in rows]
        batch = gather(lessons.shelves, places)
        with torch.no_grad():
            drawn, ratio = _looked_at(network, batch, lessons, position)
        pooled.append(drawn)
        ratios.append(ratio)
        if lessons.album is not None:
            pixels = lessons.album.pixels(places)
            means.append(mean_tokens(network, lessons.album.backbone, pixels))
    if not pooled:
        return
    network.locator.set_ends(torch.cat(ratios))
    if network.taps is not None:
        network.taps.start_from(torch.cat(pooled, dim=1))
    if network.blocks is not None and means:
        network.blocks.start_from([torch.cat(stage) for stage in zip(*means, strict=True)])


def _looked_at(
    network: SeekerNetwork, batch: Batch, lessons: Lessons, position: int
) -> tuple[Tensor, Tensor]:
    """Return what stands out in some pictures, [S, P, J], and the ratio at every cell, [P, N]."""
    joint = lessons.joint
    device = lessons.device
    pictures = pictures_of(
        None, joint, batch.patches.to(device), batch.pooled.to(device), batch.grid
    )
    name = network.prompts.called(lessons.names[position])
    rows = torch.zeros(len(batch.label), dtype=torch.long, device=device)
    text = unlearned([lessons.wording.of(name)]).of(rows)
    first = network.first_pass(pictures, text, joint.temperature)
    found = cosines(pictures.visual, text.base)
    return pooled_tokens(pictures.visual, first.weights), network.locator.raw(found)


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One step's pictures.

    Attributes:
        batch: Frozen features, masks and labels.
        pixels: [B, 3, H, W] in [0, 1], where HSP enters the encoder; else None.
    """

    batch: Batch
    pixels: Tensor | None


def lesson_output(
    network: SeekerNetwork, lesson: Lesson, lessons: Lessons, rng: np.random.Generator | None
) -> SeekerOutput:
    """Return what the network says; without ``rng`` every part is called by its name."""
    batch, joint = lesson.batch, lessons.joint
    dropout = network.config.prompts.name_dropout
    spoken = [
        network.prompts.called("" if rng is not None and rng.random() < dropout else name)
        for name in (lessons.names[position] for position in batch.shelves)
    ]
    names = list(dict.fromkeys(spoken))
    rows = torch.tensor([names.index(name) for name in spoken], device=lessons.device)
    text = text_of(network, joint, names, lessons.wording).of(rows)
    if lesson.pixels is not None and lessons.album is not None:
        return inserted_output(network, lessons.album.backbone, joint, lesson.pixels, spoken, text)
    pictures = pictures_of(network, joint, batch.patches, batch.pooled, batch.grid)
    output: SeekerOutput = network(pictures, text, joint.temperature)
    return output
