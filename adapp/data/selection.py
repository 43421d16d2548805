"""Which pictures a measurement uses: reproducible draws that depend on the data and the seed alone.

The method never enters, so every method sees the same support and the same queries.
"""

import hashlib
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import numpy as np

from adapp.data.samples import Category, Sample


def support_order(category: Category, seed: int) -> tuple[Sample, ...]:
    """Return the category's normal pictures in the order drawn from ``seed``.

    The first K are the K-shot support, so a larger support holds every smaller one.
    """
    return _permuted(category.train_normal, category.name, "support", seed)


def limited_queries(category: Category, limit: int | None, seed: int) -> tuple[Sample, ...]:
    """Return at most ``limit`` test pictures in their own order; all of them if it is None.

    The draw is stratified: normal and anomalous pictures keep their ratio, and so do defect types
    among the anomalous; from two pictures on, both labels are present where the category has both.
    """
    if limit is None or limit >= len(category.test):
        return category.test
    shuffled = _permuted(category.test, category.name, "queries", seed)
    by_type = sorted(shuffled, key=attrgetter("label", "defect_type"))  # stable: order is kept
    strata = [list(group) for _, group in groupby(by_type, key=attrgetter("label", "defect_type"))]
    normal = [sample for stratum in strata for sample in stratum if sample.label == 0]
    anomalous = _interleaved([stratum for stratum in strata if stratum[0].label == 1])
    heads = normal[:1] + anomalous[:1]
    ranked = heads + [s for s in _interleaved([normal, anomalous]) if s not in heads]
    chosen = set(ranked[:limit])
    return tuple(sample for sample in category.test if sample in chosen)


def _interleaved(strata: Sequence[Sequence[Sample]]) -> list[Sample]:
    """One list of which every beginning holds each stratum in proportion to its size."""
    placed = [
        ((position + 0.5) / len(stratum), index, sample)
        for index, stratum in enumerate(strata)
        for position, sample in enumerate(stratum)
    ]
    return [sample for _, _, sample in sorted(placed, key=lambda item: item[:2])]


def _permuted(
    samples: Sequence[Sample], category: str, purpose: str, seed: int
) -> tuple[Sample, ...]:
    name = hashlib.sha256(f"{purpose}:{category}".encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(name[:8], "big")])
    return tuple(samples[index] for index in rng.permutation(len(samples)))
