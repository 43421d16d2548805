"""Beyond one run: ignored areas, false alarms, sets of normals, earlier runs, links."""

import zipfile

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.server import DEFECT, SHAPE
from tests.e2e.visitor import RUN_MS


@pytest.fixture(scope="module")
def looking(shared_context, server):
    """A visitor who came by a link to the first example, which ran by itself."""
    with visiting(shared_context) as visit:
        visitor = visit(f"{server.url}?example=scratched")
        visitor.finished("ANOMALOUS")
        yield visitor


def drag(visitor, start, end):
    """Draw on the picture from one pixel (row, column) to another."""
    box = visitor.page.locator("#viewer .layers").bounding_box()

    def place(row, column):
        return (
            box["x"] + (column + 0.5) / SHAPE[1] * box["width"],
            box["y"] + (row + 0.5) / SHAPE[0] * box["height"],
        )

    visitor.page.mouse.move(*place(*start))
    visitor.page.mouse.down()
    visitor.page.mouse.move(*place(*end), steps=4)
    visitor.page.mouse.up()


def test_region_of_interest_leaves_the_defect_out_without_the_model(looking, server):
    asked = server.predictions()
    looking.page.locator("#viewer [data-pen=keep]").click()
    drag(looking, (45, 5), (70, 90))  # below the defect
    expect(looking.page.locator("#area-note")).to_contain_text("of the picture is ignored")
    expect(looking.verdict.locator("strong")).to_have_text("NORMAL")
    expect(looking.frames()).to_have_count(0)
    looking.screenshot("area")
    looking.page.locator("#viewer [data-pen=keep]").click()
    looking.page.locator("#area-clear").click()
    expect(looking.verdict.locator("strong")).to_have_text("ANOMALOUS")
    assert server.predictions() == asked


def test_brush_over_the_defect_leaves_it_out(looking):
    looking.page.locator("#viewer [data-pen=ignore]").click()
    rows = range(DEFECT[0], DEFECT[2] + 2, 3)
    for row in rows:
        drag(looking, (row, DEFECT[1] - 2), (row, DEFECT[3] + 2))
    expect(looking.page.locator("#area-note")).to_contain_text(f"({len(rows)} shapes)")
    expect(looking.verdict.locator("strong")).to_have_text("NORMAL")
    looking.page.locator("#viewer [data-pen=ignore]").click()
    looking.page.locator("#area-clear").click()
    expect(looking.verdict.locator("strong")).to_have_text("ANOMALOUS")


def test_review_limit_lies_below_the_threshold_and_moves(looking):
    expect(looking.verdict.locator("em")).to_have_text("fail")
    looking.slide("image-threshold", 1)
    expect(looking.verdict.locator("em")).to_have_text("review")
    looking.slide("review-threshold", 1)
    expect(looking.verdict.locator("em")).to_have_text("pass")
    looking.page.locator("#reset").click()
    expect(looking.verdict.locator("em")).to_have_text("fail")
    expect(looking.page.locator("#histogram [data-limit=review]")).to_have_count(1)


def test_threshold_line_can_be_dragged(looking):
    line = looking.page.locator("#histogram [data-limit=image]")
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    looking.page.mouse.move(*middle)
    looking.page.mouse.down()
    looking.page.mouse.move(middle[0] + 200, middle[1], steps=4)
    looking.page.mouse.up()
    expect(looking.page.locator("#threshold-note")).to_contain_text("Moved by you")
    looking.page.locator("#reset").click()
    expect(looking.page.locator("#threshold-note")).to_contain_text("as calibrated")


def test_false_alarm_becomes_a_normal_part(looking):
    looking.page.locator("#good").click()
    expect(looking.verdict).to_contain_text("on 5 normals", timeout=RUN_MS)
    looking.finished("NORMAL")
    expect(looking.page.locator("#support .thumbnail-item")).to_have_count(5)
    runs = looking.page.locator("#earlier .pill")
    expect(runs).to_have_count(2)
    runs.nth(1).click()
    expect(looking.verdict.locator("strong")).to_have_text("ANOMALOUS")
    expect(looking.verdict).to_contain_text("on 4 normals")
    looking.screenshot("earlier-runs")


def test_set_of_normals_is_saved_and_loaded_again(looking, visitor, tmp_path):
    looking.download("save-set").save_as(tmp_path / "normals.zip")
    with zipfile.ZipFile(tmp_path / "normals.zip") as packed:
        assert "set.json" in packed.namelist()
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.locator("#load-set").click()
    chooser.value.set_files([str(tmp_path / "normals.zip")])
    expect(visitor.page.locator("#support .thumbnail-item")).to_have_count(5)
    expect(visitor.page.locator("#category input")).to_have_value("plate")


def test_tiles_are_chosen_and_told(looking):
    looking.page.locator("#tiles").get_by_text("2 x 2", exact=True).click()
    expect(looking.page.locator("#stale .is-stale")).to_be_visible()
    looking.run()
    expect(looking.page.locator("#notes")).to_contain_text("2 x 2 tiles", timeout=RUN_MS)
    looking.finished()
