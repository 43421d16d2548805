"""Tune to these parts: a few steps on the supports themselves, damaged on purpose.

The database stays as it is and the trained filter is copied, so going back is free.
"""

import copy
from collections.abc import Sequence

import numpy as np

from adapp.backbones.base import ImageBackbone
from adapp.core.detector import Report
from adapp.core.results import RgbImage
from adapp.data.augment import mild_views
from adapp.data.synthetic import SyntheticAnomalies, SyntheticConfig
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.database import Category
from adapp.methods.raid.episodes import Query, make_episode
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.optimise import train_filter
from adapp.training.loop import LoopPlan

QUERIES = 32
"""Damaged or clean views per category."""
CLEAN = 8
"""Of those, left clean."""


def tuned_network(
    network: RaidFilter,
    categories: Sequence[Category],
    images: Sequence[Sequence[RgbImage]],
    backbone: ImageBackbone,
    config: RaidConfig,
    *,
    seed: int,
    report: Report | None = None,
) -> RaidFilter:
    """Return a copy of ``network``, tuned on the supports.

    Each view of a support is compared with the other supports (a single one with itself), so
    that the filter learns this part's harmless differences beside damage drawn on it.

    Args:
        network: Trained filter; it is not changed.
        categories: Database entries.
        images: Support pictures of each of them.
        backbone: Frozen encoder.
        config: Constants.
        seed: Seed of views, damage and order.
        report: Progress callback.
    """
    tuned = copy.deepcopy(network).requires_grad_(requires_grad=True)
    episodes = []
    for number, (entry, supports) in enumerate(zip(categories, images, strict=True)):
        if report is not None:
            report("Preparing views", number, len(categories))
        rng = np.random.default_rng([seed, number])
        episodes.append(make_episode(entry, _views(entry, supports, rng), backbone, config))
    plan = LoopPlan(config.tuning_epochs, seed, None, "tuning", resume=False)
    train_filter(tuned, episodes, categories[0].grid, config.tuning(), plan, report)
    return tuned.requires_grad_(requires_grad=False)


def _views(entry: Category, supports: Sequence[RgbImage], rng: np.random.Generator) -> list[Query]:
    """Return damaged and clean views of the supports, each kept from finding its original."""
    synthetic = SyntheticAnomalies(SyntheticConfig())
    queries = []
    for position in range(QUERIES):
        owner = position % len(supports)
        view = mild_views(supports[owner], 1, int(rng.integers(2**31)))[0]
        exclude = owner if entry.pictures > 1 else None
        if position < CLEAN:
            queries.append(Query(view, None, exclude))
        else:
            damaged = synthetic.make(view, rng, supports)
            queries.append(Query(damaged.image, damaged.mask, exclude))
    return queries
