"""Which pictures become episodes: auxiliary categories, rendered parts, or the very categories.

Two settings, kept apart: *few-shot* episodes from auxiliary categories with a few supports each
(the app's default; the filter later meets categories it never saw), and *multi-class* episodes
from ``train/good`` of the categories that will be inspected (RAID's main setting).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from adapp.backbones.base import ImageBackbone
from adapp.core.results import BinaryMask, RgbImage
from adapp.data.dataset import Category as DataCategory
from adapp.data.dataset import Sample, load_box_mask, load_mask
from adapp.data.images import load_image
from adapp.data.procedural import ProceduralCategory
from adapp.data.synthetic import SyntheticAnomalies, SyntheticConfig
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.database import Category, Templates, make_category
from adapp.methods.raid.episodes import Episode, Query, make_episode
from adapp.methods.raid.templates import build_category, encode, with_spread
from adapp.retrieval.index import cluster

RECIPE = "7"
"""Raise it when what becomes an episode changes; it is part of the key of kept episodes."""
SHOTS = (1, 2, 4, 8)
"""Supports of the episodes of a category in turn (few-shot setting)."""
QUERIES = 18
"""Queries of an episode."""
ROUNDS = 6
"""Episodes of a category in the multi-class setting."""
POOL = 40
"""Normal pictures of a category that are read at most (few-shot setting)."""
TEMPLATES = 80
"""Templates of a category in the multi-class setting (RAID 4.1: 80)."""
RENDERED = 16
"""Pictures rendered of a procedural category."""
RENDERED_SHOTS = (4,)
"""Supports of its episodes."""
RENDERED_QUERIES = 9
"""Queries of its episodes: fewer than a real category's, they help to place and not to rank."""

_SIDE = 336  # pictures are damaged at this size; the encoder squashes them to its own anyway


@dataclass(frozen=True, slots=True)
class Source:
    """One category that episodes are made from.

    Attributes:
        name: Category name, as in ``trained_on``.
        key: Describes the pictures; part of the key of kept episodes.
        episodes: Makes the episodes.
    """

    name: str
    key: str
    episodes: Callable[[ImageBackbone, RaidConfig], list[Episode]]


def teaches(category: DataCategory) -> bool:
    """Return whether a real category can serve as auxiliary data: normals, or enough masks."""
    normal = len(category.train_normal) + sum(s.label == 0 for s in category.test)
    masked = sum(s.label == 1 and s.has_pixel_truth for s in category.test)
    return normal > 1 or masked > SHOTS[1] + 2


def auxiliary_source(category: DataCategory) -> Source:
    """Return the source of one real category for the few-shot setting.

    Normals of both splits serve as supports, clean queries and ground for synthetic anomalies;
    masked defects are queries. A category without normals lends the unmasked patches of its
    defective pictures as supports.
    """
    key = f"auxiliary {category.name} {_content(category)}"
    return Source(category.name, key, lambda b, c: _auxiliary(category, b, c))


def rendered_source(part: ProceduralCategory) -> Source:
    """Return the source of one category that the project renders."""
    name = f"rendered/{part.family}-{part.seed}"
    return Source(name, f"rendered {name}", lambda b, c: _rendered(part, b, c))


def multi_class_source(category: DataCategory) -> Source:
    """Return the self-supervised source of one category (RAID's main setting)."""
    key = f"multi-class {category.name} {_content(category)}"
    return Source(category.name, key, lambda b, c: _multi_class(category, b, c))


def _content(category: DataCategory) -> str:
    """Return a hash of the category's files: their names, sizes and times of change."""
    digest = hashlib.sha256()
    for sample in (*category.train_normal, *category.test):
        told = sample.path.stat()
        digest.update(f"{sample.path} {told.st_size} {told.st_mtime_ns} {sample.label}\n".encode())
    return digest.hexdigest()


def _rng(name: str) -> np.random.Generator:
    """Return a generator that depends on the category alone, so that folds share episodes."""
    return np.random.default_rng(list(name.encode()))


def _auxiliary(
    category: DataCategory, backbone: ImageBackbone, config: RaidConfig
) -> list[Episode]:
    rng = _rng(category.name)
    normal = [*category.train_normal, *(s for s in category.test if s.label == 0)]
    defects = [s for s in category.test if s.label == 1 and s.has_pixel_truth]
    if len(normal) < 2:
        return _without_normals(category.name, defects, backbone, config, rng)
    chosen = [normal[int(i)] for i in rng.permutation(len(normal))[:POOL]]
    images = [_read(sample) for sample in chosen]
    real = [defects[int(i)] for i in rng.permutation(len(defects))]
    return _episodes(category.name, images, real, backbone, config, rng, SHOTS, QUERIES)


def _rendered(
    part: ProceduralCategory, backbone: ImageBackbone, config: RaidConfig
) -> list[Episode]:
    rng = _rng(f"{part.family}{part.seed}")
    images = [part.render(rng, _SIDE) for _ in range(RENDERED)]
    name = f"{part.family}-{part.seed}"
    shots, queries = RENDERED_SHOTS, RENDERED_QUERIES
    return _episodes(name, images, [], backbone, config, rng, shots, queries)


