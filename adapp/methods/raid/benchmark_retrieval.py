"""Hierarchical against flat retrieval: the time of a picture's search, and what it costs in AUROC.

Hierarchical: route the picture to a category, then search that category as the detector does.
Flat: search the tokens of all categories in one memory bank, exactly; the faster of two ways to
do that is what the hierarchy is held against.
"""

import statistics
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone
from adapp.core.detector import Report
from adapp.evaluation.metrics import Floats, image_auroc, mean_metrics, pixel_auroc
from adapp.methods.benchmarking import BenchPlan, Json, timed
from adapp.methods.raid.benchmark_parts import EncodedParts, EncodedQuery
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.database import (
    Category,
    Retrieval,
    Templates,
    VectorDatabase,
    make_category,
    retrieve,
)
from adapp.methods.raid.scoring import filter_maps
from adapp.methods.raid.templates import with_spread
from adapp.ops.maps import smooth_pixel_maps
from adapp.retrieval.index import FlatIndex

_BLOCK = 1 << 15  # tokens per matrix product of the flat search


class FlatBank:
    """All tokens of all categories in one memory bank, searched exactly by matrix products.

    Args:
        tokens: Unit vectors, [T, D] float32.
        dtype: Arithmetic of the products.
    """

    def __init__(self, tokens: Tensor, dtype: torch.dtype) -> None:
        self._exact = tokens
        self._tokens = tokens.to(dtype)  # the same memory if the type stays

    @property
    def name(self) -> str:
        """How it searches, in words."""
        return f"torch {str(self._tokens.dtype).removeprefix('torch.')}"

    def search(self, patches: Tensor, neighbours: int) -> tuple[Tensor, Tensor]:
        """Return similarities [N, K] descending and rows [N, K], in the bank's arithmetic."""
        queries = patches.to(self._tokens.dtype)
        values, rows = [], []
        for start in range(0, self._tokens.shape[0], _BLOCK):
            block = self._tokens[start : start + _BLOCK]
            found = (queries @ block.T).topk(min(neighbours, block.shape[0]), dim=1)
            values.append(found.values)
            rows.append(found.indices + start)
        best = torch.cat(values, dim=1).topk(neighbours, dim=1)
        return best.values, torch.cat(rows, dim=1).gather(1, best.indices)

    def costs(self, patches: Tensor, rows: Tensor) -> Tensor:
        """Return the costs of ``rows`` [N, K] in full precision, ascending."""
        similarity = torch.einsum("nd,nkd->nk", patches, self._exact[rows])
        return (1.0 - similarity).clamp_(0.0, 2.0).sort(dim=1).values


