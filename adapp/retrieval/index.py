"""Inverted-file search over unit vectors (faiss), with no gap in what it returns."""

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


def cluster(vectors: Vectors, clusters: int, *, seed: int, iterations: int = 15) -> Vectors:
    """Return the k-means centroids of unit vectors, [clusters, D], unit norm.

    Args:
        vectors: Unit vectors, [T, D], T >= clusters.
        clusters: Number of centroids, at least 1.
        seed: Seed of the initial choice and of the subsampling.
        iterations: Lloyd steps.

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
    kmeans.train(np.ascontiguousarray(vectors, dtype=np.float32))
    centroids: Vectors = np.asarray(kmeans.centroids, dtype=np.float32).reshape(clusters, -1)
    return centroids


class InvertedIndex:
    """Lists of unit vectors around given centroids; search is exact inside the probed lists."""

    def __init__(self, centroids: Vectors) -> None:
        self._width = centroids.shape[1]
        self._lists = centroids.shape[0]
        quantizer = faiss.IndexFlatIP(self._width)
        quantizer.add(np.ascontiguousarray(centroids, dtype=np.float32))
        self._quantizer = quantizer  # faiss keeps a bare pointer to it
        self._index = faiss.IndexIVFFlat(
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

    def search(self, queries: Vectors, neighbours: int, probes: int) -> tuple[Vectors, Rows]:
        """Return the most similar rows of each query, best first.

        The probed lists may hold fewer than ``neighbours`` vectors. Then more lists are probed
        for those queries until they have enough or no list is left, and in the last resort the
        last valid neighbour is repeated: no padding value is ever returned.

        Args:
            queries: Unit vectors, [Q, D].
            neighbours: K, at least 1.
            probes: Lists looked into first, at least 1.

        Returns:
            Similarities [Q, K] descending and rows [Q, K].

        Raises:
            ValueError: If the index is empty.
        """
        if len(self) == 0:
            msg = "the index is empty: add vectors before searching"
            raise ValueError(msg)
        wanted = np.ascontiguousarray(queries, dtype=np.float32)
        probes = min(max(probes, 1), self._lists)
        similarity, rows = self._probe(wanted, neighbours, probes)
        while probes < self._lists and (short := rows[:, -1] < 0).any():
            probes = min(probes * 2, self._lists)
            similarity[short], rows[short] = self._probe(wanted[short], neighbours, probes)
        return _repeat_last_valid(similarity, rows)

    def _probe(self, queries: Vectors, neighbours: int, probes: int) -> tuple[Vectors, Rows]:
        parameters = faiss.SearchParametersIVF(nprobe=probes)
        similarity, rows = self._index.search(queries, neighbours, params=parameters)
        return similarity, rows


class FlatIndex:
    """Exact search over all vectors: the flat memory bank a hierarchy is measured against."""

    def __init__(self, vectors: Vectors) -> None:
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def search(self, queries: Vectors, neighbours: int) -> tuple[Vectors, Rows]:
        """Return the most similar rows of each query, best first (see ``InvertedIndex``)."""
        similarity, rows = self._index.search(
            np.ascontiguousarray(queries, dtype=np.float32), neighbours
        )
        return _repeat_last_valid(similarity, rows)


def _repeat_last_valid(similarity: Vectors, rows: Rows) -> tuple[Vectors, Rows]:
    """Return both arrays with every missing neighbour replaced by the last one found."""
    valid = (rows >= 0).sum(axis=1)
    last = np.maximum(valid - 1, 0)
    columns = np.minimum(np.arange(rows.shape[1])[None, :], last[:, None])
    return (
        np.take_along_axis(similarity, columns, axis=1),
        np.take_along_axis(rows, columns, axis=1),
    )
