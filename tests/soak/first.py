"""The first map of a visitor: ``python -m tests.soak.first --runs 5``.

Starts the app as it ships, waits until its model is ready, and lets visitors with an empty browser
cache open the page and click the first example; the first of them is not counted. Their window is
open before, without the pages that Chromium loads into its own address bar. Prints the clicks, the
seconds from opening the page to the cards, and to the result that the page shows by itself, from
the click to the visible map, and opening and click together.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from adapp.services.bench_process import AppCommand, running_app
from tests.e2e.conftest import WIDE, chromium
from tests.e2e.visitor import RUN_MS

MODEL_MS = 600_000
PARTS = ("open", "welcome", "map", "both")
PLAIN_WINDOW = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup"


def first_map(browser, url):
    """Return the seconds to the cards, to the shown result, from the click to the map, and clicks.

    Waits follow the page's own frames: looking every quarter of a second would be measured too.
    """
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(".tags .tag-ready").wait_for(timeout=MODEL_MS)
    page.locator("#examples .card").first.wait_for()
    opened = time.perf_counter()
    page.locator("#empty .welcome img").last.wait_for()
    welcomed = time.perf_counter()
    page.locator("#examples .card").first.click()
    page.locator("#viewer .layer.map img").wait_for(timeout=RUN_MS)
    found = time.perf_counter()
    page.locator("#regions .pair img").first.wait_for(timeout=RUN_MS)
    context.close()
    return {
        "open": opened - start,
        "welcome": welcomed - start,
        "map": found - welcomed,
        "both": opened - start + found - welcomed,
        "clicks": 1,
    }


def main():
    """Run it and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.first", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--preset", default="embedded")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with (
        running_app(AppCommand(patience_s=600), arguments.preset) as app,
        chromium(PLAIN_WINDOW) as browser,
    ):
        runs = [first_map(browser, app.url) for _ in range(1 + arguments.runs)][1:]
    figures = {
        "preset": arguments.preset,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "clicks": max(run["clicks"] for run in runs),
        "median_seconds": {part: statistics.median(run[part] for run in runs) for part in PARTS},
        "runs": runs,
    }
    text = json.dumps(figures, indent=1) + "\n"
    if arguments.json:
        arguments.json.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
