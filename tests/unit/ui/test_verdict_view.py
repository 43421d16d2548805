"""The banner: word, figures, method with its variant, and how far the threshold carries."""

from dataclasses import replace

import pytest

from adapp.methods.registry import METHODS
from adapp.services.inspection import drain
from adapp.services.regions import Thresholds, regions, verdict
from adapp.ui import verdict_view
from tests.fakes import FAKE_METHODS
from tests.page import read


def judged_of(inspection):
    """Return the first outcome, its regions and its verdict."""
    outcome = inspection.outcomes[0]
    areas = regions(outcome.result.fused_map, Thresholds.of(inspection.calibration).pixel)
    return outcome, areas, verdict(outcome.result.score, inspection.calibration)


@pytest.fixture
def found(run):
    """Return an inspection, its first outcome, the regions and the verdict."""
    inspection = drain(run())
    return inspection, *judged_of(inspection)


@pytest.fixture
def zero_shot(run, monkeypatch):
    """Return a function that gives the banner's text of a zero-shot run."""
    monkeypatch.setitem(METHODS, "kanoclip", FAKE_METHODS["kanoclip"])

    def banner(**changes):
        inspection = drain(run(method="kanoclip", **changes))
        outcome, areas, judged = judged_of(inspection)
        return read(verdict_view.verdict_html(inspection, outcome, judged, areas)).text

    return banner


def test_verdict_says_the_word_and_the_figures(found):
    inspection, outcome, areas, judged = found
    text = read(verdict_view.verdict_html(inspection, outcome, judged, areas)).text
    assert "ANOMALOUS" in text
    assert f"{outcome.result.score:.3f}" in text
    assert "on 3 normals" in text
    assert "RAID full" in text
    assert "checkpoint open" in text
    assert "on CPU" in text


def test_normal_part_gets_the_other_word(found):
    inspection, outcome, _, _ = found
    judged = verdict(outcome.result.score, inspection.calibration, threshold=1.0)
    html = verdict_view.verdict_html(inspection, outcome, judged, ())
    assert "NORMAL" in read(html).text
    assert "is-normal" in html
    assert 'role="status"' in html


@pytest.mark.parametrize(
    ("basis", "badge"), [("augmented", "uncalibrated"), ("generic", "generic scale")]
)
def test_weak_calibration_is_named(found, basis, badge):
    inspection, outcome, areas, judged = found
    weak = replace(inspection, calibration=replace(inspection.calibration, basis=basis))
    assert badge in read(verdict_view.verdict_html(weak, outcome, judged, areas)).text


def test_no_normals_are_stated_as_a_generic_scale(zero_shot):
    text = zero_shot(support=())
    assert "generic scaleno normalsgeneric threshold" in text
    assert "calibrated" not in text
    assert "no normal pictures given" in text


def test_normals_of_a_zero_shot_method_are_said_to_set_the_threshold_alone(zero_shot):
    assert "calibratedon 3 normalsthe threshold alone" in zero_shot()


def test_part_is_what_the_prompts_called_it(zero_shot, found):
    assert "partmetal plate" in zero_shot(category="metal plate")
    assert "partobjectno name given" in zero_shot(category="")
    inspection, outcome, areas, judged = found
    without = read(verdict_view.verdict_html(inspection, outcome, judged, areas)).text
    assert "plate" not in without  # RAID has no prompts


def test_method_without_a_checkpoint_says_that_nothing_was_trained(found):
    inspection, outcome, areas, judged = found
    bare = replace(inspection.provenance, variant="retrieval", checkpoint=None)
    html = verdict_view.verdict_html(replace(inspection, provenance=bare), outcome, judged, areas)
    assert "RAID retrievalnothing trained" in read(html).text
