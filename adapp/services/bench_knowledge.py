"""What it costs to find pages: retrieval over made-up knowledge bases of growing size."""

import time
from collections.abc import Sequence

import numpy as np

from adapp.knowledge.evidence import TYPES, Keys, Locks, RegionKey, Vectors
from adapp.knowledge.pages import Page, Section
from adapp.knowledge.retriever import Retriever
from adapp.knowledge.sampling import SamplingConfig
from adapp.methods.benchmarking import Json
from adapp.retrieval.index import FlatIndex

_WIDTH = 256  # of a projected key
_REGIONS = 3
_QUERIES = 12
_WORDS = "What one sees, where it comes from and what to check. " * 10


def retrieval(counts: Sequence[int] = (1_000, 10_000), *, seed: int = 0) -> Json:
    """Return the median seconds of one retrieval for each number of pages, and their ratio.

    Each query has a picture, words and three regions with types; three pages are chosen by
    clustered sampling. The search alone is timed as ``topk``.
    """
    rng = np.random.default_rng(seed)
    measured = []
    for count in counts:
        retriever = _retriever(rng, count)
        queries = [_query(rng) for _ in range(_QUERIES)]
        measured.append(
            {
                "pages": count,
                "seconds": _median(retriever, queries, SamplingConfig()),
                "search_seconds": _median(retriever, queries, SamplingConfig(strategy="topk")),
            }
        )
    return {
        "pages": measured,
        "ratio": measured[-1]["seconds"] / measured[0]["seconds"],
        "regions": _REGIONS,
        "queries": _QUERIES,
    }


def _median(retriever: Retriever, queries: Sequence[Keys], sampling: SamplingConfig) -> float:
    retriever.retrieve(queries[0], sampling)  # what is loaded at first use is not counted
    seconds = []
    for keys in queries:
        start = time.perf_counter()
        retriever.retrieve(keys, sampling)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def _unit(rng: np.random.Generator, count: int) -> Vectors:
    rows = rng.standard_normal((count, _WIDTH), dtype=np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _retriever(rng: np.random.Generator, count: int) -> Retriever:
    types = tuple(TYPES[number % len(TYPES)] for number in range(count))
    locks = Locks(_unit(rng, count), _unit(rng, count), _unit(rng, count), types)
    return Retriever([_page(number) for number in range(count)], locks, FlatIndex)


def _page(number: int) -> Page:
    return Page(
        id=f"made-up/{number}",
        title=f"Page {number}",
        kind="defect",
        object="part",
        defect_type="crack",
        canonical="crack",
        sections=(Section("What it looks like", (_WORDS,), points=False),),
        sources=("made up",),
        licence="Apache-2.0",
        origin="bundled",
    )


def _query(rng: np.random.Generator) -> Keys:
    regions = tuple(
        RegionKey(crop, {"crack": 0.5, "scratch": 0.3}) for crop in _unit(rng, _REGIONS)
    )
    return Keys(_unit(rng, 1)[0], _unit(rng, 1)[0], regions)
