"""How much ``bench`` measures, and how it takes the time of things that are compared."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """Sizes of everything that is measured.

    Attributes:
        categories: Categories in one database.
        pictures: Normal pictures per category, one database each, smallest first.
        queries: Normal queries per category, and as many anomalous ones.
        faiss_repeats: Queries for which faiss' flat search is timed too.
        probes: Numbers of probed lists whose recall is measured.
        ladder_pictures: Queries behind those recalls.
        batches: Pictures per call for the throughput.
        repeats: Times each side of a comparison runs, alternating.
        shots: Normal pictures behind the throughput.
        size: Side of the square the encoder sees, in pixels; None takes the preset's own.
        memory: Bytes that may be used; a database that needs more is left out. None: no limit.
        seed: Seed of the rendered parts, of their damage and of the clustering.
    """

    categories: int = 10
    pictures: tuple[int, ...] = (8, 80)
    queries: int = 3
    faiss_repeats: int = 3
    probes: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    ladder_pictures: int = 4
    batches: tuple[int, ...] = (1, 8)
    repeats: int = 9
    shots: int = 4
    size: int | None = None
    memory: int | None = None
    seed: int = 0


def interleaved(tasks: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median time of each task in seconds.

    The tasks take turns, so that a busy moment of the machine meets all of them; a first round
    is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(repeats):
        for name, task in tasks.items():
            seconds[name].append(timed(task)[0])
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def timed(task: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds that one run of ``task`` takes, and its result."""
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result
