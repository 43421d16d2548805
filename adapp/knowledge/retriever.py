"""Q2K: from the keys of a query to the pages that answer it.

The search itself is handed in (an exact inner-product index of ``adapp.retrieval``). Pages that
have the same channels share one index, a shelf; so a page without a picture is compared by its
words and type alone and is neither favoured nor punished for what it lacks.
Source: ADSeeker 4.3, with the channels and their rule as in ``evidence`` (ours).
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from adapp.core.errors import BadPage
from adapp.knowledge.defect_types import CANONICAL
from adapp.knowledge.evidence import (
    CHANNELS,
    Channel,
    ChannelWeights,
    JoinedKey,
    Keys,
    Locks,
    Vectors,
    join_keys,
)
from adapp.knowledge.pages import Page
from adapp.knowledge.sampling import Choice, SamplingConfig, choose

Rows = NDArray[np.int64]


class SearchIndex(Protocol):
    """Exact search by inner product."""

    def search(self, queries: Vectors, neighbours: int) -> tuple[Vectors, Rows]:
        """Return the similarities [Q, K] and rows [Q, K] of each query, best first."""
        ...


NAMED: Final = 0.1
"""Head start of pages about the part that the user names (ours; docs/knowledge.md)."""

_NONE: Final = np.zeros(0, dtype=np.int64)
IndexMaker = Callable[[Vectors], SearchIndex]


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A page that was chosen.

    Attributes:
        page: The page.
        score: Weighted mean of the channels, in [-1, 1], and ``NAMED`` more for a page of the part
            that is named; higher is nearer.
        rank: Place by score among all pages, from 1.
        cluster: Cluster of its score, 0 the highest.
        parts: Similarity by channel, for those that query and page share.
    """

    page: Page
    score: float
    rank: int
    cluster: int
    parts: Mapping[Channel, float]


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """The chosen pages, best first, and how they were chosen.

    Attributes:
        hits: Chosen pages.
        choice: Clusters, qualities and quotas behind the choice.
        compared: How many pages could be compared with the query.
    """

    hits: tuple[Hit, ...]
    choice: Choice
    compared: int


@dataclass(frozen=True, slots=True, eq=False)
class _Shelf:
    """Pages that have the same channels."""

    channels: frozenset[Channel]
    pages: tuple[Page, ...]
    vectors: Vectors  # [n, J]
    index: SearchIndex
    rows: Mapping[str, Rows]  # by the part that pages tell of; "" for users' about none

    def about(self, parts: Set[str]) -> Rows:
        """Return the rows of pages about one of ``parts``, lower case; [n'].

        A page that its user did not say the part of may be about any.
        """
        told = [self.rows.get(part, _NONE) for part in (*sorted(parts), "")] if parts else [_NONE]
        return np.concatenate(told)


