"""The inverted file against a torch oracle that does the same thing slowly."""

import numpy as np
import pytest
import torch

from adapp.retrieval.index import FlatIndex, InvertedIndex, careful_clusters, cluster

WIDTH = 24
LISTS = 20


def vectors(count, seed=0, width=WIDTH, looks=12):
    """Return unit vectors [count, width] float32 around a few directions, like patches do."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(looks, width))
    points = centres[rng.integers(0, looks, count)] + 0.6 * rng.normal(size=(count, width))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def indexed(points, lists=LISTS):
    centroids = cluster(points, lists, seed=0)
    index = InvertedIndex(centroids)
    index.add(points)
    return index, centroids


def oracle(points, centroids, queries, neighbours, probes, excluded=None):
    """Return what ``InvertedIndex.search`` promises, one query at a time, in torch."""
    points, centroids, queries = (torch.from_numpy(x) for x in (points, centroids, queries))
    home = (points @ centroids.T).argmax(dim=1)
    allowed = torch.ones(len(points), dtype=torch.bool)
    if excluded is not None:
        allowed &= ~torch.from_numpy(excluded)
    similarities, rows = [], []
    for query in queries:
        looked = min(probes, len(centroids))
        while True:
            near = (centroids @ query).topk(looked).indices
            inside = (torch.isin(home, near) & allowed).nonzero().squeeze(1)
            if len(inside) >= neighbours or looked == len(centroids):
                break
            looked = min(2 * looked, len(centroids))
        best = (points[inside] @ query).sort(descending=True, stable=True)
        order = torch.arange(neighbours).clamp_max(len(inside) - 1)
        similarities.append(best.values[order])
        rows.append(inside[best.indices[order]])
    return torch.stack(similarities).numpy(), torch.stack(rows).numpy()


def share_found(rows, expected):
    """Return the share of the expected rows of each query that were found."""
    return np.mean(
        [len(set(a) & set(b)) / len(set(b)) for a, b in zip(rows, expected, strict=True)]
    )


def test_centroids_have_unit_length_and_repeat_with_the_seed():
    points = vectors(400)
    centroids = cluster(points, LISTS, seed=3)
    assert centroids.shape == (LISTS, WIDTH)
    assert centroids.dtype == np.float32
    assert np.linalg.norm(centroids, axis=1) == pytest.approx(np.ones(LISTS), abs=1e-5)
    assert np.array_equal(centroids, cluster(points, LISTS, seed=3))


@pytest.mark.parametrize("seed", range(5))
def test_careful_clusters_find_every_planted_group(seed):
    rng = np.random.default_rng(seed)
    centres = np.eye(40, dtype=np.float32)[:36]
    members = rng.integers(3, 40, 36)  # groups of very different size
    points = np.repeat(centres, members, axis=0)
    points = points + rng.uniform(0.01, 0.05, (36, 1)).repeat(members, 0) * rng.normal(
        size=points.shape
    )
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    centroids = careful_clusters(points, 36, seed=seed)
    assert (centres @ centroids.T).max(axis=1).min() > 0.97
    assert np.array_equal(centroids, careful_clusters(points, 36, seed=seed))


def test_careful_clusters_take_vectors_that_are_all_the_same():
    points = np.repeat(vectors(1), 6, axis=0)
    centroids = careful_clusters(points, 2, seed=0)
    assert centroids.shape == (2, WIDTH)
    assert (points @ centroids.T).max(axis=1) == pytest.approx(np.ones(6), abs=1e-5)


def test_more_clusters_than_vectors_are_refused():
    with pytest.raises(ValueError, match="cannot make 5 clusters from 4 vectors"):
        cluster(vectors(4), 5, seed=0)
    with pytest.raises(ValueError, match="cannot make 5 clusters from 4 vectors"):
        careful_clusters(vectors(4), 5, seed=0)


@pytest.mark.parametrize("neighbours", [1, 7, 60])
@pytest.mark.parametrize("probes", [1, 2, 5, 11, LISTS])
def test_the_inverted_file_equals_the_torch_oracle(probes, neighbours):
    points, queries = vectors(600), vectors(40, seed=1)
    index, centroids = indexed(points)
    similarity, rows = index.search(queries, neighbours, probes)
    expected, expected_rows = oracle(points, centroids, queries, neighbours, probes)
    assert similarity.shape == rows.shape == (40, neighbours)
    assert similarity == pytest.approx(expected, abs=1e-5)
    assert share_found(rows, expected_rows) == 1.0


def test_all_lists_equal_the_flat_index_exactly():
    points, queries = vectors(600), vectors(40, seed=1)
    index, _ = indexed(points)
    similarity, rows = index.search(queries, 30, LISTS)
    flat_similarity, flat_rows = FlatIndex(points).search(queries, 30)
    assert similarity == pytest.approx(flat_similarity, abs=1e-6)
    assert share_found(rows, flat_rows) == 1.0


def test_the_flat_index_equals_a_full_sort():
    points, queries = vectors(300), vectors(20, seed=1)
    similarity, rows = FlatIndex(points).search(queries, 9)
    expected = -np.sort(-(queries @ points.T), axis=1)[:, :9]
    assert similarity == pytest.approx(expected, abs=1e-6)
    assert np.take_along_axis(queries @ points.T, rows, 1) == pytest.approx(expected, abs=1e-6)


def test_recall_and_nearest_cost_approach_the_flat_search_with_more_probes():
    points, queries = vectors(3000, looks=300), vectors(200, seed=1, looks=300)
    index, _ = indexed(points)
    flat_similarity, flat_rows = FlatIndex(points).search(queries, 50)
    recalls, errors = [], []
    for probes in (1, 2, 5, 10, LISTS):
        similarity, rows = index.search(queries, 50, probes)
        recalls.append(share_found(rows, flat_rows))
        errors.append(np.abs(similarity[:, 0] - flat_similarity[:, 0]).mean())
    assert recalls == sorted(recalls)
    assert errors == sorted(errors, reverse=True)
    assert recalls[0] < 0.5  # one list misses many, or the test shows nothing
    assert recalls[3] > 0.9
    assert errors[2] < 0.005
    assert recalls[-1] == 1.0
    assert errors[-1] < 1e-6


def test_too_short_lists_are_filled_from_the_next_ones():
    points, queries = vectors(1024, looks=60), vectors(50, seed=1, looks=60)
    index, centroids = indexed(points, lists=50)
    similarity, rows = index.search(queries, 150, probes=5)  # five lists hold about 102
    expected, _ = oracle(points, centroids, queries, 150, 5)
    assert all(len(set(row)) == 150 for row in rows.tolist())
    assert similarity == pytest.approx(expected, abs=1e-5)


def test_sixty_vectors_give_150_sorted_finite_neighbours():
    points, queries = vectors(60), vectors(30, seed=1)
    index, _ = indexed(points, lists=3)
    for similarity, rows in (index.search(queries, 150, 1), FlatIndex(points).search(queries, 150)):
        assert similarity.shape == rows.shape == (30, 150)
        assert rows.min() >= 0
        assert np.abs(similarity).max() <= 1.001
        assert (np.diff(similarity, axis=1) <= 0).all()
        assert all(sorted(row[:60]) == list(range(60)) for row in rows.tolist())
        assert (rows[:, 60:] == rows[:, 59:60]).all()
        assert (similarity[:, 60:] == similarity[:, 59:60]).all()


def test_empty_lists_are_passed_over():
    points = vectors(60)
    centroids = np.concatenate([-points[:5], cluster(points, 3, seed=0)])  # five lists stay empty
    index = InvertedIndex(np.ascontiguousarray(centroids))
    index.add(points)
    _, rows = index.search(-points[:5], 4, probes=1)  # the first list probed is an empty one
    assert rows.min() >= 0
    assert all(len(set(row)) == 4 for row in rows.tolist())


def test_vectors_added_later_are_found_under_the_next_rows():
    points, late = vectors(200), vectors(10, seed=5)
    index, _ = indexed(points, lists=5)
    index.add(late)
    assert len(index) == 210
    assert index.lists == 5
    similarity, rows = index.search(late, 1, probes=1)
    assert rows[:, 0].tolist() == list(range(200, 210))
    assert similarity[:, 0] == pytest.approx(np.ones(10), abs=1e-5)


@pytest.mark.parametrize("probes", [1, 5, LISTS])
def test_excluded_rows_are_not_found(probes):
    points = vectors(600)
    index, centroids = indexed(points)
    excluded = np.zeros(600, dtype=bool)
    excluded[:40] = True
    similarity, rows = index.search(points[:40], 20, probes, excluded=excluded)
    expected, expected_rows = oracle(points, centroids, points[:40], 20, probes, excluded)
    assert rows.min() >= 40
    assert similarity == pytest.approx(expected, abs=1e-5)
    assert share_found(rows, expected_rows) == 1.0
    assert index.search(points[:40], 1, probes)[1][:, 0].tolist() == list(range(40))


def test_an_index_with_nothing_to_find_is_refused():
    points = vectors(60)
    empty = InvertedIndex(cluster(points, 3, seed=0))
    with pytest.raises(ValueError, match="empty"):
        empty.search(points, 1, probes=1)
    empty.add(points)
    with pytest.raises(ValueError, match="exclude"):
        empty.search(points, 1, probes=3, excluded=np.ones(60, dtype=bool))


def test_search_changes_neither_its_input_nor_the_index():
    points, queries = vectors(600), vectors(40, seed=1)
    index, _ = indexed(points)
    given = queries.copy()
    first = index.search(queries, 20, 3, excluded=np.arange(600) < 300)
    again = index.search(queries, 20, 3, excluded=np.arange(600) < 300)
    assert np.array_equal(queries, given)
    assert np.array_equal(first[1], again[1])
    assert len(index) == 600


def test_a_grown_index_finds_what_one_built_anew_finds_and_leaves_the_old_one_alone():
    points, late = vectors(600), vectors(60, seed=5)
    index, centroids = indexed(points)
    before = index.search(late, 3, 4)
    larger = index.grown(late)
    anew = InvertedIndex(centroids)
    anew.add(np.concatenate([points, late]))
    for mine, theirs in zip(larger.search(late, 3, 4), anew.search(late, 3, 4), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert (larger.search(late, 1, LISTS)[1][:, 0] == np.arange(600, 660)).all()
    assert len(index) == 600
    for mine, theirs in zip(index.search(late, 3, 4), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
