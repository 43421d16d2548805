"""A batch: the scores of detect, nothing lost or done twice, memory flat."""

import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import tracemalloc

import numpy as np
import pytest

from adapp.core.errors import BadImage, UnsupportedRegime, UsageError
from adapp.data.images import expand_paths
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import Journal
from adapp.services.detection import detect
from adapp.services.export import ResultsWriter
from adapp.services.inspection import InspectionRequest
from adapp.services.pool import DetectorPool
from tests.architecture.tree import ROOT
from tests.corpus import build
from tests.unit.services.batches import Runner, interrupt_after, write_parts


@pytest.fixture
def run(tmp_path):
    write_parts(tmp_path)
    return Runner(tmp_path)


def without_times(found):
    """Return results without what depends on the clock."""
    text = json.dumps({key: value for key, value in found.items() if key != "seconds"})
    kept = json.loads(text)
    for query in kept["queries"]:
        del query["seconds"]
    return kept


def detected(folder, method_pool):
    """Return what ``detect`` says about the same pictures."""
    request = InspectionRequest(
        "raid",
        "tiny",
        "open",
        "plate",
        tuple(sorted((folder / "good").iterdir())),
        expand_paths([folder / "query"]),
    )
    writer = ResultsWriter(folder / "detected", with_paths=True)
    quiet = {"report": lambda *_: None, "show": lambda _: None, "tell": lambda _: None}
    target = detect(request, method_pool, writer, **quiet)
    return json.loads(target.read_text(encoding="utf-8"))


def test_scores_regions_and_thresholds_are_those_of_detect(run, tmp_path):
    run()
    found, expected = run.results(), detected(tmp_path, DetectorPool(run.loader))
    assert found["thresholds"] == expected["thresholds"]
    assert len(found["queries"]) == len(expected["queries"]) == 6
    for got, wanted in zip(found["queries"], expected["queries"], strict=True):
        assert got["name"] == wanted["name"]
        assert abs(got["score"] - wanted["score"]) <= 1e-6
        for key in ("verdict", "regions", "area_percent", "unlikeness"):
            assert got[key] == wanted[key]


def test_real_detector_and_deep_pictures_give_the_scores_of_detect(tmp_path):
    rng = np.random.default_rng(3)
    for name, high in (("good/a", 900), ("good/b", 900), ("query/a", 900), ("query/b", 3900)):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(build.png16(rng.integers(0, high, (60, 70), np.uint16)))
    run, pool = Runner(tmp_path), DetectorPool()
    run.loader = None  # the registry's
    run()
    expected = detected(tmp_path, pool)
    for got, wanted in zip(run.results()["queries"], expected["queries"], strict=True):
        assert abs(got["score"] - wanted["score"]) <= 1e-6
        assert got["notes"] == wanted["notes"]


def test_every_picture_is_in_the_journal_before_the_next_is_told(run):
    seen = []

    def report(stage, done, _):
        if stage == "Inspecting":
            seen.append((done, len(run.lines())))

    summary = run(report=report)
    assert seen == [(done, done) for done in range(7)]
    assert (summary.tally.done, summary.tally.anomalous, summary.tally.refused) == (6, 2, 0)


def test_files_of_every_picture_are_there(run):
    run(maps=("fused", "residual"))
    for line in run.lines():
        assert set(line["files"]) == {"mask", "fused", "residual"}
        for name in line["files"].values():
            assert (run.folder / "out" / name).is_file()
    fused = np.load(run.folder / "out" / run.lines()[2]["files"]["fused"])
    assert (fused.dtype, fused.shape) == (np.float32, (60, 80))


def test_an_interrupted_batch_keeps_what_is_done_and_goes_on_without_loss_or_repetition(run):
    run("whole")
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_after(2))
    halfway = run.results()
    assert halfway["stopped"] is True
    assert [query["name"][-8:] for query in halfway["queries"]] == ["q000.png", "q001.png"]
    summary = run(resume=True)
    assert (summary.resumed, summary.tally.done) == (2, 6)
    assert [line["number"] for line in run.lines()] == [1, 2, 3, 4, 5, 6]
    assert without_times(run.results()) == without_times(run.results("whole"))


def test_a_killed_process_loses_nothing_and_repeats_nothing(run, tmp_path):
    code = f"""
        import os, signal
        from pathlib import Path
        from tests.unit.services.batches import Runner

        def report(stage, done, total):
            if stage == "Inspecting" and done == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        Runner(Path({str(tmp_path)!r}))("out", report=report)
    """
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ['PYTHONPATH']}"}
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, check=False
    )
    assert child.returncode == -signal.SIGKILL
    assert [line["number"] for line in run.lines()] == [1, 2, 3]
    assert not (run.folder / "out" / "results.csv").exists()
    assert run(resume=True).resumed == 3
    run("whole")
    assert without_times(run.results()) == without_times(run.results("whole"))


