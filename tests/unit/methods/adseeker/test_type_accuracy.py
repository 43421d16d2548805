"""How often the right type is named: measured on categories left out, kept in the card."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.adseeker.regions import NOTHING, UNKNOWN
from adapp.methods.adseeker.type_accuracy import CARD_KEY, card_of, of_card, type_accuracy
from tests.unit.methods.adseeker.planted import CONFIG, planted_regions

TYPES = CONFIG.types


def test_types_far_apart_are_always_right_and_chance_is_one_in_as_many():
    regions, _, _ = planted_regions()  # three types in four categories, and normal pieces
    found = type_accuracy(regions, TYPES)
    assert found.first == found.among_three == pytest.approx(1.0)
    assert found.chance_first == pytest.approx(1 / 3)
    assert found.chance_among_three == pytest.approx(1.0)
    assert (found.defects, found.types) == (36, 3)
    assert "fitted without" in found.setting


def test_features_that_say_nothing_are_right_by_chance():
    regions, _, _ = planted_regions(kinds=(0, 1, 2, 3, 4, 5, NOTHING), each=60)
    order = torch.randperm(len(regions), generator=torch.Generator().manual_seed(0))
    found = type_accuracy(replace(regions, features=regions.features[order]), TYPES)
    assert found.chance_first == pytest.approx(1 / 6)
    assert found.first == pytest.approx(1 / 6, abs=0.1)
    assert found.among_three == pytest.approx(1 / 2, abs=0.12)


def test_every_type_weighs_the_same():
    regions, _, _ = planted_regions(kinds=(0, 1, NOTHING), each=8)
    wrong = regions.features[regions.types == 1][:1].repeat(40, 1)
    crowd = replace(
        regions,
        features=torch.cat([regions.features, wrong]),
        types=torch.cat([regions.types, torch.zeros(40, dtype=torch.long)]),
        categories=torch.cat([regions.categories, torch.full((40,), 4)]),
        outlines=torch.cat([regions.outlines, regions.outlines[:1].repeat(40, 1, 1)]),
    )
    found = type_accuracy(crowd, replace(TYPES, groups=5))
    assert found.defects == 56
    assert found.first == pytest.approx((8 / 48 + 1) / 2, abs=0.02)


def test_without_a_known_defect_nothing_is_measured():
    regions, _, _ = planted_regions()
    hidden = torch.where(regions.types == NOTHING, NOTHING, UNKNOWN)
    assert type_accuracy(replace(regions, types=hidden), TYPES) is None
    assert type_accuracy(regions.at(torch.zeros(0, dtype=torch.long)), TYPES) is None
    assert card_of(None) is None


def test_a_card_gives_back_what_was_measured():
    found = type_accuracy(planted_regions()[0], TYPES)
    assert of_card({CARD_KEY: card_of(found)}) == found
    assert of_card({CARD_KEY: None}) is None
    assert of_card({}) is None
    with pytest.raises(TypeError, match="must be a number"):
        of_card({CARD_KEY: {**card_of(found), "first": "often"}})
