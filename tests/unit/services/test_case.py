"""What reasoners are told about a part is what the page shows about it."""

from dataclasses import replace

import numpy as np
import pytest

from adapp.knowledge.defect_types import CANONICAL
from adapp.services.case import case_of
from adapp.services.regions import Thresholds, regions
from tests.fakes import ACCURACY
from tests.unit.services.inspected import inspection, typed

LIMITS = Thresholds(image=0.4, pixel=0.4)
SCRATCH = {"scratch": 0.7, "cut": 0.1, "": 0.2}


def test_facts_follow_the_users_thresholds():
    run = inspection()
    assert case_of(run, 0, LIMITS).facts.label == "anomalous"
    strict = case_of(run, 0, Thresholds(image=2.0, pixel=0.4)).facts
    assert (strict.label, strict.threshold) == ("normal", 2.0)
    assert (strict.method, strict.category) == ("RAID", "plate")
    assert (strict.normals_below, strict.n_normals, strict.basis) == (3, 3, "leave_one_out")


def test_regions_come_with_the_nearest_normal_patch():
    run = inspection()
    case = case_of(run, 0, LIMITS)
    found = regions(run.outcomes[0].result.fused_map, 0.4)
    assert [one.box for one in case.regions] == [one.box for one in found]
    match = case.regions[0].match
    assert 1 <= match.picture <= 3
    assert match.crop.ndim == 3


def test_zero_shot_method_has_no_match_and_no_types():
    run = inspection(normals=0, detector="kanoclip")
    case = case_of(run, 0, Thresholds(image=0.1, pixel=0.1))
    assert case.regions
    assert all(one.match is None and one.types == () for one in case.regions)
    assert case.facts.normals_below is None


def test_types_reach_facts_regions_and_search():
    case = case_of(typed(inspection(), SCRATCH), 0, LIMITS)
    for types in (case.facts.types, case.regions[0].types):
        told = [(one.name, round(one.probability, 6)) for one in types]
        assert told == [("scratch", 0.7), ("", 0.2), ("cut", 0.1)]
    query = case.page_query("plate")
    asked = query.regions[0].types
    assert set(asked) == set(CANONICAL)
    assert asked["scratch"] == pytest.approx(0.7 + 0.2 / 2)
    assert asked["cut"] == pytest.approx(0.1 + 0.2 / 2)
    assert asked["dent"] == pytest.approx(0.2 / 2)
    assert query.regions[0].box == case.regions[0].box
    assert query.text == "plate"


def test_each_region_has_its_own_types_and_the_accuracy_comes_along():
    run = inspection(normals=0, detector="adseeker")
    case = case_of(run, 0, LIMITS)
    assert case.regions[0].types[0].name == "scratch"
    assert case.facts.type_accuracy == ACCURACY
    told = case_of(inspection(), 0, LIMITS).facts
    assert (told.types, told.type_accuracy) == ((), None)


def test_none_of_these_leaves_every_page_about_defects_open():
    unknown = case_of(typed(inspection(), {"scratch": 0.02, "": 0.98}), 0, LIMITS)
    plain = case_of(inspection(), 0, LIMITS)
    asked, any_defect = (one.page_query("").regions[0].types for one in (unknown, plain))
    assert max(abs(asked[name] - any_defect[name]) for name in any_defect) < 0.02


def test_a_normal_part_has_no_type_whatever_its_regions_look_like():
    run = typed(inspection(), SCRATCH)
    case = case_of(run, 0, Thresholds(image=2.0, pixel=0.4))
    assert case.regions
    assert all(one.types == () for one in case.regions)
    assert (case.facts.types, case.facts.type_accuracy) == ((), None)


@pytest.mark.parametrize("defect", [None, (10, 20, 30, 50)])
def test_a_sound_part_asks_for_pages_about_sound_parts(defect):
    run = inspection(defect=defect)
    case = case_of(run, 0, LIMITS)
    looks = case.page_query("").regions
    if defect is None:
        assert [(look.box, look.types) for look in looks] == [(None, {"normal": 1.0})]
    else:
        assert all("normal" not in look.types for look in looks)


def test_another_variant_is_named():
    run = inspection()
    other = replace(run, provenance=replace(run.provenance, variant="retrieval"))
    assert case_of(other, 0, LIMITS).facts.method == "RAID retrieval"
    assert np.array_equal(case_of(other, 0, LIMITS).picture, run.outcomes[0].image.pixels)
