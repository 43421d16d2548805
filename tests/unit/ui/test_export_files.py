"""Files that a visitor takes home."""

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from adapp.methods.registry import METHODS
from adapp.services.fusion import reweighted
from adapp.services.inspection import drain
from adapp.services.regions import Thresholds
from adapp.ui.export_files import export, report_with_overlays
from tests.fakes import FAKE_METHODS


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))


@pytest.fixture
def inspection(run):
    return drain(run())


def test_archive_holds_numbers_maps_and_pictures(inspection):
    limits = Thresholds.of(inspection.calibration)
    with zipfile.ZipFile(export(inspection, limits, "all")) as archive:
        names = set(archive.namelist())
    assert "results.json" in names
    for stem in ("scratched", "sound"):
        assert {f"{stem}_{kind}.npy" for kind in ("base", "residual", "fused")} <= names
        assert {f"{stem}_overlay.png", f"{stem}_mask.png", f"{stem}_fused.png"} <= names


def test_files_lie_in_the_cache_and_nowhere_else(inspection, tmp_path):
    limits = Thresholds.of(inspection.calibration)
    for kind in ("all", "json", "overlay"):
        path = Path(export(inspection, limits, kind))
        assert path.is_relative_to(tmp_path / "cache")
        assert path.is_file()


def test_numbers_follow_the_thresholds_of_the_visitor(inspection):
    path = export(inspection, Thresholds(image=1.0, pixel=0.9), "json")
    report = json.loads(Path(path).read_text())
    assert report["thresholds"] == {"image": 1.0, "pixel": 0.9, "review": 1.0}
    assert [query["verdict"] for query in report["queries"]] == ["normal", "normal"]


def test_overlay_is_that_of_the_chosen_query(inspection):
    limits = Thresholds.of(inspection.calibration)
    path = Path(export(inspection, limits, "overlay", chosen=1))
    assert path.name == "sound_overlay.png"
    assert Image.open(path).size == (96, 72)


def test_overlay_fused_by_hand_is_named_after_its_weight(inspection):
    limits = Thresholds.of(inspection.calibration)
    moved = reweighted(inspection, 0.25)
    assert Path(export(moved, limits, "overlay")).name == "scratched_overlay_eta0.25.png"
    report = json.loads(Path(export(moved, limits, "json")).read_text())
    assert report["queries"][0]["residual_weight"] == 0.25
    assert report["queries"][0]["score_residual_weight"] == 1.0


def test_report_comes_with_one_overlay_per_query(inspection):
    report, overlays = report_with_overlays(inspection, Thresholds.of(inspection.calibration))
    assert [Path(path).name for path in overlays] == ["scratched_overlay.png", "sound_overlay.png"]
    assert report["queries"][0]["score"] == inspection.outcomes[0].result.score


def test_report_tells_types_of_defect_beside_the_regions(run, monkeypatch):
    monkeypatch.setitem(METHODS, "adseeker", FAKE_METHODS["adseeker"])
    found = drain(run(method="adseeker", support=()))
    report, _ = report_with_overlays(found, Thresholds.of(found.calibration))
    region = report["queries"][0]["regions"][0]
    assert region["types"][0]["type"] == "scratch"
    assert "none_of_these" in {told["type"] for told in region["types"]}
    assert report["provenance"]["type_accuracy"]["defects"] == 812
    normal, _ = report_with_overlays(found, Thresholds(1.0, found.calibration.pixel_threshold))
    assert normal["queries"][0]["verdict"] == "normal"
    assert [one["box"] for one in normal["queries"][0]["regions"]] == [
        one["box"] for one in report["queries"][0]["regions"]
    ]
    assert not any(one["types"] for one in normal["queries"][0]["regions"])
