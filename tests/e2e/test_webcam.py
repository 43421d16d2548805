"""A picture from the webcam; the camera is the browser's own, with a moving test picture."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import visiting
from tests.e2e.visitor import RUN_MS

FILMING = """() => {
  const video = document.querySelector('#query video');
  return video?.readyState >= video.HAVE_CURRENT_DATA && video.currentTime > 0;
}"""
CLICK_AT_ONCE = """() => {
  const observer = new MutationObserver(() => {
    const button = document.querySelector('#query [aria-label="capture photo"]');
    if (!button) return;
    observer.disconnect();
    window.stateAtClick = document.querySelector('#query video').readyState;
    button.click();
  });
  observer.observe(document.body, { childList: true, subtree: true });
}"""
HAVE_CURRENT_DATA = 2  # of a video's readyState: there is a picture to take


@pytest.fixture
def filmed(browser, server):
    """A visitor who lets the page use the camera."""
    context = browser.new_context(permissions=["camera"])
    with visiting(context) as visit:
        yield visit(server.url)
    context.close()


def open_camera(page):
    page.locator("#query").get_by_label("Capture from camera").click()
    page.locator("#query").get_by_text("Click to Access Webcam").click()


def snapshot(filmed):
    """Run with the one picture that the camera took; return it as the viewer shows it."""
    page = filmed.page
    expect(page.locator("#query .thumbnail-item")).to_have_count(1, timeout=RUN_MS)
    page.locator("#method").get_by_text("KAnoCLIP").click()
    page.locator("#category textarea, #category input").first.fill("test picture")
    filmed.run()
    filmed.finished()
    return filmed.layer("picture")


def test_snapshot_of_the_webcam_is_a_query_and_gives_a_map(filmed):
    open_camera(filmed.page)
    filmed.page.wait_for_function(FILMING, timeout=RUN_MS)
    filmed.page.locator("#query").get_by_label("capture photo").click()
    picture = snapshot(filmed)
    assert picture.shape[2] == 3
    assert picture.std() > 10
    filmed.screenshot("webcam")


def test_click_before_the_first_picture_of_the_camera_takes_that_picture(filmed):
    filmed.page.evaluate(CLICK_AT_ONCE)
    open_camera(filmed.page)
    picture = snapshot(filmed)
    assert filmed.page.evaluate("stateAtClick") < HAVE_CURRENT_DATA
    assert picture.std() > 10
