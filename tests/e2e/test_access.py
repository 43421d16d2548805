"""No serious problem that axe finds on any page, and the three steps without a mouse."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import WIDE
from tests.e2e.server import DEFECT, plate
from tests.e2e.visitor import RUN_MS

GRAVE = {"serious", "critical"}
PHONE = {"width": 390, "height": 844}
SCREENS = [("light", WIDE), ("dark", WIDE), ("light", PHONE)]


def problems(page):
    """Return what axe finds grave: the rule, the place of each element and what is wrong there."""
    found = Axe().run(page).response["violations"]
    return [
        (rule["id"], node["target"], node["failureSummary"])
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


def open_tab(page, name, shown):
    """Open a tab and wait until what it shows is there; on a phone it may be in a menu."""
    tab = page.get_by_role("tab", name=name, exact=True)
    if not tab.is_visible():
        page.locator("#tabs .overflow-menu > button").click()
        tab = page.locator("#tabs .overflow-dropdown").get_by_text(name, exact=True)
    tab.click()
    expect(page.locator(shown).first).to_be_visible()


def inspect(visitor, files):
    page = visitor.page
    yield "inspect, nothing yet"
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    yield "inspect, a result"
    page.locator("#defect-box > button").click()
    page.locator("#model-box > button").click()
    expect(page.locator("#checkpoint")).to_be_visible()
    yield "inspect, every box open"
    page.locator("#why-what").click()
    expect(page.locator("#why-chat .wrote")).to_be_visible(timeout=RUN_MS)
    yield "inspect, an answer"
    visitor.choose("map", "Residual")
    expect(page.locator("#meaning b")).to_have_text("Residual")
    yield "inspect, the residual map"
    visitor.add("support", files[:1])
    expect(page.locator("#stale .is-stale")).to_be_visible()
    yield "inspect, an old result"


def compare(visitor, _):
    open_tab(visitor.page, "Compare", "#compare-run")
    yield "compare, nothing yet"
    visitor.page.locator("#compare-examples .card").first.click()
    expect(visitor.page.locator("#compare-table tbody tr")).to_have_count(4, timeout=RUN_MS)
    yield "compare, a result"


def batch(visitor, files):
    page = visitor.page
    open_tab(page, "Batch", "#batch-run")
    yield "batch, nothing yet"
    with page.expect_file_chooser() as chooser:
        page.locator("#batch-files").click()
    chooser.value.set_files(files)
    expect(page.locator("#batch-settings")).to_contain_text(f"{len(files)} picture")
    page.locator("#batch-run").click()
    expect(page.locator("#batch-table tbody tr")).to_have_count(len(files), timeout=RUN_MS)
    expect(page.locator("#batch-run")).to_be_enabled(timeout=RUN_MS)
    yield "batch, a result"


def knowledge(visitor, _):
    page = visitor.page
    open_tab(page, "Knowledge", "#knowledge-list .page")
    yield "knowledge, every page"
    page.locator("#knowledge-list .page").first.click()
    expect(page.locator("#knowledge-page .leaf")).to_be_visible(timeout=RUN_MS)
    page.locator("#knowledge-own-box > button").click()
    yield "knowledge, a page open"


def reading(visitor, _):
    for name, shown in (
        ("Methods", "#paper-table tbody tr"),
        ("API", "#api-python .cm-line"),
        ("About", "#about"),
    ):
        open_tab(visitor.page, name, shown)
        yield name.lower()


@pytest.fixture
def files(tmp_path):
    """A good part and one with a defect."""
    paths = [tmp_path / "good.png", tmp_path / "part.png"]
    Image.fromarray(plate(1)).save(paths[0])
    Image.fromarray(plate(9, DEFECT)).save(paths[1])
    return [str(path) for path in paths]


@pytest.mark.parametrize(("scheme", "viewport"), SCREENS, ids=["light", "dark", "phone"])
def test_axe_finds_nothing_grave_on_any_page(visitors, server, files, scheme, viewport):
    visitor = visitors(server.url, viewport=viewport, scheme=scheme)
    found = {
        page: told
        for walk in (inspect, compare, batch, knowledge, reading)
        for page in walk(visitor, files)
        if (told := problems(visitor.page))
    }
    assert found == {}


def press(page, place, key="Enter"):
    """Tab on until the focus is inside ``place``, then press a key."""
    for _ in range(80):
        if page.evaluate("place => document.activeElement.closest(place) !== null", place):
            page.keyboard.press(key)
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {place}")


def test_own_pictures_are_inspected_by_keyboard_alone(visitor, files):
    page = visitor.page
    for role, path in zip(("support", "query"), files, strict=True):
        with page.expect_file_chooser() as chooser:
            press(page, f"#{role} button[aria-label^='Click to upload']")
        chooser.value.set_files([path])
        expect(page.locator(f"#{role} .thumbnail-item")).to_have_count(1)
    press(page, "#run")
    visitor.finished("ANOMALOUS")
    press(page, "#viewer .stage", "ArrowRight")
    expect(page.locator("#reading .reading")).to_be_visible()


def test_more_pictures_are_added_by_keyboard_alone(visitor, files):
    page = visitor.page
    visitor.add("support", files[:1])
    expect(page.locator("#support .thumbnail-item")).to_have_count(1)
    with page.expect_file_chooser() as chooser:
        press(page, "#support button[aria-label^='Click to upload']")
    chooser.value.set_files(files[1:])
    expect(page.locator("#support .thumbnail-item")).to_have_count(2)
    expect(page.get_by_role("button", name="common.webcam")).to_have_count(0)