class Comparison:
    """One database against the flat bank of the same tokens.

    Args:
        parts: Encoded parts.
        pictures: Normal pictures per category that enter, the first ones.
        backbone: The encoder behind them.
        config: RAID's constants.
        plan: Sizes of what is measured.
    """

    def __init__(
        self,
        parts: EncodedParts,
        pictures: int,
        backbone: ImageBackbone,
        config: RaidConfig,
        plan: BenchPlan,
    ) -> None:
        self._parts, self._pictures, self._config, self._plan = parts, pictures, config, plan
        self._size = backbone.size
        self._low = torch.bfloat16 if backbone.dtype_name == "bfloat16" else torch.float32
        tokens = parts.tokens[:, :pictures].contiguous()  # [C, P, N, D]
        self._tokens = tokens.flatten(0, 2)  # [T, D], the same memory
        entries = [self._category(position, own, backbone) for position, own in enumerate(tokens)]
        self.database = VectorDatabase(entries, config.database)

    def result(self, report: Report) -> Json:
        """Return time, AUROC and routing of both, measured on every query in turn."""
        neighbours = self._config.database.neighbours
        flat, faiss = FlatBank(self._tokens, self._low), FlatIndex(self._tokens.numpy())
        seconds: dict[str, list[float]] = {"hierarchical": [], flat.name: [], "faiss float32": []}
        scores = {"hierarchical": _Scores(), "flat": _Scores()}
        queries, routed = self._parts.queries, 0
        self._hierarchical(queries[0])  # the first call of a product is slower
        flat.search(queries[0].tokens[:8], neighbours)
        for number, query in enumerate(queries):
            report(f"RAID: {self._pictures} pictures a category", number, len(queries))
            taken, (entry, found) = timed(self._hierarchical, query)
            seconds["hierarchical"].append(taken)
            taken, (_, rows) = timed(flat.search, query.tokens, neighbours)
            seconds[flat.name].append(taken)
            if number < self._plan.faiss_repeats:
                taken, _ = timed(faiss.search, query.tokens.numpy(), neighbours)
                seconds["faiss float32"].append(taken)
            everywhere = Retrieval(flat.costs(query.tokens, rows), rows, found.prototypes)
            scores["hierarchical"].add(query.category, *self._score(query, entry, found))
            scores["flat"].add(query.category, *self._score(query, entry, everywhere))
            routed += entry is self.database.categories[query.category]
        return {
            **self._described(),
            "time": _time(
                {name: statistics.median(took) for name, took in seconds.items() if took}
            ),
            "auroc": _auroc(scores["hierarchical"], scores["flat"], queries),
            "routing_accuracy": 100.0 * routed / len(queries),
        }

    def _category(self, position: int, tokens: Tensor, backbone: ImageBackbone) -> Category:
        """Return the database entry of tokens [P, N, D]."""
        templates = Templates(
            tokens=tokens,
            pooled=self._parts.pooled[position, : self._pictures],
            picture=torch.arange(self._pictures),
            turns=torch.zeros(self._pictures, dtype=torch.long),
            grid=self._parts.grid,
        )
        name, seed = self._parts.names[position], self._plan.seed
        entry = make_category(name, templates, self._config.database, normal_cost=1.0, seed=seed)
        return with_spread(entry, [], backbone, self._config)[0]

    def _hierarchical(self, query: EncodedQuery) -> tuple[Category, Retrieval]:
        """Return the category that the query is routed to, and what is found there."""
        position = self.database.route(query.pooled[None], query.tokens[None])[0]
        entry = self.database.categories[position]
        return entry, retrieve(entry, query.tokens, self.database.config)

    def _score(
        self, query: EncodedQuery, entry: Category, found: Retrieval
    ) -> tuple[float, Floats]:
        """Return image score and map of the training-free variant."""
        spread = torch.tensor([entry.normal_cost])
        grid = self._parts.grid
        maps = filter_maps(None, query.tokens[None], [found], spread, grid, self._config)
        size = (self._size, self._size)
        pixels = smooth_pixel_maps(maps.base, self._size, self._config.sigma, size)
        smooth: Floats = pixels[0, 0].numpy()
        return float(maps.scores[0]), smooth

    def _described(self) -> Json:
        exact = all(entry.index is None for entry in self.database.categories)
        return {
            "categories": len(self._parts.names),
            "pictures": self._pictures,
            "tokens": self._tokens.shape[0],
            "neighbours": self._config.database.neighbours,
            "search": "exact in the category" if exact else "inverted lists",
            "queries": len(self._parts.queries),
        }


@dataclass(slots=True)
class _Scores:
    """Image scores and maps of one way to retrieve, by category."""

    scores: dict[int, list[float]] = field(default_factory=dict)
    maps: dict[int, list[Floats]] = field(default_factory=dict)

    def add(self, category: int, score: float, anomaly_map: Floats) -> None:
        """Keep what was found on the next query of ``category``."""
        self.scores.setdefault(category, []).append(score)
        self.maps.setdefault(category, []).append(anomaly_map)

    def auroc(self, queries: tuple[EncodedQuery, ...]) -> dict[str, float | None]:
        """Return the mean image and pixel AUROC over the categories, in percent."""
        rows: dict[str, dict[str, float | None]] = {}
        for category, scores in self.scores.items():
            masks = np.stack([query.mask for query in queries if query.category == category])
            rows[str(category)] = {
                "image_auroc": image_auroc(scores, masks.any(axis=(1, 2)).astype(np.int64)),
                "pixel_auroc": pixel_auroc(np.stack(self.maps[category]), masks),
            }
        return mean_metrics(rows, ("image_auroc", "pixel_auroc"))


def _time(seconds: dict[str, float]) -> Json:
    """Return how many times longer the faster flat search takes, with the times behind it."""
    hierarchical = seconds.pop("hierarchical")
    return {
        "ratio": min(seconds.values()) / hierarchical,
        "hierarchical_seconds": hierarchical,
        "flat_seconds": min(seconds.values()),
        "flat_seconds_by": seconds,
    }


def _auroc(hierarchical: _Scores, flat: _Scores, queries: tuple[EncodedQuery, ...]) -> Json:
    """Return the AUROC of both in percent, and hierarchical minus flat in points."""
    ours, theirs = hierarchical.auroc(queries), flat.auroc(queries)
    return {
        name: {"difference": mine - other, "hierarchical": mine, "flat": other}
        for name, mine in ours.items()
        if mine is not None and (other := theirs[name]) is not None
    }
