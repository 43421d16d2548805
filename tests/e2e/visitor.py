"""What a person does at the app and sees there; waits retry by themselves, nothing sleeps."""

import base64
import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

RUN_MS = 120_000  # longer than a busy machine needs to load the page or to run an example


class Visitor:
    """A browser page with the app open."""

    def __init__(self, page, url, artifacts):
        self.page = page
        self._artifacts = artifacts
        page.goto(url)
        expect(page.locator("#run")).to_be_visible(timeout=RUN_MS)
        # gradio answers clicks only once its client is connected, which the header's status shows
        expect(page.locator(".masthead")).to_be_visible()

    def add(self, role, paths):
        """Upload pictures: ``support`` or ``query``."""
        inputs = self.page.locator(f"#{role} input[type=file]")
        inputs.first.set_input_files([str(path) for path in paths])
        expect(self.page.locator(f"#{role}-note .intake")).to_be_visible()

    def run(self):
        self.page.locator("#run").click()

    def try_example(self, position=0):
        self.page.locator("#examples .card").nth(position).click()

    def finished(self, word=None):
        """Wait for a result that is no longer being made."""
        expect(self.verdict).to_be_visible(timeout=RUN_MS)
        if word is not None:
            expect(self.verdict.locator("strong")).to_have_text(word, timeout=RUN_MS)
        expect(self.page.locator("#run")).to_be_enabled(timeout=RUN_MS)

    @property
    def verdict(self):
        return self.page.locator("#verdict .verdict")

    def fact(self, name):
        """Return the figure under ``name`` in the verdict."""
        block = self.verdict.locator(".facts div", has=self.page.get_by_text(name, exact=True))
        return block.locator("dd").evaluate("node => node.firstChild.textContent")

    def frames(self):
        return self.page.locator("#viewer .frames b")

    def layer(self, name):
        """Return the pixels of a layer of the viewer as they came from the server."""
        return decoded(self.page.locator(f"#viewer .layer.{name} img").evaluate(FILE_BEHIND))

    def look_at(self, name):
        """Show the map called ``name`` and return its pixels once they are there."""
        self.choose("map", name)
        picture = self.page.locator("#viewer .layer.map img")
        expect(picture).to_have_attribute("alt", re.compile(f"^{name.lower()} map"))
        expect(self.page.locator("#meaning b")).to_have_text(name)
        return self.layer("map")

    def redrawn(self, name, act):
        """Do ``act`` and return the pixels of a layer once they are other ones."""
        picture = self.page.locator(f"#viewer .layer.{name} img")
        before = picture.get_attribute("src")
        act()
        expect(picture).not_to_have_attribute("src", before)
        return self.layer(name)

    def slide(self, name, value):
        """Move a slider."""
        self.page.locator(f"#{name} input[type=range]").fill(str(value))

    def choose(self, name, label):
        self.page.locator(f"#{name}").get_by_text(label, exact=True).click()

    def read(self, row, column):
        """Click on a pixel of the picture and return base, residual and fused value."""
        figure = self.page.locator("#viewer .viewer")
        rows, columns = (int(figure.get_attribute(f"data-{axis}")) for axis in ("rows", "columns"))
        box = self.page.locator("#viewer .layers").bounding_box()
        place = {
            "x": (column + 0.5) / columns * box["width"],
            "y": (row + 0.5) / rows * box["height"],
        }
        self.page.locator("#viewer .layers").click(position=place)
        reading = self.page.locator("#reading .reading")
        expect(reading).to_contain_text(re.compile(rf"x {column}, y {row}\b"))
        base, residual, fused = map(float, reading.locator("b").all_inner_texts())
        sign = -1 if "\N{MINUS SIGN}" in reading.inner_text() else 1
        return base, sign * residual, fused

    def download(self, button):
        """Press an export button and return the path of the file that arrives."""
        with self.page.expect_download(timeout=RUN_MS) as arriving:
            self.page.locator(f"#{button}").click()
        return arriving.value

    def width(self):
        """Return the width of the page's content in pixels."""
        return self.page.evaluate("document.documentElement.scrollWidth")

    def screenshot(self, name, *, whole=True):
        self.page.screenshot(path=str(self._artifacts / f"{name}.png"), full_page=whole)


FILE_BEHIND = """
image => fetch(image.src).then(answer => answer.blob()).then(file => new Promise(done => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.readAsDataURL(file);
}))
"""
"""A data: address for a blob: or data: one."""
SHOWN_AS = {"P": "RGB", "1": "L"}
"""What pictures with a palette or of one bit are looked at as."""


def decoded(source):
    """Return the pixels behind a data: address."""
    head, data = source.split(",", 1)
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        return np.asarray(picture.convert(SHOWN_AS.get(picture.mode, picture.mode)))
