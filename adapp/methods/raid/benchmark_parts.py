"""Rendered parts for the benchmark: encoded normal pictures of many categories, and queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone
from adapp.core.detector import Report
from adapp.core.results import BinaryMask, RgbImage
from adapp.data.procedural import FAMILIES, ProceduralCategory
from adapp.data.synthetic import SyntheticAnomalies
from adapp.methods.benchmarking import BenchPlan
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.templates import CHUNK, tokens_of

_FIRST_LOOK = 9000  # seeds of these parts; training counts from 0, so it has not seen them


@dataclass(frozen=True, slots=True, eq=False)
class EncodedQuery:
    """An encoded picture to inspect.

    Attributes:
        category: Position of its category.
        tokens: Patch tokens, [N, D], unit norm.
        pooled: CLS token, [Dc].
        mask: Damaged pixels at the encoder's size; all False for a normal picture.
    """

    category: int
    tokens: Tensor
    pooled: Tensor
    mask: BinaryMask


@dataclass(frozen=True, slots=True, eq=False)
class EncodedParts:
    """Encoded normal pictures of several categories and pictures to inspect.

    Attributes:
        names: Category names.
        tokens: Patch tokens, [C, P, N, D], unit norm; one block of memory.
        pooled: CLS tokens, [C, P, Dc].
        grid: Patch grid (h, w).
        queries: Pictures to inspect: of every category in turn, normal and damaged in turn.
    """

    names: tuple[str, ...]
    tokens: Tensor
    pooled: Tensor
    grid: tuple[int, int]
    queries: tuple[EncodedQuery, ...]


def parts(count: int, seed: int) -> list[ProceduralCategory]:
    """Return ``count`` categories of parts, of families spread over those there are."""
    return [
        ProceduralCategory(FAMILIES[place * len(FAMILIES) // count], _FIRST_LOOK + seed + place)
        for place in range(count)
    ]


def encode_parts(
    backbone: ImageBackbone, config: RaidConfig, plan: BenchPlan, pictures: int, report: Report
) -> EncodedParts:
    """Return ``pictures`` rendered and encoded normal pictures per category, and the queries."""
    categories = parts(plan.categories, plan.seed)
    rows, columns = backbone.grid
    width = backbone.width * len(config.stages)
    tokens = torch.empty(len(categories), pictures, rows * columns, width)
    pooled = torch.empty(len(categories), pictures, backbone.width)
    asked: list[list[EncodedQuery]] = []
    for position, part in enumerate(categories):
        rng = np.random.default_rng([plan.seed, position])
        done = 0
        for chunk in _rendered(part, rng, backbone.size, pictures):
            report("RAID: encoding parts", position * pictures + done, pictures * len(categories))
            found, summary = _encode(chunk, backbone, config)
            tokens[position, done : done + len(chunk)] = found
            pooled[position, done : done + len(chunk)] = summary
            done += len(chunk)
        asked.append(_queries(part, position, rng, backbone, config, plan))
    queries = tuple(query for round_ in zip(*asked, strict=True) for query in round_)
    names = tuple(f"{part.family}-{part.seed}" for part in categories)
    return EncodedParts(names, tokens, pooled, backbone.grid, queries)


def _rendered(
    part: ProceduralCategory, rng: np.random.Generator, size: int, count: int
) -> Iterator[list[RgbImage]]:
    """Yield ``count`` pictures in chunks, so that few of them are held at once."""
    for start in range(0, count, CHUNK):
        yield [part.render(rng, size) for _ in range(min(CHUNK, count - start))]


def _encode(
    images: Sequence[RgbImage], backbone: ImageBackbone, config: RaidConfig
) -> tuple[Tensor, Tensor]:
    features = backbone.encode_rgb(images)
    return tokens_of(features, config.stages).cpu(), features.pooled.cpu()


def _queries(
    part: ProceduralCategory,
    position: int,
    rng: np.random.Generator,
    backbone: ImageBackbone,
    config: RaidConfig,
    plan: BenchPlan,
) -> list[EncodedQuery]:
    """Return normal and damaged pictures of one part in turn."""
    damage = SyntheticAnomalies()
    images, masks = [], []
    for _ in range(plan.queries):
        normal = part.render(rng, backbone.size)
        damaged = damage.make(part.render(rng, backbone.size), rng, [normal])
        images += [normal, damaged.image]
        masks += [np.zeros(normal.shape[:2], dtype=np.bool_), damaged.mask]
    tokens, pooled = _encode(images, backbone, config)
    return [EncodedQuery(position, *encoded) for encoded in zip(tokens, pooled, masks, strict=True)]
