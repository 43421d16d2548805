"""Types of defect per region: the region's own patches decide, none is invented."""

from dataclasses import replace

import numpy as np
import pytest

from adapp.core.reasoner import TypeProbability
from adapp.core.results import AnomalyResult, DefectTypes, Provenance
from adapp.ops.outline import READINGS
from adapp.services.region_types import (
    ONLY_IF,
    TOLD,
    likely_types,
    names_types,
    only_if_anomalous,
    picture_types,
    region_types,
    told_note,
    type_note,
    type_words,
    types_json,
    types_of,
)
from adapp.services.regions import regions
from tests.fakes import ACCURACY

PROVENANCE = Provenance(
    *("method", "variant", "tiny", "backbone", None, None, (), "free", 0, "cpu", "float32")
)
NAMES = ("scratch", "hole", "dent", "stain", "")


@pytest.fixture
def result():
    """A scratch top left, a hole bottom right, nothing elsewhere; 4 x 4 patches on 80 x 120."""
    fused = np.zeros((80, 120), np.float32)
    fused[5:15, 5:25] = 0.8
    fused[62:78, 92:118] = 0.9
    logits = np.zeros((4, 4, len(NAMES)), np.float32)
    logits[..., -1] = 3.0
    logits[0, 0, 0] = 6.0
    logits[3, 3, 1] = 6.0
    types = DefectTypes(NAMES, logits)
    zeros = np.zeros_like(fused)
    return AnomalyResult(fused, zeros, 1.0, fused, 0.9, (0, 1), PROVENANCE, defect_types=types)


def test_each_region_is_told_by_its_own_patches(result):
    hole, scratch = regions(result.fused_map, 0.5)
    assert region_types(result, hole, 0.5)[0].name == "hole"
    told = region_types(result, scratch, 0.5)
    assert told[0].name == "scratch"
    expected = np.exp(6) / (np.exp(6) + np.exp(3) + 3)
    assert told[0].probability == pytest.approx(expected, rel=1e-4)


def test_the_named_ones_are_few_and_none_of_these_always_stands_beside_them(result):
    (first, *_) = regions(result.fused_map, 0.5)
    told = region_types(result, first, 0.5)
    assert len(told) == TOLD + 1
    assert sum(one.name == "" for one in told) == 1
    chances = [one.probability for one in told]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) <= 1


def test_pixels_below_the_threshold_have_no_say(result):
    result.fused_map[0:80, 0:120] = np.maximum(result.fused_map, 0.3)
    (hole, _) = regions(result.fused_map, 0.5)
    assert region_types(result, hole, 0.5)[0].probability > 0.9


def test_a_whole_picture_is_told_by_what_stands_out(result):
    names = [one.name for one in picture_types(result, 0.5)]
    assert set(names[:3]) == {"scratch", "hole", ""}
    assert picture_types(result, 0.85)[0].name == "hole"
    calm = picture_types(result, 0.95)
    assert calm[0].name == "hole"


def test_a_method_without_types_tells_none(result):
    plain = replace(result, defect_types=None)
    (first, *_) = regions(plain.fused_map, 0.5)
    assert region_types(plain, first, 0.5) == ()
    assert picture_types(plain, 0.5) == ()


def test_a_pixel_speaks_for_the_patch_that_it_lies_in(result):
    """A region over two patches is told by each in proportion to its pixels there."""
    fused = np.zeros((80, 120), np.float32)
    fused[10:30, 0:30] = 0.8  # ten rows in each of two patches, one of them a scratch
    moved = replace(result, base_map=fused, fused_map=fused)
    (region,) = regions(fused, 0.5)
    told = {one.name: one.probability for one in region_types(moved, region, 0.5)}
    expected = np.exp([3.0, 0.0, 0.0, 0.0, 3.0])
    assert told["scratch"] == pytest.approx(expected[0] / expected.sum(), rel=1e-5)


