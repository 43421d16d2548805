"""Normal pictures in, encoded templates out; and what they show about their own spread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone, ImageFeatures
from adapp.core.results import RgbImage
from adapp.data.augment import mild_views
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.database import (
    Category,
    Retrieval,
    Templates,
    grow_category,
    make_category,
    retrieve,
)
from adapp.ops.orientation import TURN_GAIN, turn_gain
from adapp.ops.similarity import join_stages

CHUNK = 8
"""Pictures decoded and encoded at once."""
PROBED = 16
"""Support pictures that are scored without themselves, at most."""
VIEWS = 4
"""Augmented views that stand in for other normals when there is a single one."""


def tokens_of(features: ImageFeatures, stages: Sequence[int]) -> Tensor:
    """Return one unit token per patch from the chosen stages, [B, N, D]."""
    return join_stages([features.patches[stage] for stage in stages])


def encode(
    images: Iterable[RgbImage], backbone: ImageBackbone, stages: Sequence[int]
) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Return patch tokens [n, N, D], CLS tokens [n, Dc] and the grid; reads in chunks."""
    tokens, pooled, grid = [], [], (0, 0)
    chunk: list[RgbImage] = []

    def flush() -> None:
        nonlocal grid
        features = backbone.encode_rgb(chunk)
        tokens.append(tokens_of(features, stages))
        pooled.append(features.pooled)
        grid = features.grid
        chunk.clear()

    for image in images:
        chunk.append(image)
        if len(chunk) == CHUNK:
            flush()
    if chunk:
        flush()
    return torch.cat(tokens), torch.cat(pooled), grid


def encode_templates(
    images: Sequence[RgbImage], backbone: ImageBackbone, config: RaidConfig, *, turned: bool
) -> Templates:
    """Return the encoded pictures, with their three quarter-turned copies if ``turned``."""
    tokens, pooled, grid = encode(images, backbone, config.stages)
    count = tokens.shape[0]
    templates = Templates(
        tokens=tokens,
        pooled=pooled,
        picture=torch.arange(count),
        turns=torch.zeros(count, dtype=torch.long),
        grid=grid,
    )
    return with_turns(templates, images, backbone, config) if turned else templates


def with_turns(
    upright: Templates, images: Sequence[RgbImage], backbone: ImageBackbone, config: RaidConfig
) -> Templates:
    """Return ``upright`` and, after it, the copies turned by 90, 180 and 270 degrees."""
    parts = [upright]
    for turns in (1, 2, 3):
        copies = (np.ascontiguousarray(np.rot90(image, turns)) for image in images)
        tokens, pooled, _ = encode(copies, backbone, config.stages)
        count = tokens.shape[0]
        turned = torch.full((count,), turns)
        parts.append(Templates(tokens, pooled, torch.arange(count), turned, upright.grid))
    return Templates(
        tokens=torch.cat([part.tokens for part in parts]),
        pooled=torch.cat([part.pooled for part in parts]),
        picture=torch.cat([part.picture for part in parts]),
        turns=torch.cat([part.turns for part in parts]),
        grid=upright.grid,
    )


