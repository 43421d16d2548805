"""The run of an inspection: its steps, its stop, its refusals."""

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

from adapp.core.errors import BadImage, Cancelled, UnsupportedRegime, UsageError
from adapp.methods.registry import METHODS
from adapp.services import inspection as inspection_module
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from tests.fakes import FAKE_METHODS, TUNING_STEPS, FakeDetector, FakeLoader, part

DEFECT = (10, 20, 30, 50)


@pytest.fixture
def pictures(tmp_path):
    """Write three normal parts, a fourth good one and a defective one; return their paths."""
    made = {f"n{number}": part(number) for number in range(3)}
    made |= {"good": part(7), "bad": part(8, defect=DEFECT)}
    paths = {}
    for name, image in made.items():
        paths[name] = tmp_path / f"{name}.png"
        cv2.imwrite(str(paths[name]), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return paths


@pytest.fixture
def request_of(pictures):
    def make(**changes):
        request = InspectionRequest(
            method="raid",
            preset="tiny",
            checkpoint="open",
            category="plate",
            support=tuple(pictures[name] for name in ("n0", "n1", "n2")),
            query=(pictures["good"], pictures["bad"]),
        )
        return replace(request, **changes)

    return make


@pytest.fixture
def loader():
    return FakeLoader()


@pytest.fixture
def pool(loader):
    return DetectorPool(loader)


def test_stages_come_in_order_and_the_last_update_holds_everything(request_of, pool):
    updates = list(inspect(request_of(), pool))
    assert [update.stage for update in updates] == [
        "Reading pictures",
        "Loading model",
        "Learning the normal parts",
        "Inspecting 1 of 2",
        "Inspecting 2 of 2",
        "Done",
    ]
    found = updates[-1].inspection
    assert [outcome.image.name for outcome in found.outcomes] == ["good.png", "bad.png"]
    assert [image.name for image in found.support] == ["n0.png", "n1.png", "n2.png"]
    assert found.provenance.method == "raid"
    assert set(found.seconds) == {"read", "load", "fit", "inspect"}
    assert not found.stopped


def test_only_stages_that_take_time_are_told(request_of, pool):
    list(inspect(request_of(), pool))
    again = [update.stage for update in inspect(request_of(), pool)]
    assert again == ["Reading pictures", "Inspecting 1 of 2", "Inspecting 2 of 2", "Done"]
    other = [update.stage for update in inspect(request_of(category="another part"), pool)]
    assert other[:2] == ["Reading pictures", "Learning the normal parts"]


def test_a_finished_query_is_shown_before_the_next_one_starts(request_of, pool):
    updates = list(inspect(request_of(), pool))
    second = updates[4]
    assert second.done == 1
    assert [outcome.image.name for outcome in second.inspection.outcomes] == ["good.png"]


def test_the_planted_defect_scores_above_the_threshold_and_the_good_part_below(request_of, pool):
    found = drain(inspect(request_of(), pool))
    good, bad = (outcome.result for outcome in found.outcomes)
    assert good.score < found.calibration.image_threshold < bad.score
    row0, column0, row1, column1 = DEFECT
    inside = bad.fused_map[row0:row1, column0:column1]
    outside = np.delete(bad.fused_map, np.s_[row0 - 2 : row1 + 2], axis=0)
    assert inside.min() > outside.max()


def test_maps_come_back_at_the_querys_own_size(request_of, pool, tmp_path):
    odd = tmp_path / "odd.png"
    cv2.imwrite(str(odd), part(1, height=47, width=131))
    found = drain(inspect(request_of(query=(odd,)), pool))
    assert found.outcomes[0].result.fused_map.shape == (47, 131)


@pytest.mark.parametrize(("after", "kept"), [(4, 1), (5, 2)])
def test_stop_keeps_the_finished_queries(request_of, pool, loader, pictures, after, kept):
    calls = iter(range(100))
    query = (pictures["good"],) * 5
    updates = list(inspect(request_of(query=query), pool, lambda: next(calls) >= after))
    last = updates[-1]
    assert last.stage == "Stopped"
    assert last.done == kept
    assert len(last.inspection.outcomes) == kept
    assert last.inspection.stopped
    assert len(loader.detectors[0].predictions) == kept


def test_stop_before_the_first_query_leaves_nothing(request_of, pool):
    updates = list(inspect(request_of(), pool, lambda: True))
    assert [update.stage for update in updates] == ["Stopped"]
    assert updates[-1].inspection is None
    with pytest.raises(Cancelled, match="press Run again"):
        drain(iter(updates))


def test_stop_while_tuning_ends_it_at_the_next_report(request_of, pool):
    stop = threading.Event()
    stages = []
    for update in inspect(request_of(tune=True), pool, stop.is_set):
        stages.append(update.stage)
        if update.stage == "Tuning":
            stop.set()
    assert stages[-2:] == ["Tuning", "Stopped"]


def test_tuning_reports_its_steps_and_changes_the_result(request_of, pool):
    plain = drain(inspect(request_of(), pool))
    updates = list(inspect(request_of(tune=True), pool))
    steps = [update for update in updates if update.stage == "Tuning: Epoch"]
    assert [update.done for update in steps] == list(range(TUNING_STEPS))
    assert {update.total for update in steps} == {TUNING_STEPS}
    tuned = updates[-1].inspection
    assert "tune" in tuned.seconds
    bad = (plain.outcomes[1].result.fused_map, tuned.outcomes[1].result.fused_map)
    assert not np.array_equal(*bad)
    again = drain(inspect(request_of(), pool))
    assert np.array_equal(again.outcomes[1].result.fused_map, bad[0])


def test_same_pictures_are_learned_once(request_of, pool, loader):
    for _ in range(2):
        drain(inspect(request_of(), pool))
    assert loader.detectors[0].fits == [3]


def test_unreadable_query_is_rejected_and_the_others_are_inspected(request_of, pool, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    request = request_of()
    found = drain(inspect(replace(request, query=(*request.query, broken)), pool))
    assert len(found.outcomes) == 2
    assert [(item.path, item.role) for item in found.rejected] == [(broken, "query")]


def test_no_readable_query_says_why(request_of, pool, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    with pytest.raises(BadImage, match=r"No picture to inspect could be read\. broken\.png: "):
        list(inspect(request_of(query=(broken,)), pool))


def test_no_readable_support_says_why(request_of, pool, loader, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    with pytest.raises(BadImage, match=r"No normal picture could be read\. broken\.png: "):
        list(inspect(request_of(support=(broken,)), pool))
    assert loader.loaded == []


def test_no_query_is_refused(request_of, pool):
    with pytest.raises(UsageError, match="Add at least one query picture"):
        list(inspect(request_of(query=()), pool))


def test_unknown_method_is_refused_with_the_ones_there_are(request_of, pool):
    with pytest.raises(UsageError, match=r"'nope' does not exist\. Choose one of: .*raid"):
        list(inspect(request_of(method="nope"), pool))


def test_few_shot_method_without_support_names_a_method_that_needs_none(
    request_of, pool, loader, monkeypatch
):
    other = replace(METHODS["raid"], title="KAnoCLIP", regimes=frozenset({"zero_shot"}))
    known = {"raid": METHODS["raid"], "kanoclip": other}
    monkeypatch.setattr(inspection_module, "METHODS", known)
    with pytest.raises(UnsupportedRegime) as refusal:
        list(inspect(request_of(support=()), pool))
    assert str(refusal.value) == (
        f"{METHODS['raid'].title} compares with normal parts. Add 1 to 8 normal pictures, "
        "or switch to KAnoCLIP (needs none)."
    )
    assert loader.loaded == []


def test_zero_shot_method_runs_without_support(request_of, monkeypatch):
    other = replace(METHODS["raid"], regimes=frozenset({"zero_shot", "few_shot"}))
    monkeypatch.setattr(inspection_module, "METHODS", {"raid": other})
    pool = DetectorPool(FakeLoader(frozenset({"zero_shot"})))
    found = drain(inspect(request_of(support=()), pool))
    assert found.calibration.basis == "generic"
    assert found.outcomes[0].result.nearest_normal is None
    assert any("Generic scale" in note for note in found.notes)


@pytest.fixture
def zero_shot(request_of, pool, monkeypatch):
    """Return a function that inspects with a method that only calibrates on normal pictures."""
    monkeypatch.setitem(METHODS, "kanoclip", FAKE_METHODS["kanoclip"])
    return lambda **changes: inspect(request_of(method="kanoclip", **changes), pool)


def test_normal_pictures_only_calibrate_a_zero_shot_method(zero_shot, pictures):
    bare = drain(zero_shot(support=()))
    given = drain(zero_shot(support=(pictures["n0"],)))
    assert bare.calibration.basis == "generic"
    assert given.calibration.n_normals == 1
    assert given.calibration.image_threshold != bare.calibration.image_threshold
    for one, other in zip(bare.outcomes, given.outcomes, strict=True):
        assert np.array_equal(one.result.fused_map, other.result.fused_map)
    told = "the 1 given only calibrate the threshold"
    assert any(told in note for note in given.notes)
    assert not any("only calibrate" in note for note in bare.notes)


def test_zero_shot_run_does_not_claim_to_learn_normal_parts(zero_shot):
    stages = [update.stage for update in zero_shot(support=())]
    assert "Preparing the prompts" in stages
    assert "Learning the normal parts" not in stages


def test_empty_part_name_is_told_with_what_took_its_place(zero_shot):
    told = 'the prompts of KAnoCLIP say "object"'
    assert any(told in note for note in drain(zero_shot(category=" ")).notes)
    assert not any("part name" in note for note in drain(zero_shot(category="plate")).notes)


def test_one_normal_picture_is_told_to_be_a_guess(request_of, pool, pictures):
    found = drain(inspect(request_of(support=(pictures["n0"],)), pool))
    assert any(note.startswith("Threshold is a guess") for note in found.notes)


def test_long_runs_hold_only_the_outcomes_asked_for(request_of, pool, pictures):
    query = (pictures["good"], pictures["bad"], pictures["good"])
    seen = []
    for update in inspect(request_of(query=query), pool, keep_last=1):
        if update.inspection is not None:
            assert len(update.inspection.outcomes) == 1
            seen.append(update.inspection.outcomes[0].image.name)
    assert seen == ["good.png", "bad.png", "good.png"]


def test_method_without_a_trained_part_cannot_be_tuned(request_of):
    class Untunable:
        provenance = (
            FakeDetector(variant="retrieval")
            .fit(type("S", (), {"images": (part(0),), "category": ""})())
            .provenance
        )

    class Loader(FakeLoader):
        def __call__(self, name, **options):
            detector = super().__call__(name, **options)
            return type("D", (), {"fit": lambda *_: Untunable(), "name": detector.name})()

    with pytest.raises(UsageError, match="raid as retrieval has no trained part to tune"):
        list(inspect(request_of(tune=True), DetectorPool(Loader())))