class Retriever:
    """Finds pages; immutable, so that sessions share the project's pages and add their own."""

    def __init__(
        self,
        pages: Sequence[Page],
        locks: Locks,
        make_index: IndexMaker,
        weights: ChannelWeights | None = None,
    ) -> None:
        """Index ``pages`` by their ``locks``.

        Raises:
            BadPage: If two pages share an id.
            ValueError: If there are not as many locks as pages.
        """
        self._make_index = make_index
        self._weights = ChannelWeights() if weights is None else weights
        self._like = locks
        self._shelves = _shelved(pages, locks, make_index, self._weights)
        self._pages = {page.id: page for page in pages}
        if len(self._pages) != len(pages):
            msg = "Two pages have the same id. Remove one of them from the knowledge base."
            raise BadPage(msg)

    @property
    def pages(self) -> tuple[Page, ...]:
        """Return all pages, in the order they came in."""
        return tuple(self._pages.values())

    def page(self, page_id: str) -> Page | None:
        """Return the page of an id; None if there is none."""
        return self._pages.get(page_id)

    def with_pages(self, pages: Sequence[Page], locks: Locks) -> "Retriever":
        """Return a retriever that also holds ``pages``; this one stays as it is.

        Nothing of the pages already held is copied or indexed again.

        Raises:
            BadPage: If an id is taken.
            ValueError: If the locks have other widths, or are not as many as the pages.
        """
        widths = [(part.whole.shape[1], part.text.shape[1]) for part in (self._like, locks)]
        if widths[0] != widths[1]:
            msg = f"locks of other widths: {widths[1]} instead of {widths[0]}"
            raise ValueError(msg)
        taken = sorted(self._pages.keys() & {page.id for page in pages})
        if taken:
            msg = f"{taken[0]}: a page with this id is already there. Remove it first."
            raise BadPage(msg)
        wider = Retriever(pages, locks, self._make_index, self._weights)
        wider._shelves = (*self._shelves, *wider._shelves)
        wider._pages = {**self._pages, **wider._pages}
        return wider

    def retrieve(
        self,
        keys: Keys,
        sampling: SamplingConfig | None = None,
        parts: Set[str] = frozenset(),
    ) -> Retrieval:
        """Return the pages that answer a query, best first.

        Args:
            keys: What is asked for.
            sampling: How pages are chosen.
            parts: Names of the part as pages have them, lower case; their pages come first.

        Raises:
            BadPage: If there are no pages, or none shares a channel with the query.
            ValueError: If the keys do not fit the locks.
        """
        sampling = SamplingConfig() if sampling is None else sampling
        joined = tuple(join_keys(keys, self._like, self._weights))
        width = max(sampling.pool, sampling.budget)
        found = [
            item for shelf in self._shelves for item in self._search(shelf, joined, width, parts)
        ]
        if not found:
            msg = "No page can be compared with this question. Add pages, or give a picture."
            raise BadPage(msg)
        found.sort(key=lambda item: (-item[0], item[1].id))
        types = [page.canonical if page.canonical in CANONICAL else "" for _, page, _ in found]
        choice = choose([score for score, _, _ in found], sampling, types)
        hits = tuple(
            Hit(found[at][1], found[at][0], at + 1, int(choice.labels[at]), found[at][2])
            for at in choice.chosen
        )
        return Retrieval(hits, choice, sum(len(shelf.pages) for shelf in self._usable(joined)))

    def _usable(self, joined: Sequence[JoinedKey]) -> list[_Shelf]:
        return [
            shelf
            for shelf in self._shelves
            if any(self._share(shelf.channels & key.channels) > 0 for key in joined)
        ]

    def _share(self, channels: frozenset[Channel]) -> float:
        return sum(self._weights.of(channel) for channel in channels)

    def _search(
        self, shelf: _Shelf, joined: Sequence[JoinedKey], width: int, parts: Set[str]
    ) -> list[tuple[float, Page, dict[Channel, float]]]:
        """Return the best pages of a shelf: score, page, similarity by channel."""
        usable = [key for key in joined if self._share(shelf.channels & key.channels) > 0]
        if not usable:
            return []
        scale = [1 / self._share(shelf.channels & key.channels) for key in usable]
        asked = np.stack([key.vector for key in usable]) * np.array(scale, np.float32)[:, None]
        _, rows = shelf.index.search(asked, min(width, len(shelf.pages)))
        named = shelf.about(parts)
        union = np.union1d(rows, named)
        scores = shelf.vectors[union] @ asked.T  # [U, R]
        scores += NAMED * np.isin(union, named)[:, None].astype(np.float32)
        best = scores.argmax(axis=1)
        return [
            (
                float(scores[place, best[place]]),
                shelf.pages[int(row)],
                self._parts(shelf, usable[int(best[place])], shelf.vectors[int(row)]),
            )
            for place, row in enumerate(union)
        ]

    def _parts(
        self, shelf: _Shelf, key: JoinedKey, vector: NDArray[np.float32]
    ) -> dict[Channel, float]:
        """Return the similarity by channel, for the channels that both sides have."""
        edges = np.cumsum([0, *self._like.widths()])
        products = key.vector * vector
        return {
            channel: float(products[edges[at] : edges[at + 1]].sum() / self._weights.of(channel))
            for at, channel in enumerate(CHANNELS)
            if channel in shelf.channels & key.channels and self._weights.of(channel) > 0
        }


def _shelved(
    pages: Sequence[Page], locks: Locks, make_index: IndexMaker, weights: ChannelWeights
) -> tuple[_Shelf, ...]:
    """Return the pages sorted into shelves by the channels they have."""
    if len(pages) != len(locks):
        msg = f"{len(pages)} pages and {len(locks)} locks"
        raise ValueError(msg)
    having = locks.having()
    marks = np.stack([having[channel] for channel in CHANNELS], axis=1)  # [n, 4]
    vectors = locks.joined(weights)
    shelves = []
    for mark in np.unique(marks, axis=0):
        rows = np.flatnonzero((marks == mark).all(axis=1))
        held = np.ascontiguousarray(vectors[rows])
        channels = frozenset(name for name, has in zip(CHANNELS, mark, strict=True) if has)
        own = tuple(pages[int(row)] for row in rows)
        shelves.append(_Shelf(channels, own, held, make_index(held), _by_part(own)))
    return tuple(shelves)


def _by_part(pages: Sequence[Page]) -> Mapping[str, Rows]:
    """Return the rows of the pages about each part, lower case."""
    found: dict[str, list[int]] = {}
    for row, page in enumerate(pages):
        if page.object or page.kind == "user":
            found.setdefault(page.object.lower(), []).append(row)
    return {part: np.array(rows, dtype=np.int64) for part, rows in found.items()}
