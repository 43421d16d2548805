"""Whatever the vectors: the index equals brute force, and more normals never look less alike."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adapp.methods.raid.config import DatabaseConfig
from adapp.methods.raid.database import Templates, grow_category, make_category, retrieve
from adapp.ops.similarity import unit_norm
from adapp.retrieval.index import FlatIndex, InvertedIndex

WIDTH = 6
FEW = settings(max_examples=40, deadline=None)
SEED = st.integers(0, 10_000)


def units(count, seed):
    """Return unit vectors, some of them equal: ties must not matter."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(count, WIDTH)).astype(np.float32)
    drawn[count // 2 :: 3] = drawn[0]
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def brute_force(points, queries, neighbours):
    similarity = -np.sort(-(queries @ points.T), axis=1)[:, :neighbours]
    missing = neighbours - similarity.shape[1]
    return np.pad(similarity, ((0, 0), (0, max(missing, 0))), mode="edge")


@FEW
@given(
    seed=SEED,
    count=st.integers(1, 60),
    lists=st.integers(1, 8),
    neighbours=st.integers(1, 70),
    probes=st.integers(1, 9),
)
def test_search_in_an_inverted_file(seed, count, lists, neighbours, probes):
    points, queries = units(count, seed), units(5, seed + 1)
    index = InvertedIndex(units(lists, seed + 2))
    index.add(points)
    similarity, rows = index.search(queries, neighbours, probes)
    assert similarity.shape == rows.shape == (5, neighbours)
    assert 0 <= rows.min() <= rows.max() < count
    assert (np.diff(similarity, axis=1) <= 1e-6).all()
    assert np.abs(np.take_along_axis(queries @ points.T, rows, 1) - similarity).max() < 1e-5
    exact = brute_force(points, queries, neighbours)
    assert (similarity <= exact + 1e-5).all()
    if probes >= lists or neighbours >= count:
        assert np.abs(similarity - exact).max() < 1e-5
    found = [len(set(row)) for row in rows.tolist()]
    assert found == [min(neighbours, count)] * 5  # never fewer than there are


@FEW
@given(seed=SEED, count=st.integers(1, 60), neighbours=st.integers(1, 70))
def test_search_in_a_flat_index(seed, count, neighbours):
    points, queries = units(count, seed), units(5, seed + 1)
    similarity, rows = FlatIndex(points).search(queries, neighbours)
    assert np.abs(similarity - brute_force(points, queries, neighbours)).max() < 1e-5
    assert 0 <= rows.min() <= rows.max() < count


@FEW
@given(
    seed=SEED, count=st.integers(2, 60), neighbours=st.integers(1, 20), share=st.floats(0.1, 0.9)
)
def test_search_without_excluded_rows(seed, count, neighbours, share):
    points, queries = units(count, seed), units(5, seed + 1)
    excluded = np.random.default_rng(seed).random(count) < share
    excluded[0] = False
    index = InvertedIndex(units(4, seed + 2))
    index.add(points)
    similarity, rows = index.search(queries, neighbours, 4, excluded=excluded)
    assert not excluded[rows].any()
    exact = brute_force(points[~excluded], queries, neighbours)
    assert np.abs(similarity - exact).max() < 1e-5


def templates(count, seed):
    tokens = torch.from_numpy(units(4 * count, seed)).reshape(count, 4, WIDTH)
    none = torch.zeros(count, dtype=torch.long)
    pooled = unit_norm(tokens.mean(dim=1) + 1e-3)
    return Templates(tokens, pooled, torch.arange(count), none, (2, 2))


@FEW
@given(
    seed=SEED,
    count=st.integers(1, 6),
    more=st.integers(1, 3),
    neighbours=st.integers(1, 30),
    hierarchical=st.booleans(),
)
def test_one_more_normal_never_raises_a_cost(seed, count, more, neighbours, hierarchical):
    config = DatabaseConfig(
        prototypes=3,
        tokens_per_prototype=2,
        probes=3,
        neighbours=neighbours,
        exact_below=0 if hierarchical else 1000,
    )
    entry = make_category("part", templates(count, seed), config, normal_cost=1.0, seed=0)
    query = templates(1, seed + 1).tokens[0]
    grown = grow_category(entry, templates(more, seed + 2), config)
    before, after = (retrieve(e, query, config).costs for e in (entry, grown))
    real = min(neighbours, 4 * count)  # beyond them the last cost is only repeated
    assert float((after - before)[:, :real].max()) < 1e-5
    joined = grow_category(entry, templates(1, seed + 1), config)
    found = retrieve(joined, query, config)
    assert float(found.costs[:, 0].max()) == pytest.approx(0.0, abs=1e-5)
