"""A test defect: drawn on a good part with the mouse, inspected like any picture."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.server import SHAPE, plate


@pytest.fixture
def normals(tmp_path):
    paths = [tmp_path / f"normal_{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.fromarray(plate(number)).save(path)
    return paths


def scratch(page):
    """Draw a thick diagonal over the middle of the editor's picture."""
    canvas = page.locator("#defect-editor canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 30, y - 20)
    page.mouse.down()
    page.mouse.move(x + 30, y + 20, steps=12)
    page.mouse.up()


def test_a_scratch_drawn_on_a_good_part_is_found(visitor, normals):
    page = visitor.page
    visitor.add("support", normals)
    page.locator("#defect-box > button").click()
    page.locator("#defect-fill").click()
    expect(page.locator("#defect-editor canvas").first).to_be_visible()
    expect(page.locator("#defect-editor [aria-label='Brush']").first).to_be_visible()
    page.locator("#defect-editor [aria-label='Brush']").first.click()
    scratch(page)
    visitor.screenshot("test-defect")
    page.locator("#defect-take").click()
    expect(page.locator("#query .thumbnail-item")).to_have_count(1)
    expect(page.locator("#estimate")).to_contain_text("for 1 picture")
    visitor.run()
    visitor.finished("ANOMALOUS")
    drawn = visitor.layer("picture")
    assert drawn.shape == (*SHAPE, 3)
    changed = np.abs(drawn.astype(int) - plate(0)).max(axis=2) > 30
    assert 20 < changed.sum() < changed.size / 4
