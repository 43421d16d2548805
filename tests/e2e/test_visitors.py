"""Several visitors at once, other screens, other themes."""

import json
import zipfile
from functools import partial

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from adapp.services.bench_app import connect
from tests.e2e.server import SHAPE, plate
from tests.soak.visits import Visit, summary, together

LEFT = (10, 8, 24, 30)
RIGHT = (36, 50, 50, 72)


def test_two_visitors_with_equal_file_names_never_meet(strangers, server, tmp_path):
    brought = {}
    for visit, name, defect in zip(strangers, ("first", "second"), (LEFT, RIGHT), strict=True):
        folder = tmp_path / name
        folder.mkdir()
        for number in range(3):
            Image.fromarray(plate(number)).save(folder / f"normal_{number}.png")
        Image.fromarray(plate(30 + len(brought), defect)).save(folder / "part.png")
        brought[name] = (visit(server.url), folder, defect)
    for visitor, folder, _ in brought.values():
        visitor.add("support", sorted(folder.glob("normal_*.png")))
        visitor.add("query", [folder / "part.png"])
    for visitor, _, _ in brought.values():
        visitor.run()
    for visitor, folder, (row0, column0, row1, column1) in brought.values():
        visitor.finished("ANOMALOUS")
        own = np.asarray(Image.open(folder / "part.png"))
        assert np.array_equal(visitor.layer("picture"), own)
        found = np.argwhere(visitor.layer("mask") > 0)
        assert found.min(axis=0).tolist() >= [row0 - 2, column0 - 2]
        assert found.max(axis=0).tolist() <= [row1 + 2, column1 + 2]
    for visitor, _, defect in brought.values():
        visitor.slide("pixel-threshold", 0.25)
        expect(visitor.frames()).to_have_count(1)
        expect(visitor.page.locator("#regions .where")).to_contain_text(f"x {defect[1]}\N{EN DASH}")


def test_programs_at_once_each_get_their_own_result(server, tmp_path):
    normals = tuple(tmp_path / f"normal_{number}.png" for number in range(3))
    for number, path in enumerate(normals):
        Image.fromarray(plate(number)).save(path)
    visits = []
    for number in range(20):
        query = tmp_path / f"{number}" / "part.png"
        query.parent.mkdir()
        Image.fromarray(plate(50 + number, LEFT if number % 2 else RIGHT)).save(query)
        visits.append(Visit(number, "plate", normals, query))
    options = {"method": "raid", "preset": "tiny", "checkpoint": "open", "tune": False, "seed": 0}
    client = connect(server.url, tmp_path)
    for visit in visits:
        visit.alone(client, **options)
    together(visits, partial(connect, server.url, tmp_path), 0, **options)
    told = summary(visits)
    assert told["distinct_scores"] == 20
    assert (told["errors"], told["crossings"]) == ([], [])
    assert told["runs"] == 20


def test_second_visitor_is_told_the_place_in_the_queue(visitors, server):
    first, second = visitors(server.url), visitors(server.url)
    with server.gate(0):
        first.try_example()
        expect(first.page.locator("#progress")).to_contain_text("Inspecting 1 of 2")
        second.try_example(1)
        expect(second.page.locator("#progress")).to_contain_text("queue: 1/1")
    first.finished("ANOMALOUS")
    second.finished("NORMAL")


def test_what_is_missing_is_told_while_the_model_is_busy(visitors, server):
    first, second = visitors(server.url), visitors(server.url)
    with server.gate(0):
        first.try_example()
        expect(first.page.locator("#progress")).to_contain_text("Inspecting 1 of 2")
        second.run()
        expect(second.page.locator("#query")).to_contain_text("Add at least one picture to inspect")
        expect(second.page.locator("#run")).to_be_enabled()
        expect(first.page.locator("#progress")).to_contain_text("Inspecting 1 of 2")
    first.finished("ANOMALOUS")


@pytest.mark.parametrize("width", [360, 480])
def test_narrow_screen_needs_no_sideways_scrolling(visitors, server, width):
    visitor = visitors(server.url, viewport={"width": width, "height": 800})
    assert visitor.width() <= width
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    assert visitor.width() <= width
    result = visitor.verdict.bounding_box()["y"]
    assert result < visitor.page.locator("#support").bounding_box()["y"]
    visitor.screenshot(f"narrow-{width}")


def test_dark_theme_is_dark(visitors, server):
    visitor = visitors(server.url, scheme="dark")
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    color = visitor.page.locator(".gradio-container").evaluate(
        "node => getComputedStyle(node).backgroundColor"
    )
    red, green, blue = (int(value) for value in color[4:-1].split(","))
    assert max(red, green, blue) < 40
    visitor.screenshot("dark")


def test_export_holds_what_the_page_shows(visitor, tmp_path):
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    score = visitor.fact("unlikeness")
    visitor.slide("image-threshold", 1)
    expect(visitor.verdict.locator("strong")).to_have_text("NORMAL")
    arrived = visitor.download("export-all")
    assert arrived.suggested_filename == "adapp-results.zip"
    arrived.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = set(archive.namelist())
        report = json.loads(archive.read("results.json"))
        maps = {kind: _array(archive, f"scratched_{kind}.npy") for kind in ("base", "fused")}
    assert {"scratched_overlay.png", "scratched_fused.png", "scratched_residual.npy"} <= names
    first = report["queries"][0]
    assert f"{first['score']:.3f}" == score
    assert (first["verdict"], first["threshold"]) == ("normal", 1.0)
    assert maps["fused"].dtype == np.float32
    assert maps["fused"].shape == maps["base"].shape == SHAPE
    numbers = visitor.download("export-json")
    numbers.save_as(tmp_path / "results.json")
    assert (
        json.loads((tmp_path / "results.json").read_text())["queries"][0]["score"]
        == (first["score"])
    )
    picture = visitor.download("export-overlay")
    picture.save_as(tmp_path / "overlay.png")
    assert Image.open(tmp_path / "overlay.png").size == (SHAPE[1], SHAPE[0])


def _array(archive, name):
    with archive.open(name) as file:
        return np.load(file, allow_pickle=False)