def test_json_keeps_every_type_and_calls_none_of_these_by_name():
    types = (TypeProbability("missing_part", 0.5), TypeProbability("", 0.25))
    told = types_json(types)
    assert told == [
        {"type": "missing_part", "probability": 0.5},
        {"type": "none_of_these", "probability": 0.25},
    ]
    assert types_of(told) == types
    assert types_json(()) == []
    assert [type_words(one) for one in types] == [
        "missing part 50 %",
        "none of the known types 25 %",
    ]


def test_a_normal_picture_has_no_likely_type():
    types = types_json([TypeProbability("scratch", 0.9)])
    assert likely_types({"verdict": "normal", "types": types}) == ()
    assert likely_types({"verdict": "anomalous", "types": types})[0].name == "scratch"
    assert likely_types({"verdict": "anomalous"}) == ()


def test_a_normal_verdict_keeps_the_regions_and_names_no_type():
    types = types_json([TypeProbability("scratch", 0.9)])
    told = {"types": types, "regions": [{"box": [0, 0, 4, 4], "types": types}], "score": 0.2}
    assert only_if_anomalous({**told, "verdict": "anomalous"}) == {**told, "verdict": "anomalous"}
    sound = only_if_anomalous({**told, "verdict": "normal"})
    assert sound["types"] == []
    assert sound["regions"] == [{"box": [0, 0, 4, 4], "types": []}]
    assert sound["score"] == 0.2
    assert told["regions"][0]["types"] == types, "what was given is left as it was"


def test_the_first_picture_of_a_batch_says_whether_types_are_told():
    refused, typed, plain = {"refused": "no picture"}, {"query": {"types": [{}]}}, {"query": {}}
    assert names_types([refused, typed])
    assert not names_types([refused, plain])
    assert not names_types([refused])


def test_the_measured_accuracy_is_told_beside_chance_and_its_absence_too():
    told = type_note(ACCURACY)
    assert told.startswith(ONLY_IF)
    assert "812 outlined defects of other parts" in told
    assert "first for 41 % and among the first three for 66 %" in told
    assert "by chance 5.0 % and 16 %" in told
    assert "was not measured for this checkpoint" in type_note(None)
    assert told_note({}) == type_note(None)


def test_the_form_of_a_region_is_heard_where_the_method_hears_it(result):
    """Two regions with equal patches: the long one is a scratch, the compact one a hole."""
    fused = np.zeros((80, 120), np.float32)
    fused[10:13, 5:100] = 0.8
    fused[50:70, 60:80] = 0.9
    forms = np.zeros((READINGS + 1, len(NAMES) - 1), np.float32)
    longer = 3
    forms[longer, 0], forms[-1, 1] = 4.0, 4.0
    silent = np.zeros((4, 4, len(NAMES)), np.float32)
    zeros = np.zeros_like(fused)
    types = DefectTypes(NAMES, silent, outlines=forms)
    heard = replace(result, base_map=fused, residual_map=zeros, fused_map=fused, defect_types=types)
    compact, line = sorted(regions(fused, 0.5), key=lambda one: one.box[3] - one.box[1])
    assert region_types(heard, line, 0.5)[0].name == "scratch"
    assert region_types(heard, compact, 0.5)[0].name == "hole"
    chances = {one.name: one.probability for one in picture_types(heard, 0.95)}
    assert chances[""] < 0.5


def test_a_picture_smaller_than_the_cells_has_a_form(result):
    small = np.zeros((9, 7), np.float32)
    small[2:4, 1:6] = 0.9
    forms = np.zeros((READINGS + 1, len(NAMES) - 1), np.float32)
    forms[3, 0] = 4.0
    types = DefectTypes(NAMES, np.zeros((4, 4, len(NAMES)), np.float32), outlines=forms)
    zeros = np.zeros_like(small)
    tiny = replace(result, base_map=small, residual_map=zeros, fused_map=small, defect_types=types)
    (line,) = regions(small, 0.5)
    assert region_types(tiny, line, 0.5)[0].name == "scratch"
