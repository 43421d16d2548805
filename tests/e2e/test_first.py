"""The first example: made at the start, shown before anybody clicks, opened without the model."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import WIDE, Server, free_port, serving
from tests.e2e.server import DEFECT
from tests.e2e.test_access import PHONE, problems
from tests.e2e.visitor import RUN_MS

COMPUTED = {
    "en-US": "Computed on this machine",
    "zh-CN": "在本机计算",
    "de-DE": "Auf diesem Rechner",
    "ja-JP": "このマシンで計算",
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """An app that has made the first example's result at its start."""
    folder = tmp_path_factory.mktemp("prepared")
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with serving(["-m", "tests.e2e.server", str(port), str(folder), "prepared"], url, folder):
        yield Server(url, folder)


@pytest.fixture
def guest(visitors, prepared):
    return visitors(prepared.url)


def complete(visitor):
    """Wait until the result of the first example is there with all that belongs to it."""
    visitor.finished("ANOMALOUS")
    page = visitor.page
    expect(page.locator("#support .thumbnail-item")).to_have_count(4)
    expect(page.locator("#query .thumbnail-item")).to_have_count(2)
    expect(page.locator("#category input")).to_have_value("plate")
    expect(page.locator("#regions .pair img").first).to_be_visible()
    expect(page.locator("#histogram svg")).to_be_visible()
    expect(page.locator("#estimate")).to_contain_text("for 2 pictures")
    expect(page.locator("#stale .is-stale")).to_have_count(0)


def test_card_of_a_prepared_example_needs_no_model(guest, prepared):
    asked = prepared.predictions()
    guest.try_example()
    complete(guest)
    assert prepared.predictions() == asked
    expect(guest.page.locator("#progress")).to_contain_text("when the app started")
    expect(guest.page.locator("#strip .thumb")).to_have_count(2)
    row0, column0, row1, column1 = DEFECT
    assert guest.layer("mask")[row0 + 2 : row1 - 2, column0 + 2 : column1 - 2].all()
    guest.screenshot("prepared-example")


def test_prepared_result_is_what_a_run_finds(guest, prepared):
    guest.try_example()
    complete(guest)
    score, picture = guest.fact("unlikeness"), guest.layer("map")
    asked = prepared.predictions()
    guest.run()
    expect(guest.page.locator("#earlier .pill")).to_have_count(2)
    guest.finished("ANOMALOUS")
    assert prepared.predictions() == asked + 2
    assert guest.fact("unlikeness") == score
    assert (guest.layer("map") == picture).all()


def test_other_settings_run_the_example(guest, prepared):
    guest.page.locator("#method").get_by_text("KAnoCLIP").click()
    asked = prepared.predictions()
    guest.try_example()
    expect(guest.verdict).to_contain_text("KAnoCLIP")
    guest.finished()
    assert prepared.reached(asked + 2)


def test_visitors_of_one_prepared_result_change_only_their_own(strangers, prepared):
    first, second = (visit(prepared.url) for visit in strangers)
    for visitor in (first, second):
        visitor.try_example()
        complete(visitor)
    first.slide("image-threshold", 1)
    expect(first.verdict.locator("strong")).to_have_text("NORMAL")
    second.slide("opacity", 0.3)
    second.choose("map", "Base")
    expect(second.verdict.locator("strong")).to_have_text("ANOMALOUS")
    expect(second.page.locator("#threshold-note")).to_contain_text("as calibrated")


def test_card_ends_a_run_in_progress(guest, prepared):
    with prepared.gate(0):
        guest.try_example(1)
        expect(guest.page.locator("#progress")).to_contain_text("Inspecting 1 of 1")
        guest.try_example()
        complete(guest)
        expect(guest.page.locator("#stop")).to_be_disabled()
    guest.try_example(1)
    guest.finished("NORMAL")
    expect(guest.verdict).to_contain_text("sound.png")


def test_link_to_the_prepared_example_opens_it(visitors, prepared):
    asked = prepared.predictions()
    complete(visitors(f"{prepared.url}?example=scratched"))
    assert prepared.predictions() == asked


def test_welcome_picture_opens_the_example_by_key(guest, prepared):
    asked = prepared.predictions()
    welcome = guest.page.locator("#empty .welcome")
    expect(welcome.locator("img")).to_have_count(2)
    expect(welcome.locator("img").last).to_have_attribute("alt", re.compile("anomalous, score"))
    expect(welcome).to_contain_text("Scratched")
    for told in ("RAID", "tiny", "open"):
        expect(welcome.locator("dd").get_by_text(told, exact=True)).to_be_visible()
    guest.screenshot("welcome")
    welcome.get_by_role("button").focus()
    guest.page.keyboard.press("Enter")
    complete(guest)
    expect(welcome).to_have_count(0)
    assert prepared.predictions() == asked


def test_welcome_picture_comes_with_the_page(browser, prepared):
    context = browser.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    answer = page.goto(prepared.url, timeout=RUN_MS)
    assert "Its anomaly map" in answer.text()
    expect(page.locator("#empty .welcome img").first).to_be_visible()
    expect(page.locator(".tags")).to_contain_text("model ready")
    assert "POST" not in asked
    context.close()


def test_without_a_prepared_result_nothing_is_shown_for_one(visitor):
    expect(visitor.page.locator("#empty")).to_contain_text("Nothing inspected yet")
    expect(visitor.page.locator("#empty .welcome")).to_have_count(0)


@pytest.mark.parametrize("locale", COMPUTED)
def test_welcome_speaks_the_visitors_language(browser, prepared, locale):
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.goto(prepared.url, timeout=RUN_MS)
    for other, words in COMPUTED.items():
        told = page.locator("#empty small").get_by_text(words)
        expect(told).to_be_visible() if other == locale else expect(told).to_be_hidden()
    context.close()


@pytest.mark.parametrize(("scheme", "screen"), [("light", WIDE), ("dark", WIDE), ("light", PHONE)])
def test_welcome_has_no_problem_that_axe_finds(visitors, prepared, scheme, screen):
    visitor = visitors(prepared.url, viewport=screen, scheme=scheme)
    expect(visitor.page.locator("#empty .welcome img").first).to_be_visible()
    assert problems(visitor.page) == []
    assert visitor.width() <= screen["width"]
