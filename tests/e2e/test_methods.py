"""What the method chosen changes: the form, the maps, eta, hyperedges, running without support."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.server import DEFECT, plate

INSIDE = (27, 41)  # a pixel of the planted defect
FAR = (60, 80)


def pick(visitor, method):
    """Choose a method and wait until the form follows."""
    visitor.page.locator("#method").get_by_text(method).click()
    expect(visitor.page.locator("#method-note b")).to_have_text(method)


@pytest.fixture(scope="module")
def reasoned(shared_context, server):
    """A visitor who has run the first example with H2VLR once; the tests only look at it."""
    with visiting(shared_context) as visit:
        visitor = visit(server.url)
        pick(visitor, "H2VLR")
        visitor.try_example()
        visitor.finished("ANOMALOUS")
        yield visitor


@pytest.fixture
def looker(reasoned, server):
    """The same visitor with everything as it was after the run; looking asks no model."""
    for position, name in ((1, "sound.png"), (0, "scratched.png")):
        reasoned.page.locator("#strip .thumb").nth(position).click()
        expect(reasoned.verdict).to_contain_text(name)
    expect(reasoned.page.locator("#viewer .links b")).to_have_count(0)
    asked = server.predictions()
    yield reasoned
    assert server.predictions() == asked
    reasoned.page.locator("#reset").click()
    expect(reasoned.page.locator("#weight-note")).to_contain_text("method's own")
    reasoned.look_at("Fused")


@pytest.fixture
def part_file(tmp_path):
    Image.fromarray(plate(9, DEFECT)).save(tmp_path / "part.png")
    return tmp_path / "part.png"


def test_maps_differ_and_each_says_what_it_shows(looker):
    seen = {}
    for name, meaning in {
        "Fused": "Base plus weighted residual",
        "Base": "Text and nearest normal",
        "Residual": "What the reasoning changed",
        "Text": "reads like a defect",
        "Nearest normal": "far a patch is from the normal",
        "Hypergraph": "What the hypergraph says",
    }.items():
        seen[name] = looker.look_at(name)
        expect(looker.page.locator("#meaning")).to_contain_text(meaning)
    names = list(seen)
    for position, name in enumerate(names):
        for other in names[position + 1 :]:
            assert not np.array_equal(seen[name], seen[other]), (name, other)


def test_eta_moves_the_fused_map_and_its_regions_but_not_the_score(looker):
    slider = looker.page.locator("#weight")
    expect(slider).to_be_visible()
    base = looker.look_at("Base")
    looker.look_at("Fused")
    mask, score = looker.layer("mask"), looker.fact("unlikeness")
    looker.redrawn("map", lambda: looker.slide("weight", 2))
    expect(looker.page.locator("#weight-note")).to_contain_text("use 2.00")
    expect(looker.page.locator("#weight-note")).to_contain_text("stay those of 0.40")
    assert not np.array_equal(looker.layer("mask"), mask)
    assert looker.fact("unlikeness") == score
    value, residual, fused = looker.read(*INSIDE)
    assert abs(min(max(value + 2 * residual, 0), 1) - fused) < 0.003
    assert np.array_equal(looker.redrawn("map", lambda: looker.slide("weight", 0)), base)


def test_exports_name_the_eta_that_is_shown(looker, tmp_path):
    looker.slide("weight", 1.25)
    expect(looker.page.locator("#weight-note")).to_contain_text("use 1.25")
    looker.download("export-json").save_as(tmp_path / "results.json")
    report = json.loads((tmp_path / "results.json").read_text())
    assert report["queries"][0]["residual_weight"] == 1.25
    assert report["queries"][0]["score_residual_weight"] == 0.4
    assert any("1.25 set by hand" in note for note in report["notes"])
    assert looker.download("export-overlay").suggested_filename == "scratched_overlay_eta1.25.png"


def test_click_draws_the_neighbours_and_lists_the_prompts(looker):
    looker.read(*INSIDE)
    patch = looker.page.locator("#patch")
    expect(patch.locator(".near li")).to_have_count(4)
    expect(looker.page.locator("#viewer .links b")).to_have_count(5)  # and the patch itself
    ranks = looker.page.locator("#viewer .links em").all_inner_texts()
    assert ranks == ["1", "2", "3", "4"]
    claim = patch.locator(".claims li").first
    expect(claim).to_contain_text("defect")
    expect(claim).to_contain_text("part with a scratch")
    expect(claim).to_contain_text("1.50")
    looker.screenshot("hyperedges")
    near = looker.page.locator("#viewer .links").inner_html()
    claim.hover()
    expect(looker.page.locator("#viewer .links[data-claim]")).to_be_attached()
    assert looker.page.locator("#viewer .links").inner_html() != near
    patch.locator("h3").hover()
    expect(looker.page.locator("#viewer .links[data-claim]")).not_to_be_attached()
    patch.locator(".near li").nth(1).focus()
    expect(looker.page.locator("#viewer .links b.is-lit em")).to_have_text("2")


def test_neighbours_stay_drawn_when_the_picture_is_drawn_anew(looker):
    looker.read(*INSIDE)
    expect(looker.page.locator("#viewer .links b")).to_have_count(5)
    looker.slide("pixel-threshold", 0.9)
    expect(looker.page.locator("#regions")).to_contain_text("No region")
    expect(looker.page.locator("#viewer .links b")).to_have_count(5)


def test_keyboard_reads_patches_and_escape_clears_them(looker):
    page = looker.page
    looker.read(*FAR)
    page.locator("#viewer .stage").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#reading")).to_contain_text("x 78, y 60")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#reading")).to_contain_text("x 78, y 58")
    expect(page.locator("#viewer .links b")).to_have_count(5)
    page.keyboard.press("Escape")
    expect(page.locator("#viewer .links b")).to_have_count(0)
    expect(page.locator("#patch section")).to_have_count(0)
    expect(page.locator("#reading")).to_contain_text("Click a pixel")
    expect(page.locator("#viewer .spot")).to_be_hidden()


def test_clear_button_takes_the_mark_away(looker):
    looker.read(*INSIDE)
    looker.page.locator("#reading").get_by_role("button", name="Clear").click()
    expect(looker.page.locator("#viewer .links b")).to_have_count(0)
    expect(looker.page.locator("#patch section")).to_have_count(0)
    expect(looker.page.locator("#viewer .spot")).to_be_hidden()


def test_form_follows_the_method(visitor):
    page = visitor.page
    expect(page.locator("#method-note")).to_contain_text("Needs pictures of good parts")
    pick(visitor, "KAnoCLIP")
    expect(page.locator("#method-note")).to_contain_text("only calibrate the threshold")
    expect(page.locator("#method-note")).to_contain_text("full")
    expect(page.locator("#support")).to_contain_text("optional")
    expect(page.locator("#support-note")).to_contain_text("May stay empty")
    expect(page.locator("#category")).to_contain_text('Empty means "object"')
    expect(page.locator("#tune input")).to_be_disabled()
    pick(visitor, "RAID")
    expect(page.locator("#support")).not_to_contain_text("optional")
    expect(page.locator("#category")).to_contain_text("RAID does not use it")
    expect(page.locator("#tune input")).to_be_enabled()


def find_without_support(visitor, method, name, file):
    """Inspect a defective part by its name alone."""
    pick(visitor, method)
    visitor.page.locator("#category input").fill(name)
    visitor.add("query", [file])
    visitor.run()
    visitor.finished("ANOMALOUS")


def test_typed_part_name_gives_a_map_without_any_support(visitor, part_file):
    page = visitor.page
    find_without_support(visitor, "KAnoCLIP", "metal plate", part_file)
    expect(visitor.verdict).to_contain_text("metal plate")
    expect(visitor.verdict).to_contain_text("generic scale")
    expect(visitor.verdict).to_contain_text("no normals")
    expect(page.locator("#histogram")).to_contain_text("no normals: generic threshold")
    expect(page.locator("#threshold-note")).to_contain_text("Generic thresholds")
    expect(page.locator("#weight")).to_be_hidden()
    expect(page.locator("#map label")).to_have_count(7)
    fused = visitor.layer("map")
    assert not np.array_equal(visitor.look_at("Stage 5"), fused)
    expect(page.locator("#meaning")).to_contain_text("Stage 5 The map of one depth")
    visitor.screenshot("zero-shot")


def test_empty_part_name_falls_back_and_says_so(visitor, part_file):
    pick(visitor, "KAnoCLIP")
    visitor.add("query", [part_file])
    visitor.run()
    visitor.finished()
    expect(visitor.verdict).to_contain_text("no name given")
    expect(visitor.page.locator("#notes")).to_contain_text('say "object"')


def test_support_of_a_zero_shot_method_only_calibrates(visitor):
    pick(visitor, "KAnoCLIP")
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    expect(visitor.verdict).to_contain_text("on 4 normals")
    expect(visitor.verdict).to_contain_text("the threshold alone")
    expect(visitor.page.locator("#notes")).to_contain_text("only calibrate the threshold")
    expect(visitor.page.locator("#histogram")).to_contain_text("normal (4)")


def test_region_shows_its_type_and_probability_and_so_do_picture_answer_and_file(
    visitor, part_file, tmp_path
):
    page = visitor.page
    find_without_support(visitor, "ADSeeker", "sheet metal", part_file)
    types = page.locator("#regions li").first.locator(".types")
    expect(types).to_contain_text(re.compile(r"looks most like scratch \d\d %"))
    expect(types.locator("small")).to_contain_text("none of the known types")
    shown = re.search(r"scratch (\d\d) %", types.inner_text())[1]
    expect(visitor.frames().first).to_have_text("1 scratch")
    expect(page.locator("#regions .trust")).to_contain_text("first for 41 %")
    visitor.screenshot("types")
    visitor.download("export-json").save_as(tmp_path / "page.json")
    told = json.loads((tmp_path / "page.json").read_text())["queries"][0]["regions"][0]["types"]
    assert told[0]["type"] == "scratch"
    assert f"{100 * told[0]['probability']:.0f}" == shown
    page.locator("#why-what").click()
    answer = page.locator("#why-chat article .answer")
    expect(answer).to_contain_text(f"region 1 is scratch ({shown} %)", timeout=60_000)
    expect(answer).to_contain_text("the right type came first for 41 %")
    assert not np.array_equal(visitor.look_at("Sparse code"), visitor.look_at("Type"))
    expect(page.locator("#meaning")).to_contain_text("Looks most like: scratch.")


def test_method_without_types_shows_none(visitor):
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    expect(visitor.frames().first).to_have_text("1")
    expect(visitor.page.locator("#regions li").first).to_contain_text("% of area")
    expect(visitor.page.locator("#regions .types, #regions .trust")).to_have_count(0)


def test_map_that_the_next_method_lacks_gives_way_to_the_fused_one(visitor):
    pick(visitor, "KAnoCLIP")
    visitor.try_example(1)
    visitor.finished("NORMAL")
    visitor.look_at("Stage 9")
    pick(visitor, "H2VLR")
    expect(visitor.page.locator("#stale .is-stale")).to_be_visible()
    visitor.run()
    expect(visitor.verdict).to_contain_text("H2VLR")
    visitor.finished()
    expect(visitor.page.locator("#meaning b")).to_have_text("Fused")
    expect(visitor.page.locator("#map input[value=fused]")).to_be_checked()
    expect(visitor.page.locator("#map label")).to_have_count(6)


def test_narrow_screen_shows_hyperedges_without_sideways_scrolling(visitors, server):
    visitor = visitors(server.url, viewport={"width": 360, "height": 800})
    pick(visitor, "H2VLR")
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    visitor.read(*INSIDE)
    expect(visitor.page.locator("#viewer .links b")).to_have_count(5)
    visitor.slide("weight", 2)
    expect(visitor.page.locator("#weight-note")).to_contain_text("use 2.00")
    assert visitor.width() <= 360
    visitor.screenshot("narrow-hyperedges")
