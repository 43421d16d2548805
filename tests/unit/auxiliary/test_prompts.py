"""Prompts: readable sentences, one form whatever the part is called."""

import pytest

from adapp.auxiliary.names import DEFECTS
from adapp.auxiliary.prompts import (
    ANOMALOUS,
    NORMAL,
    PHRASINGS,
    state_prompts,
    static_prompts,
    type_prompts,
    typed_prompts,
)


def test_every_state_in_every_phrasing():
    prompts = state_prompts("bottle", NORMAL, PHRASINGS)
    assert len(set(prompts)) == len(NORMAL) * len(PHRASINGS)
    assert prompts[0] == "normal bottle"
    assert "a photo of a bottle without defect" in prompts
    assert all("bottle" in prompt and "{" not in prompt for prompt in prompts)


def test_static_prompts_come_in_pairs_that_differ():
    normal, anomalous = static_prompts("metal plate")
    assert len(normal) == len(anomalous) == 4 * len(NORMAL) == 4 * len(ANOMALOUS)
    assert set(normal).isdisjoint(anomalous)


@pytest.mark.parametrize("name", ["", "  "])
def test_a_part_without_name_is_an_object(name):
    assert static_prompts(name) == static_prompts("object")


def test_typed_prompts_name_part_and_defect():
    prompts = typed_prompts("wood", "missing_part")
    assert "wood with missing part" in prompts
    assert all("wood" in prompt for prompt in prompts)
    assert typed_prompts("wood", "defect") == []
    assert typed_prompts("wood", "never_heard_of")[0] == "wood with never heard of"


def test_every_type_has_sentences_of_its_own():
    told = type_prompts()
    assert set(told) == set(DEFECTS)
    assert "a photo of scratch" in told["scratch"]
    assert set(told["crack"]).isdisjoint(told["scratch"])
