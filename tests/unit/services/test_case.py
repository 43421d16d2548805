"""What reasoners are told about a part is what the page shows about it."""

from dataclasses import replace

import numpy as np
import pytest

from adapp.core.reasoner import TypeProbability
from adapp.services.case import TypeEvidence, case_of
from adapp.services.regions import Thresholds, regions
from tests.unit.services.inspected import inspection

LIMITS = Thresholds(image=0.4, pixel=0.4)
SCRATCH = (TypeProbability("scratch", 0.7), TypeProbability("", 0.2))


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
    told = TypeEvidence(SCRATCH, (SCRATCH,))
    case = case_of(inspection(), 0, LIMITS, told)
    assert case.facts.types == SCRATCH
    assert case.regions[0].types == SCRATCH
    query = case.page_query("plate")
    assert query.regions[0].types == {"scratch": 0.7}
    assert query.regions[0].box == case.regions[0].box
    assert query.text == "plate"


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
