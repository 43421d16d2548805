"""From a click to a verdict, and everything that can be looked at without the model."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.server import DEFECT, SHAPE

INSIDE = (27, 41)  # a pixel of the planted defect
OUTSIDE = (5, 5)
LATE_MS = 700  # the way of an answer over a bad line


@pytest.fixture(scope="module")
def looking(shared_context, server):
    """A visitor who has run the first example once; every test below only looks at the result."""
    with visiting(shared_context) as visit:
        visitor = visit(server.url)
        visitor.try_example()
        visitor.finished("ANOMALOUS")
        yield visitor


@pytest.fixture
def looker(looking, server):
    """The same visitor with everything as it was after the run; looking asks no model."""
    for position, name in ((1, "sound.png"), (0, "scratched.png")):
        looking.page.locator("#strip .thumb").nth(position).click()
        expect(looking.verdict).to_contain_text(name)
    asked = server.predictions()
    yield looking
    assert server.predictions() == asked
    looking.page.locator("#reset").click()
    expect(looking.page.locator("#threshold-note")).to_contain_text("as calibrated")
    looking.look_at("Fused")
    looking.choose("view", "Overlay")


def test_start_page_offers_examples_and_says_what_it_runs_on(visitor):
    page = visitor.page
    expect(page.locator("#examples .card")).to_have_count(2)
    expect(page.locator("#run")).to_be_enabled()
    expect(page.locator("#stop")).to_be_disabled()
    expect(page.locator(".tags")).to_contain_text("offline")
    expect(page.locator(".tags")).to_contain_text("model ready")
    expect(page.locator("#empty")).to_contain_text("Nothing inspected yet")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("document.fonts.check('16px \"IBM Plex Sans\"')")
    visitor.screenshot("start")


def test_good_example_stays_normal_and_dark(visitor, server):
    before = server.predictions()
    visitor.try_example(1)
    visitor.finished("NORMAL")
    assert server.predictions() == before + 1
    expect(visitor.page.locator("#regions")).to_contain_text("No region")
    assert visitor.layer("map").max(axis=2).mean() < 40
    visitor.screenshot("good-part")


def test_example_shows_map_verdict_and_evidence(looker):
    assert float(looker.fact("unlikeness")) > float(looker.fact("threshold"))
    expect(looker.page.locator("#strip .thumb")).to_have_count(2)
    expect(looker.frames()).to_have_count(int(looker.fact("regions")))
    first = looker.page.locator("#regions li").first
    expect(first).to_contain_text(re.compile(r"\d+ x \d+ px"))
    expect(first).to_contain_text("% of area")
    expect(first.locator(".pair img")).to_have_count(2)
    expect(first).to_contain_text(re.compile(r"nearest normal: n[1-4]"))
    for layer in ("picture", "map", "mask"):
        assert looker.layer(layer).shape[:2] == SHAPE
    looker.screenshot("example-result")


def test_planted_defect_outranks_the_rest_on_the_map(looker):
    base, residual, fused = looker.read(*INSIDE)
    assert abs(min(max(base + residual, 0), 1) - fused) < 0.002
    assert fused > looker.read(*OUTSIDE)[2] + 0.3
    painted = looker.layer("map").astype(int).sum(axis=2)
    row0, column0, row1, column1 = DEFECT
    inside = painted[row0 + 2 : row1 - 2, column0 + 2 : column1 - 2]
    assert inside.min() > np.percentile(painted, 75)


def test_mask_has_exactly_two_levels(looker):
    assert set(np.unique(looker.layer("mask"))) == {0, 255}


def test_thresholds_move_everything_but_the_model(looker):
    calibrated = looker.fact("threshold")
    looker.slide("image-threshold", 1)
    expect(looker.verdict.locator("strong")).to_have_text("NORMAL")
    assert looker.fact("threshold") == "1.000"
    expect(looker.page.locator("#histogram")).to_contain_text("threshold 1.000")
    expect(looker.page.locator("#strip p")).to_have_text("0 of 2 anomalous")
    expect(looker.page.locator("#threshold-note")).to_contain_text("Moved by you")
    looker.slide("pixel-threshold", 1)
    expect(looker.frames()).to_have_count(0)
    expect(looker.page.locator("#regions")).to_contain_text("No region")
    assert looker.fact("regions") == "0"
    looker.page.locator("#reset").click()
    expect(looker.verdict.locator("strong")).to_have_text("ANOMALOUS")
    assert looker.fact("threshold") == calibrated


def test_what_is_done_last_is_shown_however_late_an_earlier_answer_comes(looker):
    late = []

    def hold_the_first(route):
        if not late:
            late.append(route.request.url)
            looker.page.wait_for_timeout(LATE_MS)
        route.continue_()

    looker.page.route("**/gradio_api/run/**", hold_the_first)
    looker.page.locator("#strip .thumb").first.click()
    looker.slide("image-threshold", 1)
    expect(looker.verdict.locator("strong")).to_have_text("NORMAL")
    looker.page.wait_for_timeout(2 * LATE_MS)
    assert late
    assert looker.verdict.locator("strong").inner_text() == "NORMAL"
    looker.page.unroute("**/gradio_api/run/**")


def test_maps_and_their_scales_switch(looker):
    fused = looker.layer("map")
    looker.choose("map", "Residual")
    expect(looker.page.locator("#viewer .bar u").first).to_have_text("-1")
    assert not np.array_equal(looker.layer("map"), fused)
    looker.choose("map", "Base")
    expect(looker.page.locator("#viewer .bar u").first).to_have_text("0")


def test_views_and_opacity_are_the_browsers_own(looker):
    viewer = looker.page.locator("#viewer")
    looker.choose("view", "Mask")
    expect(viewer.locator(".layer.mask")).to_be_visible()
    expect(viewer.locator(".layer.picture")).to_be_hidden()
    looker.choose("view", "Original")
    expect(viewer.locator(".layer.picture")).to_be_visible()
    expect(viewer.locator(".layer.map")).to_be_hidden()
    looker.choose("view", "Overlay")
    looker.slide("opacity", 0.2)
    expect(viewer.locator(".layer.map")).to_have_css("opacity", "0.2")


def test_another_query_is_shown_on_a_click(looker):
    looker.page.locator("#strip .thumb").nth(1).click()
    expect(looker.verdict).to_contain_text("sound.png")
    expect(looker.verdict.locator("strong")).to_have_text("NORMAL")


def test_picture_zooms_and_returns_to_fit(looker):
    layers = looker.page.locator("#viewer .layers")
    whole = layers.bounding_box()["width"]
    looker.page.get_by_role("button", name="Zoom in").click()
    assert layers.bounding_box()["width"] > 1.5 * whole
    looker.page.get_by_role("button", name="Fit the picture").click()
    assert abs(layers.bounding_box()["width"] - whole) < 1
