"""The app as it ships: the embedded encoder on the examples that come with it."""

import os
import re

import numpy as np
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


def test_h2vlr_shows_what_its_maps_are_made_of(visitors, url):
    visitor = visitors(url)
    visitor.page.locator("#method").get_by_text("H2VLR").click()
    visitor.try_example()
    visitor.finished("ANOMALOUS")
    maps = [visitor.look_at(name) for name in ("Base", "Hypergraph", "Residual", "Fused")]
    assert len({shown.tobytes() for shown in maps}) == len(maps)
    moved = visitor.redrawn("map", lambda: visitor.slide("weight", 1))
    assert not np.array_equal(moved, maps[-1])
    rows, columns = maps[-1].shape[:2]
    visitor.read(rows // 2, columns // 2)
    expect(visitor.page.locator("#patch .near li")).not_to_have_count(0)
    if visitor.page.locator("#patch .claims li").count() == 0:
        claimed = visitor.page.locator("#patch [data-name=claimed] [data-rank]").first
        place = dict(re.findall(r"(left|top):([\d.]+)%", claimed.get_attribute("style")))
        row, column = (float(place[side]) / 100 for side in ("top", "left"))
        visitor.read(int(row * rows) + 2, int(column * columns) + 2)
    expect(visitor.page.locator("#patch .claims li")).not_to_have_count(0)
    visitor.screenshot("embedded-h2vlr")
