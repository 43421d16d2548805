"""From a frozen encoder's features to the tokens that H2VLR compares and reasons on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone, ImageFeatures, JointSpace
from adapp.backbones.factory import create
from adapp.core.errors import UsageError
from adapp.core.results import RgbImage
from adapp.core.settings import Settings
from adapp.methods.h2vlr.config import H2vlrConfig
from adapp.ops.similarity import join_stages

CHUNK = 8
"""Pictures encoded at once."""


def encoder_for(
    preset: str, config: H2vlrConfig, settings: Settings, size: int | None = None
) -> ImageBackbone:
    """Return the frozen encoder of ``preset``, newly loaded, with the paths that ``config`` reads.

    Raises:
        UsageError: If the preset or size does not exist, or the gallery compares patches of a
            stage that is encoded on the V-V path alone.
        ModelUnavailable: If the preset's weights are not on this machine.
    """
    induction = config.induction
    backbone = create(
        preset,
        "h2vlr",
        size=size,
        settings=settings,
        local_from=induction.local_from,
        local_end=induction.local_end,
    )
    count = len(backbone.stages)
    compared = {stage % count for stage in config.gallery.stages}
    if induction.local_from is not None and induction.local_end and count - 1 in compared:
        msg = "the gallery compares the last stage, which local_end leaves to the V-V path"
        raise UsageError(msg)
    return backbone


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Patches of a batch of pictures as H2VLR sees them.

    Attributes:
        visual: Joined taps of the visual comparison, [B, N, W] unit norm.
        compared: Patches that meet the prompts, as encoded, [S, B, N, D] unit norm.
        stages: Positions of their stages among the taps.
        pooled: Picture vectors in the joint space, [B, J] unit norm.
        grid: Patch grid (h, w), h * w = N.
        space: Joint space.
    """

    visual: Tensor
    compared: Tensor
    stages: tuple[int, ...]
    pooled: Tensor
    grid: tuple[int, int]
    space: JointSpace

    @property
    def joint(self) -> Tensor:
        """Patches in the joint space, [S, B, N, J] unit norm; formed anew each time."""
        return self.space.project(self.compared, self.stages)

    def products(self, vectors: Tensor) -> Tensor:
        """Return ``joint`` times vectors [S, T, J], summed over the stages, [B, N, T]."""
        return self.space.products(self.compared, vectors, self.stages)

    def picked(self, chosen: Sequence[int] | slice) -> "Tokens":
        """Return the chosen pictures."""
        rows = chosen if isinstance(chosen, slice) else list(chosen)
        return replace(
            self,
            visual=self.visual[rows],
            compared=self.compared[:, rows],
            pooled=self.pooled[rows],
        )


def tokens_of(features: ImageFeatures, space: JointSpace, config: H2vlrConfig) -> Tokens:
    """Return the tokens of encoded pictures.

    Raises:
        ValueError: If V-V tokens are asked for and the encoder has none.
    """
    compared, stages = compared_tokens(features, config)
    return Tokens(
        visual=join_stages([features.patches[stage] for stage in config.gallery.stages]),
        compared=compared,
        stages=stages,
        pooled=space.project_pooled(features.pooled),
        grid=features.grid,
        space=space,
    )


def joint_tokens(features: ImageFeatures, space: JointSpace, config: H2vlrConfig) -> Tensor:
    """Return the patches that meet the prompts, [S, B, N, J] unit norm.

    Raises:
        ValueError: If V-V tokens are asked for and the encoder has none.
    """
    return space.project(*compared_tokens(features, config))


def compared_tokens(features: ImageFeatures, config: H2vlrConfig) -> tuple[Tensor, tuple[int, ...]]:
    """Return the patches that meet the prompts, [S, B, N, D], and the positions of their stages.

    Raises:
        ValueError: If V-V tokens are asked for and the encoder has none.
    """
    compared = features.patches
    if config.induction.source == "local":
        if features.local is None:
            msg = "the text map needs the V-V path; create the encoder with local_from"
            raise ValueError(msg)
        compared = features.local
    positions = tuple(stage % len(compared) for stage in config.induction.stages)
    if positions == tuple(range(len(compared))):
        return compared, positions
    return compared[list(positions)], positions


def encode(
    images: Sequence[RgbImage], backbone: ImageBackbone, space: JointSpace, config: H2vlrConfig
) -> Tokens:
    """Return the tokens of ``images``, a few encoded at a time."""
    parts = [
        tokens_of(backbone.encode_rgb(images[start : start + CHUNK]), space, config)
        for start in range(0, len(images), CHUNK)
    ]
    return together(parts)


def together(parts: Sequence[Tokens]) -> Tokens:
    """Return several batches as one."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        visual=torch.cat([part.visual for part in parts]),
        compared=torch.cat([part.compared for part in parts], dim=1),
        pooled=torch.cat([part.pooled for part in parts]),
    )


def quarter_turned(images: Sequence[RgbImage], turns: int) -> list[RgbImage]:
    """Return copies turned counter-clockwise by ``turns`` quarters."""
    return [np.ascontiguousarray(np.rot90(image, turns)) for image in images]
