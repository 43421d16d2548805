"""Keys and locks: checked, and joined so that one inner product is the weighted sum."""

import numpy as np
import pytest

from adapp.knowledge.evidence import (
    CHANNELS,
    TYPES,
    ChannelWeights,
    Keys,
    Locks,
    RegionKey,
    join,
    join_keys,
)
from tests.unit.knowledge.vectors import locks, unit

WEIGHTS = ChannelWeights(whole=0.4, detail=0.3, text=0.2, type=0.1)


def keys(seed: int = 5, **types: float) -> Keys:
    rng = np.random.default_rng(seed)
    crop = unit(rng, 1, 16)[0]
    return Keys(unit(rng, 1, 16)[0], unit(rng, 1, 12)[0], (RegionKey(crop, types),))


def test_inner_product_of_joined_vectors_is_the_weighted_sum():
    held, asked = locks(5), keys(crack=0.7, scratch=0.2)
    (key,) = join_keys(asked, held, WEIGHTS)
    expected = (
        0.4 * held.whole @ asked.picture
        + 0.3 * held.detail @ asked.regions[0].picture
        + 0.2 * held.text @ asked.text
        + 0.1 * np.array([0.7, 0.2, 0.0, 0.0, 0.7])
    )
    np.testing.assert_allclose(held.joined(WEIGHTS) @ key.vector, expected, atol=1e-6)
    assert key.channels == set(CHANNELS)


def test_absent_channels_are_zero_and_not_listed():
    (key,) = join_keys(Keys(text=unit(np.random.default_rng(1), 1, 12)[0]), locks(3), WEIGHTS)
    assert key.channels == {"text"}
    assert np.count_nonzero(key.vector) == 12


def test_each_region_gives_a_key():
    regions = (RegionKey(types={"crack": 1.0}), RegionKey(types={"normal": 0.5}))
    joined = list(join_keys(Keys(regions=regions), locks(3), WEIGHTS))
    assert len(joined) == 2
    assert not np.array_equal(joined[0].vector, joined[1].vector)


def test_locks_know_what_they_have():
    held = locks(4)
    held.whole[1] = 0
    having = held.having()
    assert having["whole"].tolist() == [True, False, True, True]
    assert having["type"].tolist() == [True, True, False, True]
    assert held.widths() == (16, 16, 12, len(TYPES))


def test_locks_join_and_can_be_picked():
    first, second = locks(3), locks(2, seed=1)
    both = join([first, second])
    assert len(both) == 5
    np.testing.assert_array_equal(both.rows(np.array([3, 4])).text, second.text)
    assert both.types == (*first.types, *second.types)
    with pytest.raises(ValueError, match="no locks"):
        join([])


def test_locks_of_no_unit_norm_are_refused():
    held = locks(2)
    with pytest.raises(ValueError, match="text lock is neither zero nor of unit norm"):
        Locks(held.whole, held.detail, held.text * 2, held.types)


def test_locks_of_different_counts_are_refused():
    held = locks(2)
    with pytest.raises(ValueError, match="different numbers"):
        Locks(held.whole, held.detail[:1], held.text, held.types)


def test_unknown_type_of_a_lock_is_refused():
    with pytest.raises(ValueError, match="unknown canonical type 'sadness'"):
        locks(1, types=["sadness"])


@pytest.mark.parametrize("share", [{"sadness": 0.5}, {"crack": 1.5}, {"crack": float("nan")}])
def test_impossible_type_probabilities_are_refused(share):
    with pytest.raises(ValueError, match="type probabilities"):
        list(join_keys(keys(**share), locks(1), WEIGHTS))


def test_key_of_another_width_is_refused():
    with pytest.raises(ValueError, match="the picture key must be a unit vector of 16"):
        list(join_keys(Keys(picture=np.ones(3, np.float32)), locks(1), WEIGHTS))


@pytest.mark.parametrize(
    "wrong", [{"whole": -0.1}, {"whole": 0, "detail": 0, "text": 0, "type": 0}]
)
def test_impossible_weights_are_refused(wrong):
    with pytest.raises(ValueError, match="non-negative and not all zero"):
        ChannelWeights(**wrong)
