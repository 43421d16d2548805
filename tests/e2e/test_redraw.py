"""A changed look asks no model, and a changed opacity not even the app.

How long each takes, from the visitor's hand to the picture, is printed (``pytest -s``) and written
to ``test-artifacts/redraw.json`` with the load of the machine; nothing is asserted of it.
"""

import json
import os
import statistics
import sys

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import ARTIFACTS, visiting
from tests.fakes import part

SIDE = 1000  # one megapixel
REPEATS = 15
PAUSE_MS = 300  # between two moves of a hand: the first one's work is done
MAP = "document.querySelector('#viewer .layer.map img').src"
OPACITY = "document.querySelector('#viewer').style.getPropertyValue('--opacity')"
MOVES = {
    # what is moved, where to, and what the page shows of it
    "threshold": ("image-threshold", (0.15, 0.6), "document.querySelector('#histogram').innerHTML"),
    "pixel threshold": (
        "pixel-threshold",
        (0.05, 0.6),
        "document.querySelector('#viewer .layer.mask img').src",
    ),
    "eta": ("weight", (0.1, 0.9), MAP),
}
TIMED = """
act => shown => new Promise((done, fail) => {
  const before = shown();
  const late = setTimeout(() => fail(new Error('the page did not follow')), 120000);
  const watch = new MutationObserver(() => {
    if (shown() === before) return;
    watch.disconnect();
    clearTimeout(late);
    requestAnimationFrame(() => done(performance.now() - start));
  });
  watch.observe(document.body, { childList: true, subtree: true, attributes: true });
  const start = performance.now();
  act();
})
"""
SLIDE = """
const slider = document.querySelector(`#${place} input[type=range]`);
slider.value = value;
for (const name of ['input', 'change']) slider.dispatchEvent(new Event(name, { bubbles: true }));
"""
PICK = """
const option = [...document.querySelectorAll('#colors [role=option]')]
  .find(one => one.textContent.includes(value));
option.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, cancelable: true }));
"""


def timed(visitor, act, shown, place, value):
    """Return the milliseconds from ``act`` until what ``shown`` tells has changed on screen."""
    visitor.page.wait_for_timeout(PAUSE_MS)
    return visitor.page.evaluate(
        f"([place, value]) => ({TIMED})(() => {{ {act} }})(() => {shown})", [place, value]
    )


def stained():
    """Return a part with a stain that fades from left to right: every limit cuts it elsewhere."""
    image = part(9, SIDE, SIDE).astype(np.float64)
    image[400:600, 200:800] += np.linspace(120, 0, 600)[None, :, None]
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def looking(shared_context, server, tmp_path_factory):
    """A visitor with the result of one large picture by a method that has a residual weight."""
    folder = tmp_path_factory.mktemp("large")
    for name, image in (
        ("good_1.png", part(1, SIDE, SIDE)),
        ("good_2.png", part(2, SIDE, SIDE)),
        ("part.png", stained()),
    ):
        Image.fromarray(image).save(folder / name)
    with visiting(shared_context) as visit:
        visitor = visit(server.url)
        visitor.page.locator("#method").get_by_text("H2VLR").click()
        visitor.add("support", sorted(folder.glob("good_*.png")))
        visitor.add("query", [folder / "part.png"])
        visitor.run()
        visitor.finished("ANOMALOUS")
        yield visitor


@pytest.fixture(scope="module")
def figures():
    """Times by what was changed, milliseconds; printed and written down at the end."""
    times = {}
    yield times
    told = {
        "side": SIDE,
        "repeats": REPEATS,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "median_ms": {
            name: round(statistics.median(found)) for name, found in times.items() if found
        },
        "worst_ms": {name: round(max(found)) for name, found in times.items() if found},
    }
    text = json.dumps(told, indent=1)
    (ARTIFACTS / "redraw.json").write_text(text)
    sys.stdout.write(f"\n{text}\n")


@pytest.mark.parametrize("name", MOVES)
def test_moving_a_slider_redraws_without_the_model(looking, server, figures, name):
    place, ends, shown = MOVES[name]
    asked = server.predictions()
    figures[name] = [timed(looking, SLIDE, shown, place, ends[turn % 2]) for turn in range(REPEATS)]
    assert server.predictions() == asked


def test_opacity_is_the_browsers_own(looking, figures):
    asked = []
    looking.page.on("request", lambda request: asked.append(request.url))
    figures["opacity"] = [
        timed(looking, SLIDE, OPACITY, "opacity", (0.2, 0.9)[turn % 2]) for turn in range(REPEATS)
    ]
    assert [url for url in asked if url.startswith("http")] == []


def test_another_colour_map_repaints_without_the_model(looking, server, figures):
    asked = server.predictions()
    figures["colours"] = []
    for turn in range(REPEATS):
        name = ("viridis", "inferno")[turn % 2]
        looking.page.locator("#colors input").click()
        looking.page.locator("#colors [role=option]", has_text=name).wait_for()
        figures["colours"].append(timed(looking, PICK, MAP, "colors", name))
    assert server.predictions() == asked