def test_a_line_cut_in_the_middle_is_done_again(run):
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_after(4))
    journal = BatchFolder(run.folder / "out").journal
    data = journal.read_bytes()
    journal.write_bytes(data[:-30])
    assert run(resume=True).resumed == 3
    assert [line["number"] for line in run.lines()] == [1, 2, 3, 4, 5, 6]


def test_pictures_that_come_later_are_not_part_of_a_batch_begun_before(run):
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_after(1))
    late = run.folder / "query" / "a_late_one.png"
    late.write_bytes((run.folder / "query" / "q000.png").read_bytes())
    assert run(resume=True).tally.done == 6
    assert all(line["name"] != late.name for line in run.lines())


def test_resuming_a_finished_batch_only_writes_its_outputs_again(run):
    run()
    before = run.results()
    (run.folder / "out" / "results.json").unlink()
    run.loader.loaded.clear()
    assert run(resume=True).resumed == 6
    assert run.loader.loaded == []
    assert run.results() == before


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"threshold": 0.5}, {"variant": "full"}, {"maps": ("base",)}]
)
def test_a_batch_never_goes_on_with_other_settings(run, change):
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_after(1))
    with pytest.raises(UsageError, match="started otherwise"):
        run(resume=True, **change)


def test_a_batch_never_goes_on_with_another_support_or_list(run):
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_after(1))
    folder = BatchFolder(run.folder / "out")
    listing = folder.listing.read_text()
    folder.listing.write_text(listing.replace("q005", "q004"))
    with pytest.raises(UsageError, match=r"pictures\.jsonl was changed"):
        run(resume=True)
    folder.listing.write_text(listing)
    normal = run.folder / "good" / "n0.png"
    normal.write_bytes(normal.read_bytes() + b"\0")
    with pytest.raises(UsageError, match="support differs"):
        run(resume=True)


def test_a_folder_that_holds_a_batch_is_not_written_over(run):
    run()
    with pytest.raises(UsageError, match="--resume"):
        run()
    BatchFolder(run.folder / "out").manifest.unlink()
    with pytest.raises(UsageError, match="without a manifest"):
        run(resume=True)


def test_two_batches_never_write_to_one_folder(run):
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_after(1))
    with (
        Journal(BatchFolder(run.folder / "out").journal),
        pytest.raises(UsageError, match="Another run is writing"),
    ):
        run(resume=True)


def test_resume_without_a_batch_begins_one(run):
    assert run(resume=True).tally.done == 6


def test_a_refused_picture_takes_its_place_and_is_told(run):
    (run.folder / "query" / "q001.png").write_text("no picture")
    summary = run()
    assert summary.tally.refused == 1
    refused = run.lines()[1]
    assert refused["refused"].startswith("q001.png: ")
    assert refused["refused"] in run.told
    (item,) = run.results()["rejected"]
    assert item["role"] == "query"
    assert len(run.results()["queries"]) == 5


def test_a_batch_of_which_nothing_can_be_read_says_so(run):
    for path in (run.folder / "query").iterdir():
        path.write_text("no picture")
    with pytest.raises(BadImage, match="None of the 6 pictures"):
        run()


def test_missing_support_and_unknown_maps_are_refused_before_anything_is_made(run):
    with pytest.raises(UnsupportedRegime):
        run(support=())
    with pytest.raises(UsageError, match="no map 'heat'"):
        run(maps=("heat",))
    assert not (run.folder / "out").exists()


def test_manifest_holds_hashes_settings_versions_and_window(run):
    run()
    manifest = json.loads(BatchFolder(run.folder / "out").manifest.read_text())
    assert manifest["stopped"] is False
    assert [len(item["sha256"]) for item in manifest["support"]] == [64, 64]
    assert manifest["settings"]["seed"] == 0
    assert manifest["query"]["pictures"] == 6
    assert manifest["agreement"] == {"window": None, "kind": None, "notes": []}
    assert {"adapp", "commit", "python", "torch", "numpy"} <= set(manifest["versions"])
    assert manifest["run"]["checkpoint_sha256"] == "0" * 64
    assert all(len(line["sha256"]) == 64 for line in run.lines())


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    write_parts(tmp_path, queries=10)
    first = tmp_path / "query" / "q000.png"
    for number in range(10, 260):
        os.link(first, tmp_path / "query" / f"q{number:03d}.png")
    held = {}

    def report(stage, done, _):
        if stage == "Inspecting" and done in {60, 260}:
            gc.collect()
            held[done] = tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        Runner(tmp_path)(report=report, report_pictures=5)
    finally:
        tracemalloc.stop()
    assert held[260] - held[60] < 100_000  # 500 bytes a picture would already be a leak