def _episodes(
    name: str,
    images: Sequence[RgbImage],
    real: Sequence[Sample],
    backbone: ImageBackbone,
    config: RaidConfig,
    rng: np.random.Generator,
    draws: Sequence[int],
    wanted_queries: int,
) -> list[Episode]:
    """Return one episode for each number of supports; a third each clean, synthetic and real."""
    plain = replace(config, database=replace(config.database, rotations="never"))
    synthetic = SyntheticAnomalies(SyntheticConfig())
    episodes, used = [], 0
    for wanted in draws:
        shots = min(wanted, len(images) - 1)
        order = [int(i) for i in rng.permutation(len(images))]
        supports = [images[i] for i in order[:shots]]
        entry, _ = build_category(name, supports, backbone, plain, seed=0)
        rest = [images[i] for i in order[shots:]]
        third = wanted_queries // 3
        queries = [Query(image, None) for image in rest[:third]]
        for sample in real[used : used + third]:
            image = _read(sample)
            queries.append(Query(image, _mask(sample, image)))
        used += third
        while len(queries) < wanted_queries:
            image = rest[int(rng.integers(len(rest)))]
            damaged = synthetic.make(image, rng, rest)
            queries.append(Query(damaged.image, damaged.mask))
        episodes.append(make_episode(entry, queries, backbone, plain))
    return episodes


def _without_normals(
    name: str,
    defects: Sequence[Sample],
    backbone: ImageBackbone,
    config: RaidConfig,
    rng: np.random.Generator,
) -> list[Episode]:
    """Return episodes whose supports are the unmasked patches of other defective pictures."""
    episodes = []
    for shots in SHOTS[1:]:
        order = [int(i) for i in rng.permutation(len(defects))]
        if len(order) <= shots + 2:
            continue
        lenders = [defects[i] for i in order[: shots + 2]]
        entry = _entry_from_unmasked(name, lenders, backbone, config)
        queries = []
        for i in order[shots + 2 :][:QUERIES]:
            image = _read(defects[i])
            queries.append(Query(image, _mask(defects[i], image)))
        episodes.append(make_episode(entry, queries, backbone, config))
    return episodes


def _entry_from_unmasked(
    name: str, lenders: Sequence[Sample], backbone: ImageBackbone, config: RaidConfig
) -> Category:
    """Return a database entry from patches that no mask touches, borders of masks left out."""
    images = [_read(sample) for sample in lenders]
    tokens, pooled, grid = encode(images, backbone, config.stages)
    count = len(images)
    templates = Templates(
        tokens, pooled, torch.arange(count), torch.zeros(count, dtype=torch.long), grid
    )
    entry = make_category(name, templates, config.database, normal_cost=1.0, seed=0)
    clean = torch.cat(
        [_clean_cells(_mask(s, i), grid) for s, i in zip(lenders, images, strict=True)]
    )
    tokens = entry.tokens[clean]
    prototypes = cluster(tokens.cpu().numpy(), min(len(tokens), len(entry.prototypes)), seed=0)
    kept = replace(
        entry,
        prototypes=torch.from_numpy(prototypes).to(tokens.device),
        tokens=tokens,
        source=entry.source[clean],
        index=None,
    )
    return with_spread(kept, [], backbone, config)[0]


def _clean_cells(mask: BinaryMask | None, grid: tuple[int, int]) -> torch.Tensor:
    """Return which cells neither hold nor touch a masked pixel, [N] bool."""
    if mask is None:
        return torch.ones(grid[0] * grid[1], dtype=torch.bool)
    touched = torch.nn.functional.adaptive_max_pool2d(
        torch.from_numpy(mask.astype(np.float32))[None, None], grid
    )
    grown = torch.nn.functional.max_pool2d(touched, kernel_size=3, stride=1, padding=1)
    return grown.flatten() == 0


def _multi_class(
    category: DataCategory, backbone: ImageBackbone, config: RaidConfig
) -> list[Episode]:
    """Return episodes whose database holds all templates; a query never finds itself."""
    rng = _rng(category.name)
    images = [_read(sample) for sample in category.train_normal[:TEMPLATES]]
    entry, _ = build_category(category.part, images, backbone, config, seed=0)
    synthetic = SyntheticAnomalies(SyntheticConfig())
    episodes = []
    for _ in range(ROUNDS):
        queries = []
        for position in rng.permutation(len(images))[:QUERIES]:
            image = images[int(position)]
            damaged = synthetic.draw(image, rng, images)
            mask = damaged.mask if damaged.mask.any() else None
            queries.append(Query(damaged.image, mask, exclude=int(position)))
        episodes.append(make_episode(entry, queries, backbone, config))
    return episodes


def _read(sample: Sample) -> RgbImage:
    return load_image(sample.path).pixels


def _mask(sample: Sample, image: RgbImage) -> BinaryMask | None:
    height, width = image.shape[:2]
    mask = load_mask(sample, height, width)
    return load_box_mask(sample, height, width) if mask is None else mask
