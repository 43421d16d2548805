"""A result that contradicts itself cannot be built."""

from dataclasses import replace

import numpy as np
import pytest

from adapp.core.results import (
    AnomalyResult,
    DefectTypes,
    Hyperedges,
    PixelReading,
    Provenance,
)

PROVENANCE = Provenance(
    method="raid",
    variant="retrieval",
    preset="tiny",
    backbone="none",
    checkpoint=None,
    checkpoint_sha256=None,
    trained_on=(),
    licence="none needed",
    seed=0,
    device="cpu",
    dtype="float32",
)


def _result(**changes):
    base = np.array([[0.2, 0.9], [0.5, 0.0]], dtype=np.float32)
    residual = np.array([[0.4, 0.4], [-0.8, 0.0]], dtype=np.float32)
    given = {
        "base_map": base,
        "residual_map": residual,
        "residual_weight": 0.5,
        "fused_map": np.array([[0.4, 1.0], [0.1, 0.0]], dtype=np.float32),
        "score": 0.7,
        "score_range": (0.0, 1.0),
        "provenance": PROVENANCE,
    }
    return AnomalyResult(**{**given, **changes})


def test_reading_gives_the_terms_of_one_pixel():
    reading = _result().at(1, 0)
    assert reading == PixelReading(
        base=0.5, residual=pytest.approx(-0.8), weight=0.5, fused=pytest.approx(0.1)
    )


def test_maps_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="one \\[H, W\\] shape"):
        _result(residual_map=np.zeros((2, 3), dtype=np.float32))


@pytest.mark.parametrize("value", [0.41, np.nan])
def test_a_fused_map_that_is_not_the_sum_is_refused(value):
    fused = _result().fused_map.copy()
    fused[0, 0] = value
    with pytest.raises(ValueError, match="fused_map is not"):
        _result(fused_map=fused)


@pytest.mark.parametrize("score", [-0.01, 1.01, np.nan])
def test_a_score_outside_its_range_is_refused(score):
    with pytest.raises(ValueError, match="outside its range"):
        _result(score=score)


def test_a_result_is_checked_again_when_it_is_changed():
    with pytest.raises(ValueError, match="fused_map is not"):
        replace(_result(), residual_weight=1.0)


def _hyperedges(**changes):
    given = {
        "grid": (1, 3),
        "neighbours": np.array([[1], [0], [1]], dtype=np.int32),
        "similarity": np.ones((3, 1), dtype=np.float32),
        "prompts": ("a scratched plate", "a perfect plate"),
        "abnormal": np.array([True, False]),
        "claimed": np.array([[2, 0], [2, 1]], dtype=np.int32),
        "claim_similarity": np.ones((2, 2), dtype=np.float32),
        "weights": np.array([0.5, 1.5], dtype=np.float32),
    }
    return Hyperedges(**{**given, **changes})


def test_the_prompts_that_claim_a_patch_come_heaviest_first():
    assert [_hyperedges().claims_on(patch) for patch in range(3)] == [(0,), (1,), (1, 0)]


def test_hyperedges_over_another_grid_are_refused():
    with pytest.raises(ValueError, match="do not fit 4 patches"):
        _hyperedges(grid=(2, 2))
    with pytest.raises(ValueError, match="and 1 prompts"):
        _hyperedges(prompts=("a scratched plate",))


def _types(logits):
    return DefectTypes(("scratch", "hole", ""), np.asarray(logits, np.float32))


def test_types_of_a_region_are_the_mean_of_its_patches():
    types = _types([[[2.0, 0.0, 0.0], [0.0, 4.0, 0.0]]])
    assert types.grid == (1, 2)
    left = types.ranked(np.array([[1.0, 0.0]], np.float32))
    assert [name for name, _ in left] == ["scratch", "hole", ""]
    assert left[0][1] == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    both = types.ranked(np.array([[3.0, 1.0]], np.float32))
    assert both[0][0] == "scratch"
    assert both[0][1] == pytest.approx(np.exp(1.5) / (np.exp(1.5) + np.exp(1.0) + 1))
    assert sum(chance for _, chance in both) == pytest.approx(1)


def test_a_region_without_weight_means_the_whole_picture():
    types = _types([[[2.0, 0.0, 0.0], [0.0, 4.0, 0.0]]])
    nothing, all_of_it = np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32)
    assert types.ranked(nothing) == types.ranked(all_of_it)


def test_the_form_of_a_region_ranks_the_named_types_alone():
    forms = np.array([[2.0, -2.0], [0.0, 1.0]], np.float32)
    types = replace(_types([[[0.0, 0.0, 0.0]]]), outlines=forms)
    here = np.ones((1, 1), np.float32)
    told = dict(types.ranked(here, np.array([1.0], np.float32)))
    assert told["scratch"] / told["hole"] == pytest.approx(np.exp(3.0))
    assert told[""] == pytest.approx(1 / 3)
    assert dict(types.ranked(here)) == pytest.approx({"scratch": 1 / 3, "hole": 1 / 3, "": 1 / 3})
    with pytest.raises(ValueError, match="outline weights"):
        replace(types, outlines=np.zeros((2, 3), np.float32))


def test_types_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        DefectTypes(("scratch", ""), np.zeros((2, 2, 3), np.float32))
    with pytest.raises(ValueError, match="none of these"):
        DefectTypes(("scratch", "hole"), np.zeros((2, 2, 2), np.float32))
    with pytest.raises(ValueError, match="patch grid"):
        _types(np.zeros((2, 2, 3))).ranked(np.ones((3, 2), np.float32))
