"""Comparing methods: the same numbers as alone, absent methods named, stop keeps what is done."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import BadImage, Cancelled, UsageError
from adapp.methods.registry import METHODS
from adapp.services.comparison import compare, drain_comparison
from adapp.services.comparison_figure import shown_map, write_comparison
from adapp.services.comparison_table import (
    agreement,
    compare_rows,
    pixel_limit,
    report,
    to_csv,
    to_latex,
)
from adapp.services.ground_truth import read_truths
from adapp.services.inspection import drain, inspect
from adapp.services.pool import DetectorPool
from tests.fakes import FAKE_METHODS, FakeLoader, part
from tests.unit.services.compared import compared, request_for

DEFECT = (10, 20, 30, 50)


@pytest.fixture(autouse=True)
def _methods(monkeypatch):
    for name, info in FAKE_METHODS.items():
        monkeypatch.setitem(METHODS, name, info)


@pytest.fixture
def files(tmp_path):
    """Return paths of three normals, of a defective and a good query, and of the true mask."""
    made = {f"n{number}": part(number) for number in range(3)}
    made |= {"=bad": part(8, defect=DEFECT), "good": part(7)}
    for name, image in made.items():
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    mask = np.zeros(made["good"].shape[:2], np.uint8)
    mask[DEFECT[0] : DEFECT[2], DEFECT[1] : DEFECT[3]] = 255
    Image.fromarray(mask).save(tmp_path / "=bad_mask.png")
    paths = {name: tmp_path / f"{name}.png" for name in (*made, "=bad_mask")}
    normals = [paths[f"n{number}"] for number in range(3)]
    return normals, [paths["=bad"], paths["good"]], paths["=bad_mask"]


def test_scores_are_those_of_each_method_alone(files):
    normals, queries, _ = files
    found = compared(normals, queries)
    for run in found.runs:
        alone = drain(inspect(run.inspection.request, DetectorPool(FakeLoader())))
        assert [one.result.score for one in run.inspection.outcomes] == [
            one.result.score for one in alone.outcomes
        ]
    assert [run.info.name for run in found.runs] == ["raid", "h2vlr", "kanoclip"]
    assert found.queries == 2


def test_without_normals_only_zero_shot_methods_run_and_the_others_are_named(files):
    found = compared([], files[1])
    assert [run.info.name for run in found.runs] == ["kanoclip"]
    assert set(found.absent) == {"raid", "h2vlr"}
    assert "Add 1 to 8 normal pictures" in found.absent["raid"]
    assert report(found, {})["scale"]["kind"] == "generic"


def test_nothing_to_compare_is_told(files):
    with pytest.raises(UsageError, match="No method is chosen"):
        compared(*files[:2], methods=())
    with pytest.raises(UsageError, match="compares with normal parts"):
        compared([], files[1], methods=("raid",))
    with pytest.raises(UsageError, match="does not exist"):
        compared(*files[:2], methods=("nothing",))


def test_normals_are_scored_once_however_often_they_are_compared(files):
    normals, queries, _ = files
    pool, loader = DetectorPool(FakeLoader()), None
    loader = pool._load
    request = request_for(normals, queries[:1], methods=("raid",))
    drain_comparison(compare(request, pool))
    fits = list(loader.detectors[0].fits)
    drain_comparison(compare(request, pool))
    assert loader.detectors[0].fits == fits


def test_stop_keeps_the_methods_that_are_done(files):
    normals, queries, _ = files
    done = []

    def stopped():
        return bool(done)

    updates = []
    for update in compare(request_for(normals, queries), DetectorPool(FakeLoader()), stopped):
        updates.append(update)
        if update.comparison is not None:
            done.append(True)
    assert updates[-1].stage == "Stopped"
    assert updates[-1].comparison.stopped
    assert [run.info.name for run in updates[-1].comparison.runs] == ["raid"]


def test_stop_before_the_first_method_leaves_nothing(files):
    normals, queries, _ = files
    work = compare(request_for(normals, queries), DetectorPool(FakeLoader()), lambda: True)
    with pytest.raises(Cancelled, match="before the first method"):
        drain_comparison(work)


def test_rows_tell_verdict_regions_and_what_stands_behind(files):
    rows = compare_rows(compared(*files[:2]), 0)
    told = rows[0].record()
    assert told["verdict"] == "anomalous"
    assert told["unlikeness"] == "above all 3 normal pictures"
    assert told["regions"] == 1
    assert 5 < told["area_percent"] < 20
    assert told["trained_on"] == ["nothing"]
    assert told["licence"]
    assert told["memory_mb"] > 10
    assert compare_rows(compared(*files[:2]), 1)[0].verdict.label == "normal"


def test_lower_percentile_grows_the_regions_of_all_methods(files):
    found = compared(*files[:2])
    for run in found.runs:
        assert pixel_limit(run, 99.0) < pixel_limit(run, None)
    calibrated, lower = compare_rows(found, 0), compare_rows(found, 0, 95.0)
    assert all(b.area_percent >= a.area_percent for a, b in zip(calibrated, lower, strict=True))
    assert lower[0].verdict == calibrated[0].verdict


def test_agreement_counts_methods(files):
    counts = agreement(compare_rows(compared(*files[:2]), 0))
    row0, column0, row1, column1 = DEFECT
    assert counts[row0 + 4 : row1 - 4, column0 + 4 : column1 - 4].min() == 3
    assert counts[-5:, :5].max() == 0


def test_true_mask_gives_figures_at_once(files):
    normals, queries, mask = files
    found = compared(normals, queries)
    pictures = [one.image for one in found.runs[0].inspection.outcomes]
    truths = read_truths([mask], pictures)
    assert list(truths) == [0]
    row = compare_rows(found, 0, truth=truths[0])[0]
    assert row.metrics["pixel_auroc"] > 99
    assert row.metrics["aupro"] > 90
    assert 50 < row.metrics["iou"] <= 100
    assert compare_rows(found, 1, truth=truths.get(1))[0].metrics == {}


def test_mask_of_nothing_or_of_another_shape_is_refused(files, tmp_path):
    normals, queries, _ = files
    pictures = [one.image for one in compared(normals, queries).runs[0].inspection.outcomes]
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(tmp_path / "other_mask.png")
    with pytest.raises(UsageError, match="which picture the mask other_mask"):
        read_truths([tmp_path / "other_mask.png"], pictures)
    Image.fromarray(np.zeros((60, 60), np.uint8)).save(tmp_path / "good_mask.png")
    with pytest.raises(BadImage, match="60 x 60 pixels"):
        read_truths([tmp_path / "good_mask.png"], pictures)
    (tmp_path / "good_mask.png").write_text("no picture")
    with pytest.raises(BadImage):
        read_truths([tmp_path / "good_mask.png"], pictures)


def test_csv_holds_no_formula_and_the_same_score(files):
    normals, queries, mask = files
    found = compared(normals, queries)
    truths = read_truths([mask], [one.image for one in found.runs[0].inspection.outcomes])
    rows = compare_rows(found, 0, truth=truths[0])
    table = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert table[0]["picture"] == "'=bad.png"
    assert float(table[1]["score"]) == pytest.approx(rows[1].verdict.score, abs=1e-9)
    assert float(table[2]["iou"]) == pytest.approx(rows[2].metrics["iou"])


def test_latex_is_a_table_with_every_method(files):
    text = to_latex(compare_rows(compared(*files[:2]), 0))
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    assert body.count(r"\\") == 3
    assert "RAID (full)" in body
    assert "%" not in body.replace(r"\%", "")


def test_types_have_columns_where_a_method_tells_them(files):
    normals, queries, _ = files
    found = compared(normals, queries, methods=("raid", "adseeker"))
    bad, good = compare_rows(found, 0), compare_rows(found, 1)
    plain, typed = csv.DictReader(io.StringIO(to_csv(bad)))
    assert (plain["type"], typed["type"]) == ("", "scratch")
    assert float(typed["type_probability"]) == pytest.approx(bad[1].types[0].probability)
    assert r"scratch" in to_latex(bad)
    if not good[1].verdict.anomalous:
        assert "type" not in to_csv(good).splitlines()[0].split(",")
    untyped = compare_rows(compared(normals, queries, methods=("raid",)), 0)
    assert "type" not in to_csv(untyped).splitlines()[0].split(",")
    assert "Type" not in to_latex(untyped)
    (picture, _) = report(found, {})["pictures"]
    assert [entry.get("type") for entry in picture["methods"]] == [None, "scratch"]


def test_files_are_a_figure_a_table_and_the_numbers(files, tmp_path):
    normals, queries, mask = files
    found = compared(normals, queries)
    truths = read_truths([mask], [one.image for one in found.runs[0].inspection.outcomes])
    out = tmp_path / "out"
    out.mkdir()
    written = write_comparison(found, 0, None, truths, out)
    assert written["pdf"].read_bytes().startswith(b"%PDF")
    with Image.open(written["png"]) as figure:
        assert figure.width > 1000
        assert len(np.unique(np.asarray(figure.convert("L")))) > 100
    told = json.loads(written["json"].read_text())
    assert told["scale"]["n_normals"] == 3
    assert len(told["pictures"]) == 2
    assert told["pictures"][0]["methods"][0]["truth"]["pixel_auroc"] > 99
    assert told["pictures"][0]["agreement"]["anomalous"] == 3


def test_shown_residual_keeps_its_sign_and_its_size_is_bounded(files):
    found = compared(*files[:2])
    small = shown_map(found.runs[0], 0, "residual", 40)
    assert small.min() < 0 < small.max()
    assert max(small.shape) == 40
    assert shown_map(found.runs[0], 0, "base", 40).max() <= 1
