"""A picture from the webcam; the camera is the browser's own, with a moving test picture."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.visitor import RUN_MS


@pytest.fixture
def filmed(browser, server):
    """A visitor who lets the page use the camera."""
    context = browser.new_context(permissions=["camera"])
    with visiting(context) as visit:
        yield visit(server.url)
    context.close()


def test_snapshot_of_the_webcam_is_a_query_and_gives_a_map(filmed):
    page = filmed.page
    page.locator("#query").get_by_label("Capture from camera").click()
    page.locator("#query").get_by_text("Click to Access Webcam").click()
    expect(page.locator("#query video")).to_be_visible()
    page.locator("#query").get_by_label("capture photo").click()
    expect(page.locator("#query .thumbnail-item")).to_have_count(1, timeout=RUN_MS)
    page.locator("#method").get_by_text("KAnoCLIP").click()
    page.locator("#category textarea, #category input").first.fill("test picture")
    filmed.run()
    filmed.finished()
    assert filmed.layer("picture").shape[2] == 3
    assert filmed.layer("picture").std() > 10
    filmed.screenshot("webcam")
