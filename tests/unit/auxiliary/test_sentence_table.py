"""The sentence table: every prompt encoded once, drawn by name and state."""

import numpy as np
import pytest
import torch

from adapp.auxiliary.names import GENERIC
from adapp.auxiliary.prompts import ANOMALOUS, NORMAL, PHRASINGS
from adapp.auxiliary.sentence_table import PHRASED, TYPED_KEPT, make_table


class Tower:
    """A tower whose vector of a sentence says which one it was."""

    def __init__(self):
        self.prompts = []

    def sentences(self, prompts):
        assert not self.prompts, "asked more than once"
        self.prompts = list(prompts)
        return torch.arange(len(prompts), dtype=torch.float32)[:, None]

    def told(self, vectors):
        return [self.prompts[int(v)] for v in vectors[:, 0]]


class Part:
    """What the table needs of a shelf."""

    def __init__(self, category, defect_types):
        self.category = category
        self.defect_types = defect_types


SHELVES = [
    Part("magnetic_tile/tile", ("", "crack", "blowhole")),
    Part("mine/rubber_duck", ("", "crack", "odd_shape")),
]


@pytest.fixture
def tower():
    return Tower()


@pytest.fixture
def table(tower):
    return make_table(tower, SHELVES, seed=0)


def test_each_sentence_is_encoded_once(tower, table):
    assert len(tower.prompts) == len(set(tower.prompts))
    assert table.types == ("blowhole", "crack", "odd_shape")


def test_vectors_stand_for_the_name_and_state_they_are_kept_under(tower, table):
    for name in ("magnetic tile", "ferrite tile", "rubber duck", *GENERIC):
        normal, anomalous = tower.told(table.normal[name]), tower.told(table.anomalous[name])
        phrased = len(PHRASINGS) if name in GENERIC else PHRASED
        assert len(normal) == phrased * len(NORMAL)
        assert len(anomalous) == phrased * len(ANOMALOUS)
        assert all(name in prompt for prompt in (*normal, *anomalous))
        assert set(normal).isdisjoint(anomalous)


def test_typed_sentences_name_the_defect(tower, table):
    told = tower.told(table.typed["magnetic tile", "blowhole"])
    assert len(told) == TYPED_KEPT
    assert all("magnetic tile" in prompt for prompt in told)
    assert any(word in " ".join(told) for word in ("blowhole", "gas pore", "cavity"))
    assert ("object", "blowhole") in table.typed
    assert ("rubber duck", "blowhole") not in table.typed
    position = table.types.index("odd_shape")
    assert all("odd shape" in prompt for prompt in tower.told(table.type_vectors[position]))


def test_names_are_drawn_with_dropout(table):
    rng = np.random.default_rng(0)
    drawn = [table.draw_name(0, rng, 0.4) for _ in range(4000)]
    generic = np.mean([name in GENERIC for name in drawn])
    assert generic == pytest.approx(0.4, abs=0.03)
    assert np.mean([name == "object" for name in drawn]) == pytest.approx(0.24, abs=0.03)
    assert {"magnetic tile", "ferrite tile", "ceramic surface"} <= set(drawn)
    assert table.draw_name(1, rng, 0.0) == "rubber duck"


def test_a_restricted_table_speaks_of_its_shelves_alone(tower, table):
    rng = np.random.default_rng(0)
    few = table.restricted(SHELVES[1:])
    assert few.types == ("crack", "odd_shape")
    assert all("odd shape" in prompt for prompt in tower.told(few.type_vectors[1]))
    assert {few.draw_name(0, rng, 0.0) for _ in range(9)} == {"rubber duck"}
