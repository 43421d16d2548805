"""The app as it ships: the embedded encoder on the examples that come with it."""

import os

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import START_SECONDS, free_port, serving

LAUNCH = "from adapp.ui.blocks import launch; launch(port={port}, preset='embedded')"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded")
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    os.environ.setdefault("ADAPP_CACHE", str(tmp_path_factory.mktemp("weights")))
    with serving(["-c", LAUNCH.format(port=port)], address, folder):
        yield address


def test_first_example_shows_its_maps(visitors, url):
    visitor = visitors(url)
    expect(visitor.page.locator(".tags")).to_contain_text(
        "model ready", timeout=1000 * START_SECONDS
    )
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    assert visitor.layer("map").shape[:2] == visitor.layer("picture").shape[:2]
    expect(visitor.page.locator("#regions .pair img").first).to_be_visible()
    visitor.screenshot("embedded-example")
