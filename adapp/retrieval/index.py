"""Inverted-file search over unit vectors (faiss lists), with no gap in what it returns."""

from typing import cast

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Marks = NDArray[np.bool_]

DRAWS = 6
"""Candidates for each start of a careful clustering."""


def cluster(
    vectors: Vectors,
    clusters: int,
    *,
    seed: int,
    iterations: int = 15,
    start: Vectors | None = None,
) -> Vectors:
    """Return the k-means centroids of unit vectors, [clusters, D], unit norm.

    Args:
        vectors: Unit vectors, [T, D], T >= clusters.
        clusters: Number of centroids, at least 1.
        seed: Seed of the initial choice and of the subsampling.
        iterations: Lloyd steps.
        start: Centroids to begin with, [clusters, D]; None draws some of the vectors.

    Raises:
        ValueError: If there are fewer vectors than clusters.
    """
    if vectors.shape[0] < clusters:
        msg = f"cannot make {clusters} clusters from {vectors.shape[0]} vectors"
        raise ValueError(msg)
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        clusters,
        niter=iterations,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=256,
    )
    kmeans.train(np.ascontiguousarray(vectors, dtype=np.float32), init_centroids=start)
    centroids: Vectors = np.asarray(kmeans.centroids, dtype=np.float32).reshape(clusters, -1)
    return centroids


def careful_clusters(vectors: Vectors, clusters: int, *, seed: int, attempts: int = 10) -> Vectors:
    """Return the best centroids of several k-means runs, [clusters, D], unit norm.

    Each run starts from vectors drawn far apart. For few and tight groups, all of which must be
    found; slower than :func:`cluster`. Source: Arthur and Vassilvitskii, k-means++.

    Args:
        vectors: Unit vectors, [T, D], T >= clusters.
        clusters: Number of centroids, at least 1.
        seed: Seed of the draws.
        attempts: Runs, at least 1.

    Raises:
        ValueError: If there are fewer vectors than clusters.
    """
    rng = np.random.default_rng(seed)
    best, best_fit = None, -np.inf
    for _ in range(attempts):
        start = _far_apart(vectors, min(clusters, len(vectors)), rng)
        centroids = cluster(vectors, clusters, seed=seed, iterations=50, start=start)
        fit = float((vectors @ centroids.T).max(axis=1).sum())
        if best is None or fit > best_fit:
            best, best_fit = centroids, fit
    assert best is not None  # noqa: S101 - there is at least one attempt
    return best


