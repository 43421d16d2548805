"""What probing fewer lists costs: recall, error of the nearest cost, and speed."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapp.core.detector import Report
from adapp.methods.benchmarking import BenchPlan, Json, timed
from adapp.methods.raid.benchmark_parts import EncodedQuery
from adapp.methods.raid.database import Category, VectorDatabase
from adapp.ops.similarity import nearest_costs
from adapp.retrieval.index import InvertedIndex


@dataclass(frozen=True, slots=True)
class _Step:
    """One query searched with one number of probed lists."""

    recall: float
    error: float
    seconds: float
    exact_seconds: float


def ladder(
    database: VectorDatabase, queries: Sequence[EncodedQuery], plan: BenchPlan, report: Report
) -> list[Json]:
    """Return one entry for each number of probed lists, held against the exact search.

    Both search the query's own category. Recall is the share of the K nearest tokens that are
    found, in percent; the map difference is the mean absolute error of the nearest cost.
    Source: RAID section 4.1 probes 5 lists of 50.
    """
    steps: dict[int, list[_Step]] = {}
    chosen = queries[: plan.ladder_pictures]
    for number, query in enumerate(chosen):
        report("RAID: probed lists", number, len(chosen))
        entry = database.categories[query.category]
        for probes, step in _steps(entry, query, plan, database.config.neighbours).items():
            steps.setdefault(probes, []).append(step)
    return [_summary(probes, taken) for probes, taken in sorted(steps.items())]


def _steps(
    entry: Category, query: EncodedQuery, plan: BenchPlan, neighbours: int
) -> dict[int, _Step]:
    """Return what each number of probed lists finds for one query."""
    index = entry.index or _index(entry)
    exact_seconds, (costs, rows) = timed(nearest_costs, query.tokens, entry.tokens, neighbours)
    patches, wanted, nearest = query.tokens.numpy(), rows.numpy(), costs[:, 0].numpy()
    steps = {}
    for probes in dict.fromkeys(min(asked, index.lists) for asked in plan.probes):
        seconds, (similarity, found) = timed(index.search, patches, neighbours, probes)
        error = float(np.abs(1.0 - similarity[:, 0] - nearest).mean())
        steps[probes] = _Step(_recall(found, wanted), error, seconds, exact_seconds)
    return steps


def _index(entry: Category) -> InvertedIndex:
    """Return the inverted file of a category that is too small to have its own."""
    index = InvertedIndex(entry.prototypes.numpy())
    index.add(entry.tokens.numpy())
    return index


def _recall(found: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    """Return the share of the ``wanted`` rows [N, K] that were found, in percent."""
    hits = [np.isin(right, mine).mean() for mine, right in zip(found, wanted, strict=True)]
    return 100.0 * float(np.mean(hits))


def _summary(probes: int, steps: Sequence[_Step]) -> Json:
    seconds = statistics.median(step.seconds for step in steps)
    exact = statistics.median(step.exact_seconds for step in steps)
    return {
        "probes": probes,
        "recall": statistics.mean(step.recall for step in steps),
        "map_difference": statistics.mean(step.error for step in steps),
        "ratio": exact / seconds,
        "seconds": seconds,
        "exact_seconds": exact,
    }
