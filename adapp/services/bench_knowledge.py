"""What it costs to find pages: retrieval and prompt assembly over growing knowledge bases."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from adapp.auxiliary.page_keys import KeyEncoder
from adapp.core.reasoner import ReasoningRequest, ResultFacts
from adapp.knowledge.evidence import TYPES, Keys, Locks, RegionKey, Vectors
from adapp.knowledge.pages import Page, Section
from adapp.knowledge.retriever import Retriever
from adapp.knowledge.sampling import SamplingConfig
from adapp.methods.benchmarking import Json
from adapp.reasoning.config import PromptConfig
from adapp.reasoning.prompt import assemble
from adapp.retrieval.index import FlatIndex

_WIDTH = 384  # of a projected key
_REGIONS = 3
_QUERIES = 12
_ENCODED = 5
_PICTURE = np.zeros((64, 64, 3), dtype=np.uint8)
_FACTS = ResultFacts(label="anomalous", score=0.8, threshold=0.5, method="made up")
_WORDS = "What one sees, where it comes from and what to check. " * 10


def retrieval(counts: Sequence[int] = (1_000, 10_000), *, seed: int = 0) -> Json:
    """Return the median seconds of one retrieval for each number of pages, and their ratio.

    Each query has a picture, words and three regions with types; three pages are chosen by
    clustered sampling and put into a prompt. The search alone is timed as ``topk``. The sizes take
    turns, query by query, so that other work on the machine slows all of them alike. What the
    encoders take to make keys depends on the preset: see ``encoding``.
    """
    rng = np.random.default_rng(seed)
    retrievers = {count: _retriever(rng, count) for count in counts}
    queries = [_query(rng) for _ in range(_QUERIES)]
    whole = _medians(retrievers, queries, SamplingConfig(), prompt=True)
    search = _medians(retrievers, queries, SamplingConfig(strategy="topk"))
    return {
        "pages": [
            {"pages": count, "seconds": whole[count], "search_seconds": search[count]}
            for count in counts
        ],
        "ratio": whole[counts[-1]] / whole[counts[0]],
        "regions": _REGIONS,
        "queries": _QUERIES,
    }


def encoding(encoder: KeyEncoder, *, side: int = 512, seed: int = 0) -> Json:
    """Return the median seconds to make the keys of one question: a picture, three crops, words."""
    rng = np.random.default_rng(seed)
    seconds = []
    for number in range(_ENCODED + 1):
        pictures = list(rng.integers(0, 256, (1 + _REGIONS, side, side, 3), dtype=np.uint8))
        start = time.perf_counter()
        encoder.pictures(pictures)
        encoder.sentences([f"part {number}: scratch. what to check next"])
        seconds.append(time.perf_counter() - start)
    return {"seconds": float(np.median(seconds[1:])), "pictures": 1 + _REGIONS}


def _medians(
    retrievers: Mapping[int, Retriever],
    queries: Sequence[Keys],
    sampling: SamplingConfig,
    *,
    prompt: bool = False,
) -> dict[int, float]:
    """Return the median seconds of one query by number of pages."""
    for retriever in retrievers.values():
        _found(retriever, queries[0], sampling, prompt=prompt)  # what is loaded at first use
    seconds: dict[int, list[float]] = {count: [] for count in retrievers}
    for keys in queries:
        for count, retriever in retrievers.items():
            start = time.perf_counter()
            _found(retriever, keys, sampling, prompt=prompt)
            seconds[count].append(time.perf_counter() - start)
    return {count: float(np.median(taken)) for count, taken in seconds.items()}


def _found(retriever: Retriever, keys: Keys, sampling: SamplingConfig, *, prompt: bool) -> None:
    """Find pages and, if asked, put them before a model."""
    hits = retriever.retrieve(keys, sampling).hits
    if prompt:
        request = ReasoningRequest(
            question="What should I check?",
            query=_PICTURE,
            facts=_FACTS,
            passages=tuple(hit.page.passage(hit.score) for hit in hits),
        )
        assemble(request, PromptConfig())


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
