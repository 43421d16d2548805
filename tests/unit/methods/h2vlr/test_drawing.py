"""Episodes: supports and queries never share a picture, and nothing is drawn by chance."""

import numpy as np
import pytest
import torch

from adapp.auxiliary.bank import content_key
from adapp.methods.h2vlr.comparison import channels
from adapp.methods.h2vlr.drawing import episodes_of, ground_pictures, held_against
from adapp.methods.h2vlr.episodes import (
    Chunk,
    EpisodeStore,
    chunks,
    features_of,
    steps,
    truth_of,
)
from adapp.methods.h2vlr.presets import TINY
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import CELLS, GRID, shelf

DTYPE = torch.float32


def test_the_original_of_a_damaged_copy_is_found():
    part = shelf(normals=5, real=3, made=6)
    found = ground_pictures(part)
    assert found[:8].tolist() == [-1] * 8
    assert found[8:].tolist() == [3, 4, 0, 1, 2, 3]


def test_supports_are_normal_and_never_among_the_queries():
    part = shelf()
    originals = ground_pictures(part)
    episodes = episodes_of(part, None, TINY, DTYPE)
    assert [len(episode.supports) for episode in episodes] == [1, 2, 4]
    for episode in episodes:
        assert int(part.label[episode.supports].sum()) == 0
        assert not set(episode.supports.tolist()) & set(episode.queries.tolist())
        assert not set(episode.supports.tolist()) & set(originals[episode.queries].tolist())
        assert set(part.label[episode.queries].tolist()) == {0, 1}


def test_the_same_shelf_gives_the_same_episodes():
    one, other = (episodes_of(shelf(), None, TINY, DTYPE) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        for name in first.__slots__:
            assert torch.equal(getattr(first, name), getattr(second, name))


def test_a_category_without_normals_lends_its_unmasked_patches():
    part = shelf(normals=0, real=9, made=0)
    for episode in episodes_of(part, None, TINY, DTYPE):
        touched = part.target[episode.supports].view(-1, GRID[0], 4, GRID[1], 4)
        anomalous = touched.amax(dim=(2, 4)).flatten().bool()
        assert not bool(anomalous[episode.place.long()].any())
        assert len(episode.queries) >= 2


def test_a_shelf_that_is_too_small_gives_nothing():
    assert episodes_of(shelf(normals=0, real=3, made=0), None, TINY, DTYPE) == []


def test_what_was_held_against_the_supports():
    part = shelf()
    episode = held_against(part, [0, 1], [2, 9], None, TINY, DTYPE)
    assert episode.visual.shape == (2, CELLS)
    assert episode.evidence.shape == (2, CELLS, len(channels(TINY)))
    assert int(episode.place.max()) < 2 * CELLS
    defect = part.target[9].view(GRID[0], 4, GRID[1], 4).amax(dim=(1, 3)).flatten().bool()
    assert float(episode.visual[1, defect].min()) > float(episode.visual[0].max())


def test_kept_features_come_back_with_unit_norm():
    features = features_of(shelf(), torch.tensor([3, 1]))
    assert features.patches.shape == (4, 2, CELLS, 64)
    assert_same(features.patches.norm(dim=-1), torch.ones(4, 2, CELLS))
    assert features.local is None
    truth = truth_of(shelf(), torch.tensor([0, 9]))
    assert truth.label.tolist() == [0.0, 1.0]
    assert float(truth.target[0].sum()) == 0
    assert float(truth.target[1].sum()) == 64


def test_every_query_is_dealt_once_and_each_chunk_can_be_ranked():
    part = shelf()
    episodes = episodes_of(part, None, TINY, DTYPE)
    found = chunks(episodes, [part] * len(episodes), 6, np.random.default_rng(0))
    for number, episode in enumerate(episodes):
        own = [chunk for chunk in found if chunk.episode == number]
        rows = sorted(row for chunk in own for row in chunk.rows)
        assert rows == list(range(len(episode)))
        assert len(own) == round(len(episode) / 6)
        for chunk in own:
            labels = part.label[episode.queries[list(chunk.rows)]]
            assert set(labels.tolist()) == {0, 1}
    other = chunks(episodes, [part] * len(episodes), 6, np.random.default_rng(1))
    assert other != found


def test_the_last_step_may_be_smaller():
    found = [Chunk(number, (0,)) for number in range(5)]
    assert [len(group) for group in steps(found, 2)] == [2, 2, 1]


def test_the_store_gives_back_what_it_took_and_forgets_what_is_broken(tmp_path):
    store, episodes = EpisodeStore(tmp_path), episodes_of(shelf(), None, TINY, DTYPE)
    assert store.load("key") is None
    store.save("key", episodes)
    kept = store.load("key")
    assert len(kept) == len(episodes)
    for first, second in zip(kept, episodes, strict=True):
        assert torch.equal(first.evidence, second.evidence)
        assert torch.equal(first.members, second.members)
    assert store.load("other") is None
    store.path("key").write_bytes(b"half a file")
    assert store.load("key") is None


def test_other_pictures_have_another_key():
    assert content_key(shelf(seed=1)) != content_key(shelf(seed=2))
    assert content_key(shelf(seed=1)) == content_key(shelf(seed=1))


def test_neighbours_in_the_joint_space_need_it():
    from dataclasses import replace

    config = replace(TINY, graph=replace(TINY.graph, structure="joint"))
    with pytest.raises(ValueError, match="need the joint space"):
        episodes_of(shelf(), None, config, DTYPE)
