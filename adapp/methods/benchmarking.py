"""How much ``bench`` measures, and how it takes the time of things that are compared."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeAlias, TypeVar

Json: TypeAlias = dict[str, Any]
Asked = ParamSpec("Asked")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """Sizes of everything that is measured.

    Attributes:
        categories: Categories in one database.
        pictures: Normal pictures per category, two or more, one database each, smallest first.
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

    Raises:
        ValueError: If a database would have fewer than two pictures per category.
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

    def __post_init__(self) -> None:
        if not self.pictures or min(self.pictures) < 2:
            msg = f"a database needs two pictures a category to be measured, got {self.pictures}"
            raise ValueError(msg)


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
            taken, _ = timed(task)
            seconds[name].append(taken)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def timed(
    task: Callable[Asked, Result], *args: Asked.args, **options: Asked.kwargs
) -> tuple[float, Result]:
    """Return the seconds that ``task`` takes with these arguments, and its result."""
    start = time.perf_counter()
    result = task(*args, **options)
    return time.perf_counter() - start, result