def _far_apart(vectors: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Return ``count`` of the vectors: each is drawn among those far from all before it.

    Of a few such draws the one is kept that leaves the least cost (greedy k-means++).
    """
    chosen = [int(rng.integers(len(vectors)))]
    cost = _cost_to(vectors, vectors[chosen])[0]  # [T], to the nearest of the chosen
    while len(chosen) < count:
        drawn = rng.choice(len(vectors), size=DRAWS, p=cost / cost.sum())
        left = np.minimum(cost, _cost_to(vectors, vectors[drawn]))  # [DRAWS, T]
        best = int(left.sum(axis=1).argmin())
        chosen.append(int(drawn[best]))
        cost = left[best]
    apart: Vectors = np.ascontiguousarray(vectors[chosen], dtype=np.float32)
    return apart


def _cost_to(vectors: Vectors, others: Vectors) -> NDArray[np.float64]:
    """Return the cost of every vector to each of ``others``, [len(others), T], never quite 0."""
    cost: NDArray[np.float64] = (1.0 - others @ vectors.T).astype(np.float64).clip(min=1e-12)
    return cost


class InvertedIndex:
    """Lists of unit vectors around given centroids; search is exact inside the probed lists."""

    def __init__(self, centroids: Vectors, known: faiss.IndexIVFFlat | None = None) -> None:
        self._centroids = np.ascontiguousarray(centroids, dtype=np.float32)
        self._lists, self._width = (int(count) for count in self._centroids.shape)
        quantizer = faiss.IndexFlatIP(self._width)
        quantizer.add(self._centroids)
        self._quantizer = quantizer  # faiss keeps a bare pointer to it
        self._index = known or faiss.IndexIVFFlat(
            quantizer, self._width, self._lists, faiss.METRIC_INNER_PRODUCT
        )
        self._index.is_trained = True

    @property
    def lists(self) -> int:
        """Number of inverted lists."""
        return self._lists

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, vectors: Vectors) -> None:
        """Append unit vectors [T, D]; their rows continue the count."""
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def grown(self, vectors: Vectors) -> "InvertedIndex":
        """Return an index that holds unit vectors [T, D] too; this one stays as it is.

        The lists are copied and not sorted again, which is an order of magnitude faster.
        """
        lists = cast("faiss.IndexIVFFlat", faiss.clone_index(self._index))
        larger = InvertedIndex(self._centroids, lists)
        larger.add(vectors)
        return larger

    def search(
        self,
        queries: Vectors,
        neighbours: int,
        probes: int,
        *,
        excluded: Marks | None = None,
    ) -> tuple[Vectors, Rows]:
        """Return the most similar rows of each query, best first.

        The probed lists may hold fewer than ``neighbours`` vectors. Then more lists are probed
        for those queries until they have enough or no list is left, and in the last resort the
        last valid neighbour is repeated: no padding value is ever returned.

        Args:
            queries: Unit vectors, [Q, D].
            neighbours: K, at least 1.
            probes: Lists looked into first, at least 1.
            excluded: Rows that must not be found, [T]; None allows all.

        Returns:
            Similarities [Q, K] descending and rows [Q, K].

        Raises:
            ValueError: If the index is empty, or every row is excluded.
        """
        if len(self) == 0 or (excluded is not None and excluded.all()):
            msg = "the index is empty: add vectors before searching, and exclude not all of them"
            raise ValueError(msg)
        wanted = np.ascontiguousarray(queries, dtype=np.float32)
        probes = min(max(probes, 1), self._lists)
        similarity, rows = self._probe(wanted, neighbours, probes, excluded)
        while probes < self._lists and (short := rows[:, -1] < 0).any():
            probes = min(probes * 2, self._lists)
            more = self._probe(wanted[short], neighbours, probes, excluded)
            similarity[short], rows[short] = more
        return _repeat_last_valid(similarity, rows)

    def _probe(
        self, queries: Vectors, neighbours: int, probes: int, excluded: Marks | None
    ) -> tuple[Vectors, Rows]:
        """Return the best of the ``probes`` nearest lists; missing rows are -1, at the end.

        The patches of one picture share most of their lists. So the queries are grouped by list
        and each list takes one matrix product, about ten times faster on a CPU than faiss' own
        scan, which takes the queries one by one.
        """
        _, asked = self._quantizer.search(queries, probes)  # [Q, P]
        shape = (queries.shape[0], probes * neighbours)
        similarity = np.full(shape, -np.inf, dtype=np.float32)
        rows = np.full(shape, -1, dtype=np.int64)
        for number in np.unique(asked):
            vectors, members = self._list(int(number))
            asking, slot = np.nonzero(asked == number)
            found, places = _best(
                queries[asking] @ vectors.T,
                neighbours,
                None if excluded is None else excluded[members],
            )
            columns = slot[:, None] * neighbours + np.arange(found.shape[1])
            similarity[asking[:, None], columns] = found
            rows[asking[:, None], columns] = np.where(np.isneginf(found), -1, members[places])
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :neighbours]
        return np.take_along_axis(similarity, order, 1), np.take_along_axis(rows, order, 1)

    def _list(self, number: int) -> tuple[Vectors, Rows]:
        """Return the vectors [L, D] of one list and their rows [L], without copying them."""
        lists = self._index.invlists
        assert lists is not None  # noqa: S101 - narrows the type, the index owns its lists
        count = int(lists.list_size(number))
        if count == 0:
            return np.empty((0, self._width), np.float32), np.empty(0, np.int64)
        size = count * self._width * np.dtype(np.float32).itemsize
        codes = faiss.rev_swig_ptr(lists.get_codes(number), size)
        vectors: Vectors = codes.view(np.float32).reshape(count, self._width)
        members: Rows = faiss.rev_swig_ptr(lists.get_ids(number), count)
        return vectors, members


class FlatIndex:
    """Exact search over all vectors: the flat memory bank a hierarchy is measured against."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)  # no copy if it is already

    def search(self, queries: Vectors, neighbours: int) -> tuple[Vectors, Rows]:
        """Return the most similar rows of each query, best first (see ``InvertedIndex``)."""
        similarity, rows = faiss.knn(
            np.ascontiguousarray(queries, dtype=np.float32),
            self._vectors,
            neighbours,
            metric=faiss.METRIC_INNER_PRODUCT,
        )
        return _repeat_last_valid(similarity, rows)


def _best(similarity: Vectors, neighbours: int, excluded: Marks | None) -> tuple[Vectors, Rows]:
    """Return the highest values of each row [Q, L] and their columns, in any order, [Q, <= K]."""
    if excluded is not None:
        similarity[:, excluded] = -np.inf
    count = similarity.shape[1]
    if count <= neighbours:
        return similarity, np.broadcast_to(np.arange(count), similarity.shape)
    places = np.argpartition(similarity, count - neighbours, axis=1)[:, -neighbours:]
    return np.take_along_axis(similarity, places, axis=1), places


def _repeat_last_valid(similarity: Vectors, rows: Rows) -> tuple[Vectors, Rows]:
    """Return both arrays with every missing neighbour replaced by the last one found."""
    valid = (rows >= 0).sum(axis=1)
    last = np.maximum(valid - 1, 0)
    columns = np.minimum(np.arange(rows.shape[1])[None, :], last[:, None])
    return (
        np.take_along_axis(similarity, columns, axis=1),
        np.take_along_axis(rows, columns, axis=1),
    )
