"""Fusing anew: the identity holds, the score stays, and what was moved is told."""

import json
from dataclasses import replace

import numpy as np
import pytest

from adapp.core.detector import SupportSet
from adapp.data.images import LoadedImage
from adapp.methods.registry import METHODS
from adapp.services.export import write_results
from adapp.services.fusion import adjustable_weight, reweighted, scored_weight, with_weight
from adapp.services.inspection import Inspection, QueryOutcome
from tests.fakes import FAKE_METHODS, FakeDetector, part

DEFECT = (10, 20, 30, 50)
OWN = 0.4


def loaded(number, defect=None):
    pixels = part(number, defect=defect)
    return LoadedImage(f"{number}.png", None, pixels, original_size=pixels.shape[:2])


@pytest.fixture
def inspection():
    support = tuple(loaded(number) for number in (0, 1))
    fitted = FakeDetector("h2vlr").fit(SupportSet("plate", [image.pixels for image in support]))
    queries = (loaded(7, DEFECT), loaded(8))
    outcomes = [QueryOutcome(image, fitted.predict(image.pixels), 0.1) for image in queries]
    request = type(
        "Request",
        (),
        {"method": "h2vlr", "category": "", "seed": 0, "size": None, "tune": False, "tiles": 1},
    )()
    return Inspection(
        request=request,
        support=support,
        rejected=(),
        outcomes=tuple(outcomes),
        calibration=fitted.calibration(),
        provenance=fitted.provenance,
        notes=("before",),
        seconds={},
    )


@pytest.fixture
def outcome(inspection):
    return inspection.outcomes[0]


@pytest.mark.parametrize("weight", [0.0, 0.05, 1.0, 2.0])
def test_fused_map_follows_the_weight_and_the_score_does_not(outcome, weight):
    moved = with_weight(outcome, weight)
    was, now = outcome.result, moved.result
    wanted = np.clip(was.base_map + weight * was.residual_map, 0, 1)
    assert np.allclose(now.fused_map, wanted, atol=1e-6)
    assert now.fused_map.dtype == np.float32
    assert now.residual_weight == weight
    assert now.score == was.score
    assert scored_weight(moved) == OWN


def test_weight_zero_is_the_base_map_bit_for_bit(outcome):
    moved = with_weight(outcome, 0.0).result
    assert np.array_equal(moved.fused_map, outcome.result.base_map)
    assert not np.array_equal(outcome.result.fused_map, outcome.result.base_map)


def test_own_weight_changes_nothing(inspection, outcome):
    assert with_weight(outcome, OWN) is outcome
    assert reweighted(inspection, OWN) is inspection


def test_weight_behind_the_score_survives_several_moves(outcome):
    moved = with_weight(with_weight(outcome, 0.9), 0.1)
    assert (moved.result.residual_weight, moved.scored_weight) == (0.1, OWN)


def test_weight_can_be_chosen_where_the_method_has_one_and_a_residual(inspection, monkeypatch):
    monkeypatch.setitem(METHODS, "h2vlr", FAKE_METHODS["h2vlr"])
    assert adjustable_weight(inspection) == OWN
    assert adjustable_weight(reweighted(inspection, 0.9)) == OWN
    first = inspection.outcomes[0]
    still = replace(
        first.result,
        residual_map=np.zeros_like(first.result.base_map),
        fused_map=first.result.base_map,
    )
    assert adjustable_weight(replace(inspection, outcomes=(replace(first, result=still),))) is None
    monkeypatch.setitem(METHODS, "h2vlr", replace(FAKE_METHODS["h2vlr"], residual_slider=False))
    assert adjustable_weight(inspection) is None


def test_export_names_the_weight_shown_and_the_one_behind_the_score(inspection, tmp_path):
    moved = reweighted(inspection, 0.85)
    report = json.loads(write_results(moved, tmp_path).read_text())
    assert [query["residual_weight"] for query in report["queries"]] == [0.85, 0.85]
    assert [query["score_residual_weight"] for query in report["queries"]] == [OWN, OWN]
    assert report["notes"][0] == "before"
    assert "(eta) 0.85 set by hand; scores and verdicts stay those of 0.40" in report["notes"][1]
    fused = np.load(tmp_path / "7_fused.npy", allow_pickle=False)
    assert np.array_equal(fused, moved.outcomes[0].result.fused_map)
    write_results(inspection, tmp_path / "own")
    own = np.load(tmp_path / "own" / "7_fused.npy", allow_pickle=False)
    assert not np.array_equal(own, fused)
