"""Several methods on the same picture: one scale, linked looking, masks, files."""

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.server import DEFECT, SHAPE
from tests.e2e.visitor import RUN_MS


def open_tab(visitor, name):
    visitor.page.get_by_role("tab", name=name, exact=True).click()


def compare_example(visitor, position=0):
    open_tab(visitor, "Compare")
    visitor.page.locator("#compare-examples .card").nth(position).click()
    expect(visitor.page.locator("#compare-table tbody tr")).to_have_count(4, timeout=RUN_MS)
    expect(visitor.page.locator("#compare-run")).to_be_enabled(timeout=RUN_MS)


@pytest.fixture(scope="module")
def compared(shared_context, server):
    """A visitor who has compared the first example once; every test below only looks."""
    with visiting(shared_context) as visit:
        visitor = visit(server.url)
        compare_example(visitor)
        yield visitor


@pytest.fixture
def looker(compared, server):
    """The same visitor; looking asks no model."""
    asked = server.predictions()
    yield compared
    assert server.predictions() == asked


def heads(visitor):
    return visitor.page.locator("#compare-grid .cmp-head strong").all_inner_texts()


def test_example_shows_every_method_on_the_same_picture(looker):
    page = looker.page
    assert len(heads(looker)) == 4
    assert all("anomalous" in told for told in heads(looker))
    row = page.locator("#compare-grid .cmp-row[data-kind=fused] .stage")
    expect(row).to_have_count(6)  # the picture, four methods, the agreement
    expect(page.locator("#compare-grid")).to_contain_text("4 of 4 call it anomalous")
    expect(page.locator("#compare-table")).to_contain_text("above all 4 normal pictures")
    expect(page.locator("#compare-table")).to_contain_text("GB")
    expect(page.locator("#compare-pictures")).to_contain_text("4 normal parts, 2 to inspect")
    looker.screenshot("compare")


def test_rows_are_switched_in_the_browser(looker):
    base = looker.page.locator("#compare-grid .cmp-row[data-kind=base]")
    expect(base).to_be_hidden()
    for name in ("Base", "Residual"):
        looker.page.locator("#compare-rows").get_by_text(name, exact=True).click()
    expect(base).to_be_visible()
    expect(looker.page.locator("#compare-grid .cmp-row[data-kind=residual]")).to_be_visible()
    looker.screenshot("compare-rows")
    looker.page.locator("#compare-rows").get_by_text("Base", exact=True).click()
    expect(base).to_be_hidden()


def test_all_maps_zoom_together(looker):
    stages = looker.page.locator("#compare-grid .cmp-row[data-kind=fused] .stage")
    inside = [stages.nth(number).locator(".layers") for number in range(4)]
    before = [layer.bounding_box()["width"] for layer in inside]
    stages.nth(1).focus()
    looker.page.keyboard.press("+")
    for layer, width in zip(inside, before, strict=True):
        assert layer.bounding_box()["width"] == pytest.approx(1.6 * width, rel=0.01)
    looker.page.keyboard.press("0")
    assert inside[3].bounding_box()["width"] == pytest.approx(before[3], rel=0.01)


def test_linked_limit_moves_the_regions_of_all_methods(looker):
    table = looker.page.locator("#compare-table tbody tr")
    before = table.all_inner_texts()
    looker.choose("compare-limit", "95 %")
    expect(table.first).not_to_have_text(before[0], use_inner_text=True)
    looker.choose("compare-limit", "Calibrated")
    expect(table.first).to_have_text(before[0], use_inner_text=True)


def test_another_picture_is_shown_on_a_click(looker):
    looker.page.locator("#compare-strip .pill").nth(1).click()
    expect(looker.page.locator("#compare-grid .cmp-head").first).to_contain_text("sound.png")
    looker.page.locator("#compare-strip .pill").first.click()
    expect(looker.page.locator("#compare-grid .cmp-head").first).to_contain_text("scratched.png")


