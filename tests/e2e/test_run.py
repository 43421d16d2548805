"""Own pictures in: checks, errors, stop, stale results, tuning."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.server import DEFECT, SHAPE, plate
from tests.e2e.visitor import RUN_MS


@pytest.fixture
def save(tmp_path):
    """Return a function that writes a picture and returns its path."""

    def write(name, image):
        Image.fromarray(image).save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def normals(save):
    return [save(f"normal {number}.png", plate(number)) for number in range(3)]


def deep(image):
    """Return a 16-bit grey version of an 8-bit picture, as a 12-bit camera would write it."""
    return (image[:, :, 0].astype(np.uint16) << 4) + 5


def test_sixteen_bit_tiff_is_shown_read_and_announced(visitor, save):
    support = [save(f"normal {number}.tif", deep(plate(number))) for number in range(3)]
    visitor.add("support", support)
    visitor.add("query", [save("part.tiff", deep(plate(9, DEFECT)))])
    shown = visitor.page.locator("#support .thumbnail-item img, #query .thumbnail-item img")
    expect(shown).to_have_count(4)
    for picture in shown.all():
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    expect(visitor.page.locator("#query-note")).to_contain_text("16-bit")
    visitor.run()
    visitor.finished("ANOMALOUS")
    assert visitor.layer("picture").shape == (*SHAPE, 3)
    expect(visitor.page.locator("#notes")).to_contain_text("window")
    visitor.screenshot("own-tiff-16-bit")


def test_text_file_named_png_is_refused_and_nothing_is_lost(visitor, normals, save, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("This is no picture.")
    visitor.add("support", normals)
    visitor.add("query", [text])
    note = visitor.page.locator("#query-note")
    expect(note).to_contain_text("text.png")
    expect(note).to_contain_text("text file")
    visitor.run()
    expect(visitor.page.locator("#progress .is-error")).to_contain_text("text.png")
    expect(visitor.page.locator("#run")).to_be_enabled()
    visitor.screenshot("error-text-named-png")
    expect(visitor.page.locator("#support .thumbnail-item")).to_have_count(3)
    visitor.add("query", [save("part.png", plate(9, DEFECT))])
    expect(visitor.page.locator("#query .thumbnail-item")).to_have_count(2)
    visitor.run()
    visitor.finished("ANOMALOUS")
    expect(visitor.page.locator("#notes")).to_contain_text("text.png was left out")


def test_missing_pictures_are_named_where_they_are_missing(visitor, server):
    asked = server.predictions()
    visitor.run()
    expect(visitor.page.locator("#support")).to_contain_text("compares with normal parts")
    expect(visitor.page.locator("#query")).to_contain_text("Add at least one picture to inspect")
    expect(visitor.page.locator("#run")).to_be_enabled()
    assert server.predictions() == asked


def test_stop_stops_and_keeps_what_is_finished(visitor, server, normals, save):
    visitor.add("support", normals)
    visitor.add("query", [save(f"part {number}.png", plate(20 + number)) for number in range(4)])
    with server.gate(1):
        before = server.predictions()
        visitor.run()
        expect(visitor.verdict).to_be_visible(timeout=RUN_MS)
        expect(visitor.page.locator("#progress")).to_contain_text("Inspecting 2 of 4")
        assert server.reached(before + 2)
        visitor.page.locator("#stop").click()
        expect(visitor.page.locator("#progress")).to_contain_text("Stopped: 1 of 4")
        expect(visitor.page.locator("#run")).to_be_enabled()
    visitor.try_example(1)
    expect(visitor.verdict).to_contain_text("sound.png", timeout=RUN_MS)
    visitor.finished("NORMAL")
    # two of the stopped run (the second was in progress), one of the example, none of the rest
    assert server.predictions() == before + 3


def test_bug_is_told_with_an_id_and_without_internals(visitor, server, normals, save):
    visitor.add("support", normals)
    visitor.add("query", [save("part.png", plate(9))])
    with server.broken():
        visitor.run()
        toast = visitor.page.locator(".toast-body")
        expect(toast).to_contain_text("bug in adapp")
        expect(toast).to_contain_text("id ")
        assert "planted" not in toast.inner_text()
    expect(visitor.page.locator("#run")).to_be_enabled()
    visitor.run()
    visitor.finished()


def test_changed_settings_grey_the_result_until_they_are_back(visitor):
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    stale = visitor.page.locator("#stale .is-stale")
    visitor.page.locator("#category input").fill("another part")
    expect(stale).to_contain_text("Settings changed")
    expect(visitor.page.locator("#panel")).to_have_css("filter", "grayscale(1)")
    expect(visitor.page.locator("#viewer .stage")).to_have_css("opacity", "0.5")
    visitor.screenshot("old-result")
    visitor.page.locator("#category input").fill("plate")
    expect(stale).to_have_count(0)
    visitor.page.locator("#support .delete-button").first.click(force=True)
    expect(stale).to_be_visible()
    visitor.run()
    visitor.finished()
    expect(stale).to_have_count(0)
    expect(visitor.verdict).to_contain_text("on 3 normals")


def test_tuning_is_reversible_without_another_run(visitor, server):
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    untuned = visitor.fact("unlikeness")
    visitor.page.locator("#tune input").check()
    expect(visitor.page.locator("#stale .is-stale")).to_be_visible()
    visitor.run()
    expect(visitor.verdict).to_contain_text("tuned", timeout=RUN_MS)
    visitor.finished("ANOMALOUS")
    assert visitor.fact("unlikeness") != untuned
    asked = server.predictions()
    visitor.page.locator("#tune input").uncheck()
    expect(visitor.verdict).not_to_contain_text("tuned")
    assert visitor.fact("unlikeness") == untuned
    expect(visitor.page.locator("#stale .is-stale")).to_have_count(0)
    assert server.predictions() == asked
