"""Many pictures: progress, stop, sorting, keys, labels, files."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.server import DEFECT, plate
from tests.e2e.visitor import RUN_MS

COUNT = 6


def write_parts(folder):
    """Write six parts, every second of which has a defect; return their paths."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number in range(COUNT):
        image = plate(40 + number, DEFECT if number % 2 else None)
        paths.append(folder / f"part_{number}.png")
        Image.fromarray(image).save(paths[-1])
    return paths


def fill(visitor, paths, normals):
    """Give normals in the Inspect tab and pictures in the Batch tab."""
    visitor.add("support", normals)
    visitor.page.get_by_role("tab", name="Batch", exact=True).click()
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.locator("#batch-files").click()
    chooser.value.set_files([str(path) for path in paths])
    expect(visitor.page.locator("#batch-settings")).to_contain_text(f"{len(paths)} picture")


def rows(visitor):
    return visitor.page.locator("#batch-table tbody tr")


def names(visitor):
    return rows(visitor).locator("th span").all_inner_texts()


def ended(visitor, told=f"{COUNT} of {COUNT} inspected"):
    expect(visitor.page.locator("#batch-progress")).to_contain_text(told, timeout=RUN_MS)
    expect(visitor.page.locator("#batch-run")).to_be_enabled(timeout=RUN_MS)


@pytest.fixture(scope="module")
def normals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normals")
    for number in range(3):
        Image.fromarray(plate(number)).save(folder / f"n{number}.png")
    return sorted(folder.glob("*.png"))


@pytest.fixture(scope="module")
def done(shared_context, server, normals, tmp_path_factory):
    """A visitor whose batch is finished."""
    with visiting(shared_context) as visit:
        visitor = visit(server.url)
        paths = write_parts(tmp_path_factory.mktemp("batch"))
        text = paths[0].with_name("text.png")
        text.write_text("no picture")
        fill(visitor, [*paths, text], normals)
        visitor.page.locator("#batch-run").click()
        ended(visitor, "7 of 7 inspected")
        yield visitor


def test_table_shows_every_picture_and_the_refused_one(done):
    expect(rows(done)).to_have_count(COUNT + 1)
    expect(rows(done).filter(has_text="anomalous")).to_have_count(COUNT // 2)
    expect(rows(done).filter(has_text="refused")).to_contain_text("text file")
    expect(done.page.locator("#batch-histogram svg")).to_be_visible()
    done.screenshot("batch")


def test_head_sorts_and_sorts_back(done):
    done.page.locator("#batch-table [data-sort=score]").click()
    first = names(done)
    assert first[-1] == "text.png"
    assert [name[5] for name in first[:3]] != ["0", "1", "2"]
    head = done.page.locator("#batch-table th", has=done.page.locator("[data-sort=score]"))
    expect(head).to_have_attribute("aria-sort", "descending")
    done.page.locator("#batch-table [data-sort=number]").click()
    done.page.locator("#batch-table [data-sort=number]").click()
    assert names(done)[0] == "part_0.png"


def test_keys_move_open_and_label(done):
    page = done.page
    page.locator("#batch-table .table-scroll").focus()
    for key in ("ArrowDown", "g", "ArrowDown", "b", "Enter"):
        page.keyboard.press(key)
    expect(rows(done).nth(0).locator(".label")).to_have_text("good")
    expect(rows(done).nth(1).locator(".label")).to_have_text("bad")
    expect(page.locator("#batch-detail h3")).to_have_text("part_1.png")
    expect(page.locator("#batch-detail img")).to_have_count(2)
    expect(page.locator("#batch-figures")).to_contain_text("F1 1.00 on 2 labelled")
    done.screenshot("batch-labelled")


def test_threshold_judges_anew_without_the_model_and_exports_follow(done, server, tmp_path):
    asked = server.predictions()
    done.slide("batch-threshold", 1)
    expect(done.page.locator("#batch-figures")).to_contain_text("0 of 6 anomalous")
    expect(rows(done).nth(1)).to_contain_text("normal")
    done.download("batch-csv").save_as(tmp_path / "results.csv")
    table = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text())))
    assert {row["verdict"] for row in table} == {"normal", "refused"}
    done.page.locator("#batch-reset").click()
    expect(done.page.locator("#batch-figures")).to_contain_text("3 of 6 anomalous")
    assert server.predictions() == asked


def test_files_are_all_there_and_load(done, tmp_path):
    for kind, name in {"json": "results.json", "coco": "coco.json", "html": "report.html"}.items():
        done.download(f"batch-{kind}").save_as(tmp_path / name)
    told = json.loads((tmp_path / "results.json").read_text())
    assert len(told["queries"]) == COUNT
    assert len(json.loads((tmp_path / "coco.json").read_text())["images"]) == COUNT
    assert "Inspection report" in (tmp_path / "report.html").read_text()
    done.download("batch-zip").save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        maps = [name for name in packed.namelist() if name.endswith("_fused.npy")]
        assert len(maps) == COUNT
        assert np.load(packed.open(maps[0]), allow_pickle=False).dtype == np.float32
    assert done.download("batch-manifest").suggested_filename == "manifest.json"


def test_stop_keeps_what_is_done(visitor, server, normals, tmp_path):
    fill(visitor, write_parts(tmp_path / "parts"), normals)
    with server.gate(2):
        before = server.predictions()
        visitor.page.locator("#batch-run").click()
        expect(visitor.page.locator("#batch-progress")).to_contain_text("2 of 6", timeout=RUN_MS)
        assert server.reached(before + 3)
        with visitor.page.expect_response("**/gradio_api/run/**"):  # the app knows of it
            visitor.page.locator("#batch-stop").click()
    ended(visitor, "Stopped: 3 of 6 inspected and kept.")
    expect(rows(visitor)).to_have_count(3)
    visitor.download("batch-csv").save_as(tmp_path / "kept.csv")
    assert len((tmp_path / "kept.csv").read_text().splitlines()) == 4


def test_missing_pictures_are_told(visitor):
    visitor.page.get_by_role("tab", name="Batch", exact=True).click()
    visitor.page.locator("#batch-run").click()
    expect(visitor.page.locator("#batch-progress")).to_contain_text("Add pictures or a folder")


def test_dark_and_narrow_screens_hold_it(visitors, server, normals, tmp_path):
    for name, options in {
        "dark": {"scheme": "dark"},
        "phone": {"viewport": {"width": 390, "height": 844}},
    }.items():
        visitor = visitors(server.url, **options)
        fill(visitor, write_parts(tmp_path / name), normals)
        visitor.page.locator("#batch-run").click()
        ended(visitor)
        rows(visitor).nth(1).click()
        expect(visitor.page.locator("#batch-detail img")).to_have_count(2)
        visitor.screenshot(f"batch-{name}")
        assert visitor.width() <= options.get("viewport", {"width": 1440})["width"]
