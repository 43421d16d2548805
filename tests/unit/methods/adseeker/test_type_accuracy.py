"""How often the right type is named: measured on categories left out, kept in the card."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.adseeker.centroids import left_out
from adapp.methods.adseeker.regions import NOTHING, UNKNOWN
from adapp.methods.adseeker.type_accuracy import (
    CARD_KEY,
    among_three,
    card_of,
    of_card,
    type_accuracy,
)
from tests.unit.methods.adseeker.planted import CONFIG, planted_regions

TYPES = CONFIG.types


def measured(regions, config=TYPES):
    return type_accuracy(left_out(regions, config))


def test_types_far_apart_are_always_right_and_chance_is_one_in_as_many():
    regions, _, _ = planted_regions()  # three types in four categories, and normal pieces
    found = measured(regions)
    assert found.first == found.among_three == pytest.approx(1.0)
    assert found.chance_first == pytest.approx(1 / 3)
    assert found.chance_among_three == pytest.approx(1.0)
    assert (found.defects, found.types) == (36, 3)
    assert "fitted without" in found.setting


def test_features_that_say_nothing_are_right_by_chance():
    regions, _, _ = planted_regions(kinds=(0, 1, 2, 3, 4, 5, NOTHING), each=60)
    order = torch.randperm(len(regions), generator=torch.Generator().manual_seed(0))
    found = measured(replace(regions, features=regions.features[order]))
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
        around=torch.cat([regions.around, regions.around[:1].repeat(40, 1)]),
        real=torch.cat([regions.real, regions.real[:1].repeat(40)]),
    )
    found = measured(crowd, replace(TYPES, groups=5))
    assert found.defects == 56
    assert found.first == pytest.approx((8 / 48 + 1) / 2, abs=0.02)


def test_without_a_known_defect_nothing_is_measured():
    regions, _, _ = planted_regions()
    hidden = torch.where(regions.types == NOTHING, NOTHING, UNKNOWN)
    assert measured(replace(regions, types=hidden)) is None
    assert measured(regions.at(torch.zeros(0, dtype=torch.long))) is None
    assert card_of(None) is None


def test_a_card_gives_back_what_was_measured():
    found = measured(planted_regions()[0])
    assert of_card({CARD_KEY: card_of(found)}) == found
    assert of_card({CARD_KEY: None}) is None
    assert of_card({}) is None
    with pytest.raises(TypeError, match="must be a number"):
        of_card({CARD_KEY: {**card_of(found), "first": "often"}})


def test_real_and_drawn_outlined_and_loosened_weigh_the_same():
    regions, truth, _ = planted_regions(kinds=(0, 1, 2, 3, 4, 5, NOTHING), each=60)
    assert among_three(left_out(regions, TYPES)) == pytest.approx(1.0)
    # drawn ones and ones cut out too wide say nothing: two of the four figures are chance or less
    drawn = replace(regions, real=torch.arange(len(regions)) % 8 > 0)
    adrift = torch.where(drawn.real[:, None], drawn.features, -drawn.features)
    mixed = among_three(left_out(replace(drawn, features=adrift), TYPES))
    assert 0.5 <= mixed < 0.9
    wide = replace(regions, around=-3.0 * regions.features)
    assert 0.5 <= among_three(left_out(wide, TYPES)) < 0.75
    assert among_three(None) is None
    silent = torch.where(truth == NOTHING, NOTHING, UNKNOWN)
    assert among_three(left_out(replace(regions, types=silent), TYPES)) is None
