"""Draw the knowledge pages: `python assets/render_knowledge.py [--out DIR] [--only ID...]`.

The app draws a page when it is first opened; this script draws all of them beforehand, and writes
what that takes. Nothing it writes belongs into the repository.
"""

import argparse
import sys
import time
from pathlib import Path

from PIL import Image

from adapp.services.knowledge_pages import bundled_entries, draw_page


def main() -> None:
    """Draw the pages and report their number, size and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("knowledge-pages"), help="target folder")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="ids, or parts of them")
    given = parser.parse_args()
    entries = [
        entry
        for entry in bundled_entries()
        if not given.only or any(part in entry.id for part in given.only)
    ]
    given.out.mkdir(parents=True, exist_ok=True)
    start, size = time.perf_counter(), 0
    for entry in entries:
        path = given.out / f"{entry.id.replace('/', '--')}.png"
        Image.fromarray(draw_page(entry)).save(path)
        size += path.stat().st_size
    seconds = time.perf_counter() - start
    sys.stdout.write(
        f"{len(entries)} pages, {size / 1e6:.1f} MB, {seconds:.1f} s "
        f"({seconds / max(1, len(entries)):.2f} s a page)\n"
    )


if __name__ == "__main__":
    main()