def test_true_mask_gives_figures_and_files_carry_them(looker, tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[DEFECT[0] : DEFECT[2], DEFECT[1] : DEFECT[3]] = 255
    Image.fromarray(mask).save(tmp_path / "scratched_mask.png")
    page = looker.page
    with page.expect_file_chooser() as chooser:
        page.locator("#compare-masks").click()
    chooser.value.set_files([str(tmp_path / "scratched_mask.png")])
    expect(page.locator("#compare-table thead")).to_contain_text("AUPRO")
    expect(page.locator("#compare-truth")).to_contain_text("scratched_mask.png")
    looker.screenshot("compare-truth")
    looker.download("compare-csv").save_as(tmp_path / "table.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text("utf-8-sig"))))
    assert [row["method"] for row in rows] == ["raid", "h2vlr", "kanoclip", "adseeker"]
    assert [row["type"] for row in rows] == ["", "", "", "scratch"]
    assert float(rows[0]["pixel_auroc"]) > 95
    looker.download("compare-png").save_as(tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as figure:
        assert figure.width > 800
    assert looker.download("compare-pdf").suggested_filename.endswith(".pdf")
    assert looker.download("compare-tex").suggested_filename.endswith(".tex")


def test_score_is_that_of_the_inspect_tab(visitor):
    compare_example(visitor)
    score = float(re.search(r"[\d.]+$", heads(visitor)[0])[0])
    open_tab(visitor, "Inspect")
    visitor.run()
    visitor.finished("ANOMALOUS")
    assert float(visitor.fact("unlikeness")) == score


def test_one_method_alone_is_a_comparison_too(visitor):
    open_tab(visitor, "Compare")
    for name in ("RAID", "H2VLR", "ADSeeker"):
        visitor.page.locator("#compare-methods").get_by_text(name, exact=True).click()
    visitor.page.locator("#compare-examples .card").first.click()
    expect(visitor.page.locator("#compare-table tbody tr")).to_have_count(1, timeout=RUN_MS)
    expect(visitor.page.locator("#compare-table")).to_contain_text("KAnoCLIP")


def test_nothing_to_compare_is_told_with_a_next_step(visitor):
    open_tab(visitor, "Compare")
    visitor.page.locator("#compare-run").click()
    expect(visitor.page.locator("#compare-progress")).to_contain_text("Add at least one picture")
    expect(visitor.page.locator("#compare-run")).to_be_enabled()


def test_stop_keeps_the_methods_that_are_done(visitor, server):
    compare_example(visitor)  # from now on the normals' own scores are known
    with server.gate(2):  # RAID's two pictures; then H2VLR begins
        visitor.page.locator("#compare-examples .card").first.click()
        expect(visitor.page.locator("#compare-table tbody tr")).to_have_count(1, timeout=RUN_MS)
        visitor.page.locator("#compare-stop").click()
        progress = visitor.page.locator("#compare-progress .message")
        expect(progress).to_have_text("Stopped: 1 method(s) finished and kept.")
    expect(visitor.page.locator("#compare-run")).to_be_enabled()
    expect(visitor.page.locator("#compare-table tbody tr")).to_have_count(1)


def test_dark_and_narrow_screens_hold_it(visitors, server):
    dark = visitors(server.url, scheme="dark")
    compare_example(dark)
    dark.screenshot("compare-dark")
    phone = visitors(server.url, viewport={"width": 390, "height": 844})
    open_tab(phone, "Compare")
    phone.page.locator("#compare-examples .card").first.click()
    expect(phone.page.locator("#compare-table tbody tr")).to_have_count(4, timeout=RUN_MS)
    phone.screenshot("compare-phone")
    assert phone.width() <= 390


def test_a_picture_chosen_while_methods_run_stays_chosen(visitor, server):
    open_tab(visitor, "Compare")
    rows = visitor.page.locator("#compare-table tbody tr")
    head = visitor.page.locator("#compare-grid .cmp-head").first
    with server.gate(2):  # the first method's two pictures
        visitor.page.locator("#compare-examples .card").first.click()
        expect(head).to_contain_text("scratched.png", timeout=RUN_MS)
        visitor.page.locator("#compare-strip .pill").nth(1).click()
        expect(head).to_contain_text("sound.png")
        expect(rows.first).to_be_visible()
    expect(rows).to_have_count(4, timeout=RUN_MS)
    expect(visitor.page.locator("#compare-run")).to_be_enabled(timeout=RUN_MS)
    expect(head).to_contain_text("sound.png")
