"""Exports stand on their own: right numbers, safe names, lossless files."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapp.core.errors import UsageError
from adapp.core.results import DefectTypes
from adapp.services.export import (
    ResultsWriter,
    to_json,
    unique_stem,
    write_archive,
    write_results,
)
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from adapp.services.regions import Thresholds, regions
from tests.fakes import ACCURACY, FakeLoader, part

DEFECT = (10, 20, 30, 50)


@pytest.fixture
def folder(tmp_path):
    """Write pictures; two queries in different folders have the same name."""
    made = {
        "n0.png": part(0),
        "n1.png": part(1),
        "one/000.png": part(7),
        "two/000.png": part(8, defect=DEFECT),
        "Größe 1.2.png": part(9),
    }
    for name, image in made.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return tmp_path / "in"


@pytest.fixture
def inspection(folder):
    request = InspectionRequest(
        method="raid",
        preset="tiny",
        checkpoint="open",
        category="plate",
        support=(folder / "n0.png", folder / "n1.png"),
        query=(folder / "one/000.png", folder / "two/000.png", folder / "Größe 1.2.png"),
        seed=3,
    )
    return drain(inspect(request, DetectorPool(FakeLoader())))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out" / "deeper"


def read(path):
    def refuse(word):
        pytest.fail(f"{word} in JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_every_promised_file_is_there_and_listed(inspection, out):
    report = read(write_results(inspection, out))
    expected = {"results.json"}
    for stem in ("000", "000-2", "Größe 1.2"):
        expected |= {f"{stem}_{kind}.npy" for kind in ("base", "residual", "fused")}
        expected |= {f"{stem}_overlay.png", f"{stem}_mask.png"}
    assert {path.name for path in out.iterdir()} == expected
    listed = {name for query in report["queries"] for name in query["files"].values()}
    assert listed | {"results.json"} == expected


def test_maps_are_float32_at_the_querys_size_and_fuse(inspection, out):
    write_results(inspection, out)
    for stem, outcome in zip(("000", "000-2", "Größe 1.2"), inspection.outcomes, strict=True):
        base, residual, fused = (
            np.load(out / f"{stem}_{kind}.npy", allow_pickle=False)
            for kind in ("base", "residual", "fused")
        )
        assert {values.dtype for values in (base, residual, fused)} == {np.dtype(np.float32)}
        assert fused.shape == outcome.image.original_size
        assert np.array_equal(fused, outcome.result.fused_map)
        np.testing.assert_allclose(np.clip(base + residual, 0, 1), fused, atol=1e-6)


def test_pictures_are_lossless(inspection, out):
    write_results(inspection, out)
    mask = cv2.imread(str(out / "000-2_mask.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (60, 80)
    assert set(np.unique(mask)) == {0, 255}
    found = regions(inspection.outcomes[1].result.fused_map, inspection.calibration.pixel_threshold)
    assert (mask == 255).sum() == sum(region.area_px for region in found)
    assert (out / "000-2_overlay.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_json_says_what_was_run(inspection, out):
    report = read(write_results(inspection, out))
    assert report["method"] == "raid"
    assert report["preset"] == "tiny"
    assert report["variant"] == "full"
    assert report["checkpoint"] == "open"
    assert report["checkpoint_sha256"] == "0" * 64
    assert report["licence"] == "Free to use."
    assert report["category"] == "plate"
    assert report["seed"] == 3
    assert report["size"] == 64
    assert report["support"] == ["n0.png", "n1.png"]
    assert report["provenance"]["backbone"] == "fake:pixels"
    assert report["provenance"]["trained_on"] == ["nothing"]
    assert report["calibration"]["n_normals"] == 2


def test_json_numbers_are_the_results_own(inspection, out):
    report = read(write_results(inspection, out))
    for told, outcome in zip(report["queries"], inspection.outcomes, strict=True):
        assert told["score"] == outcome.result.score
        above = outcome.result.score > inspection.calibration.image_threshold
        assert told["verdict"] == ("anomalous" if above else "normal")
    good, bad, _ = report["queries"]
    assert good["regions"] == []
    (region,) = bad["regions"]
    row0, column0, row1, column1 = region["box"]
    assert np.abs(np.subtract([row0, column0, row1, column1], DEFECT)).max() <= 1
    assert region["height_px"] == row1 - row0
    assert region["area_percent"] == pytest.approx(100 * region["area_px"] / 4800)
    assert bad["area_percent"] == pytest.approx(region["area_percent"])
    assert region["nearest_normal"]["support"] in {"n0.png", "n1.png"}
    assert region["nearest_normal"]["cost_ratio"] > 1


def test_types_of_defect_stand_beside_their_regions(inspection, out):
    names = ("hole", "stain", "")
    logits = np.zeros((4, 4, 3), np.float32)
    logits[..., 0] = 2.0
    types = DefectTypes(names, logits)
    outcomes = tuple(
        replace(outcome, result=replace(outcome.result, defect_types=types))
        for outcome in inspection.outcomes
    )
    typed = replace(inspection, outcomes=outcomes)
    report = read(write_results(typed, out))
    (region,) = report["queries"][1]["regions"]
    assert [told["type"] for told in region["types"]] == ["hole", "stain", "none_of_these"]
    chance = np.exp(2) / (np.exp(2) + 2)
    assert region["types"][0]["probability"] == pytest.approx(chance)
    assert report["queries"][1]["types"] == region["types"]
    assert report["queries"][0]["types"] == [], "a sound part has no type of defect"
    own = Thresholds.of(inspection.calibration)
    (sound,) = read(write_results(typed, out, replace(own, image=1.0)))["queries"][1]["regions"]
    assert sound == {**region, "types": []}


def test_a_method_that_tells_no_types_exports_none(inspection, out):
    report = read(write_results(inspection, out))
    (region,) = report["queries"][1]["regions"]
    assert region["types"] == report["queries"][1]["types"] == []
    assert "type_accuracy" not in report["provenance"]


def test_the_accuracy_of_types_stands_in_the_provenance(inspection, out):
    known = replace(inspection.provenance, type_accuracy=ACCURACY)
    report = read(write_results(replace(inspection, provenance=known), out))
    assert report["provenance"]["type_accuracy"]["among_three"] == 0.66
    assert report["provenance"]["type_accuracy"]["setting"] == ACCURACY.setting


def test_the_users_thresholds_decide_verdicts_and_regions(inspection, out):
    report = read(write_results(inspection, out, Thresholds(image=1.0, pixel=1.0)))
    assert report["thresholds"] == {"image": 1.0, "pixel": 1.0, "review": 1.0}
    assert {query["verdict"] for query in report["queries"]} == {"normal"}
    assert all(query["regions"] == [] for query in report["queries"])


def test_map_pictures_are_written_on_request(inspection, out):
    report = read(write_results(inspection, out, map_pictures=True))
    files = report["queries"][0]["files"]
    assert files["residual_picture"] == "000_residual.png"
    assert cv2.imread(str(out / "000_fused.png")).shape == (60, 80, 3)


def test_names_carry_no_folder_unless_asked(inspection, out, folder):
    plain = write_results(inspection, out).read_text(encoding="utf-8")
    assert folder.as_posix() not in plain
    writer = ResultsWriter(out, with_paths=True)
    for outcome in inspection.outcomes:
        writer.add(outcome, inspection)
    names = [query["name"] for query in read(writer.finish(inspection))["queries"]]
    assert names[:2] == [(folder / "one/000.png").as_posix(), (folder / "two/000.png").as_posix()]


def test_a_stopped_run_and_its_rejections_are_told(folder, out, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    request = InspectionRequest(
        "raid", "tiny", "open", "", (folder / "n0.png",), (folder / "one/000.png", broken)
    )
    found = drain(inspect(request, DetectorPool(FakeLoader())))
    report = read(write_results(replace(found, stopped=True), out))
    assert report["stopped"] is True
    (rejected,) = report["rejected"]
    assert (rejected["name"], rejected["role"]) == ("broken.png", "query")
    assert rejected["reason"]


def test_a_number_that_is_not_finite_is_never_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"score": float("nan")})


def test_a_file_name_that_is_no_text_is_told_escaped(inspection, out):
    outcome = inspection.outcomes[0]
    odd = replace(outcome.image, path=Path("a\udcff.png"))
    writer = ResultsWriter(out, with_paths=True)
    writer.add(replace(outcome, image=odd), inspection)
    (query,) = read(writer.finish(inspection))["queries"]
    assert query["name"] == "a\udcff.png"
    assert query["files"]["base"] == "a__base.npy"


def test_a_folder_that_cannot_be_written_is_told(inspection, tmp_path):
    blocking = tmp_path / "file"
    blocking.write_text("")
    with pytest.raises(UsageError, match=r"Cannot write to .*file.*Choose another folder"):
        write_results(inspection, blocking / "out")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("000.png", "000"),
        ("part 1.2.tif", "part 1.2"),
        ("Größe.png", "Größe"),
        ("../../etc/passwd.png", "passwd"),
        ("..\\..\\evil.png", "evil"),
        ("a:b*c?.png", "a_b_c_"),
        ("line\nbreak\x00.png", "linebreak"),
        ("\u202egnp.exe.png", "gnp.exe"),
        ("...", "query"),
        (".png", "png"),
        ("", "query"),
        ("CON.png", "_CON"),
        ("x" * 300 + ".png", "x" * 200),
        ("ä" * 300 + ".png", "ä" * 100),
    ],
)
def test_stems_are_safe_and_else_the_files_own(name, stem):
    found = unique_stem(name, set())
    assert found == stem
    assert Path(found).name == found


def test_stems_are_unique_even_where_case_does_not_count():
    taken = set()
    names = ["a.png", "A.jpg", "a-2.png", "a.tif"]
    assert [unique_stem(name, taken) for name in names] == ["a", "A-2", "a-2-2", "a-3"]


def test_archive_holds_the_files_flat(inspection, out, tmp_path):
    write_results(inspection, out)
    archive = write_archive(out, tmp_path / "results.zip")
    with zipfile.ZipFile(archive) as packed:
        assert sorted(packed.namelist()) == sorted(path.name for path in out.iterdir())
        assert packed.testzip() is None
