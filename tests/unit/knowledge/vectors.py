"""Small unit vectors and a plain index for tests of retrieval."""

import numpy as np

from adapp.knowledge.evidence import Locks


def unit(rng: np.random.Generator, count: int, width: int) -> np.ndarray:
    rows = rng.standard_normal((count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def locks(count: int, *, types=None, seed: int = 0, width: int = 16, words: int = 12) -> Locks:
    rng = np.random.default_rng(seed)
    named = ("crack", "scratch", "", "normal")
    return Locks(
        unit(rng, count, width),
        unit(rng, count, width),
        unit(rng, count, words),
        tuple(named[at % 4] for at in range(count)) if types is None else tuple(types),
    )


class Brute:
    """What the index is asked to do, written out."""

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors = vectors
        self.asked = 0

    def search(self, queries: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
        self.asked += 1
        similarity = queries @ self.vectors.T
        rows = np.argsort(-similarity, axis=1, kind="stable")[:, :neighbours]
        return np.take_along_axis(similarity, rows, axis=1), rows.astype(np.int64)
