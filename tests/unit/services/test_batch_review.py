"""A batch under other thresholds and labels: every file follows, masks and maps come along."""

import csv
import io
import json
import zipfile

import pytest

from adapp.core.errors import UsageError
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_manifest import BatchRequest, read_manifest
from adapp.services.batch_review import Confusion, confusion, judged, write_review
from tests.unit.services.batches import Runner, write_parts


@pytest.fixture
def runner(tmp_path):
    write_parts(tmp_path)
    runner = Runner(tmp_path)
    runner(maps=("fused",))
    return runner


def _review(runner, threshold, labels):
    return write_review(
        BatchFolder(runner.folder / "out"), runner.folder / "review", threshold, labels
    )


def test_every_file_follows_the_threshold_and_the_labels(runner):
    files = _review(runner, 2.0, {3: "bad", 1: "good"})
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text())))
    assert {row["verdict"] for row in rows} == {"normal"}
    assert [row["label"] for row in rows[:3]] == ["good", "", "bad"]
    told = json.loads(files["json"].read_text())
    assert {query["verdict"] for query in told["queries"]} == {"normal"}
    assert told["thresholds"]["image"] == 2.0
    assert {query["threshold"] for query in told["queries"]} == {2.0}
    manifest = read_manifest(files["manifest"])
    assert manifest["labels"] == {"1": "good", "3": "bad"}
    assert BatchRequest.of(manifest).threshold == 2.0


def test_unmoved_threshold_gives_the_files_of_the_batch(runner):
    own = json.loads((runner.folder / "out" / "results.json").read_text())
    files = _review(runner, own["thresholds"]["image"], {})
    assert json.loads(files["json"].read_text()) == own
    assert BatchRequest.of(read_manifest(files["manifest"])).threshold is None


def test_archive_holds_masks_maps_and_tables(runner):
    files = _review(runner, 0.5, {})
    _review(runner, 0.5, {})  # a second time replaces the first
    with zipfile.ZipFile(files["zip"]) as packed:
        names = packed.namelist()
    assert {"results.csv", "results.json", "coco.json", "report.html", "manifest.json"} <= {*names}
    assert sum(name.startswith("masks/") for name in names) == 6
    assert sum(name.startswith("maps/") and name.endswith(".npy") for name in names) == 6
    assert len(names) == len(set(names))


def test_nothing_to_review_before_the_first_picture(runner):
    path = runner.folder / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["run"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match="nothing to export"):
        _review(runner, 0.5, {})


def test_confusion_counts_labelled_pictures_only():
    scores = {1: 0.9, 2: 0.1, 3: 0.8, 4: 0.2}
    counts = confusion(scores, {1: "bad", 2: "bad", 3: "good", 4: "good", 9: "bad"}, 0.5)
    assert counts == Confusion(bad_found=1, bad_missed=1, good_passed=1, false_alarms=1)
    assert counts.labelled == 4
    assert counts.f1 == pytest.approx(0.5)
    assert confusion(scores, {4: "good"}, 0.5).f1 is None
    assert confusion(scores, {1: "bad"}, 0.5).f1 == 1.0


def test_refused_picture_is_judged_by_nobody():
    line = {"number": 1, "refused": "no picture"}
    assert judged(line, 0.5, None) == {**line, "label": ""}