def lie_in_any_orientation(templates: Templates) -> bool:
    """Return whether the supports resemble each other better when one of them is turned.

    One support tells nothing: False.
    """
    views = [templates.tokens[templates.turns == turns] for turns in range(4)]
    return turn_gain(views) > TURN_GAIN


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A picture that stands for the next normal part.

    Attributes:
        tokens: Its patches, [N, D].
        found: What they find among the other supports.
    """

    tokens: Tensor
    found: Retrieval


def build_category(
    name: str,
    images: Sequence[RgbImage],
    backbone: ImageBackbone,
    config: RaidConfig,
    *,
    seed: int,
) -> tuple[Category, list[Probe]]:
    """Return the database entry of one category and what stands for its next normal part."""
    mode = config.database.rotations
    templates = encode_templates(images, backbone, config, turned=mode == "always")
    if mode == "auto" and templates.pooled.shape[0] > 1:
        templates = _turned_if_useful(templates, images, backbone, config)
    entry = make_category(name, templates, config.database, normal_cost=1.0, seed=seed)
    views: list[RgbImage] = []
    if entry.pictures == 1:
        views = mild_views(next(iter(images)), VIEWS, seed)
    return with_spread(entry, views, backbone, config)


def grown(
    entry: Category, probes: Sequence[Probe], added: Templates, config: RaidConfig
) -> tuple[Category, list[Probe]]:
    """Return ``entry`` with one more picture, and the probes of both.

    Known probes are compared with the new picture only; the rest of the support is not searched
    again.

    Args:
        entry: Category to extend.
        probes: What :func:`build_category` or this function returned beside it.
        added: The encoded picture, with turned copies if ``entry`` has them.
        config: Constants.
    """
    larger = grow_category(entry, added, config.database)
    late = added.tokens.flatten(0, 1)
    if len(entry.tokens) - len(late) < config.database.neighbours:
        chosen = range(min(larger.pictures, PROBED))  # too little is known to build on
        probed = [_left_out(larger, picture, config) for picture in chosen]
    else:
        rows = torch.arange(len(entry.tokens), len(larger.tokens), device=late.device)
        probed = [
            Probe(one.tokens, one.found.with_tokens(one.tokens, late, rows)) for one in probes
        ]
        if larger.pictures <= PROBED:
            probed.append(_left_out(larger, entry.pictures, config))
    return _spread_set(larger, probed, 1.0, config), probed


def with_spread(
    entry: Category, views: Sequence[RgbImage], backbone: ImageBackbone, config: RaidConfig
) -> tuple[Category, list[Probe]]:
    """Return ``entry`` with its ``normal_cost`` set, and the probes behind it.

    With two or more supports each of (at most ``PROBED``) pictures is compared with the others.
    With a single one, augmented views are compared with it; they are more alike than another
    part would be, so their cost is scaled by ``config.single_inflation``.
    """
    if views:
        encoded, _, _ = encode(views, backbone, config.stages)
        probed = [Probe(tokens, retrieve(entry, tokens, config.database)) for tokens in encoded]
        return _spread_set(entry, probed, config.single_inflation, config), probed
    chosen = range(min(entry.pictures, PROBED))
    probed = [_left_out(entry, picture, config) for picture in chosen]
    return _spread_set(entry, probed, 1.0, config), probed


def _left_out(entry: Category, picture: int, config: RaidConfig) -> Probe:
    """Return one support picture, compared with the others."""
    tokens = entry.picture_tokens(picture)
    return Probe(tokens, retrieve(entry, tokens, config.database, exclude_picture=picture))


def _spread_set(
    entry: Category, probed: Sequence[Probe], inflation: float, config: RaidConfig
) -> Category:
    """Return ``entry`` with the ``normal_cost`` that its probes show."""
    costs = torch.cat([probe.found.costs[:, 0] for probe in probed])
    spread = float(torch.quantile(costs, config.normal_quantile)) * inflation
    return replace(entry, normal_cost=max(spread, 1e-3))


def _turned_if_useful(
    upright: Templates, images: Sequence[RgbImage], backbone: ImageBackbone, config: RaidConfig
) -> Templates:
    """Return ``upright``, with turned copies if a sample of the supports asks for them."""
    sample = min(upright.pooled.shape[0], CHUNK)
    shown = [images[position] for position in range(sample)]
    first = Templates(
        upright.tokens[:sample],
        upright.pooled[:sample],
        upright.picture[:sample],
        upright.turns[:sample],
        upright.grid,
    )
    tried = with_turns(first, shown, backbone, config)
    if not lie_in_any_orientation(tried):
        return upright
    if sample == upright.pooled.shape[0]:
        return tried
    return with_turns(upright, images, backbone, config)
