"""Many visitors at once: ``python -m tests.soak --visitors 32 --minutes 10 --json soak.json``.

Starts the app with its real model on this machine, lets every visitor inspect its own picture
alone, then all of them together, and writes down errors, crossed results, times and the memory of
the app. The exit status is 1 if there was an error or a crossing, or if the memory grew by more
than a twentieth after the first minute.
"""

import argparse
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from adapp.services.bench_app import connect
from adapp.services.bench_memory import resident_bytes
from adapp.services.bench_pictures import FAMILIES, part_files
from adapp.services.bench_process import AppCommand, running_app
from tests.soak.visits import Visit, summary, together

SHOTS = 4
SIDE = 512
MOST_GROWTH = 0.05
"""Share by which the memory may grow after the first minute."""


def visitors(folder, count, side):
    """Return so many visitors with a rendered part each; no two have the same picture."""
    each = -(-count // len(FAMILIES))
    made = []
    for family in FAMILIES:
        files = part_files(folder, family, side, SHOTS, each)
        for path in files.query:
            place = folder / f"visitor-{len(made)}" / "part.png"
            place.parent.mkdir()
            path.rename(place)
            made.append(Visit(len(made), files.name, files.support, place))
    return made[:count]


def soak(arguments, folder):
    """Return all figures."""
    visits = visitors(folder, arguments.visitors, arguments.side)
    options = {"method": arguments.method, "preset": arguments.preset, "checkpoint": "open"}
    options |= {"tune": False, "seed": 0}
    with running_app(AppCommand(patience_s=600), arguments.preset) as app:
        client = connect(app.url, folder)
        for visit in visits:
            visit.alone(client, **options)
        memory = together(
            visits,
            partial(connect, app.url, folder),
            60 * arguments.minutes,
            sample=lambda: resident_bytes(app.pid),
            **options,
        )
    return {**_asked(arguments), **summary(visits), "memory": _memory(memory)}


def _asked(arguments):
    told = {name: getattr(arguments, name) for name in ("minutes", "method", "preset", "side")}
    return {**told, "cores": os.cpu_count(), "load": os.getloadavg()}


def _memory(samples):
    """Return the app's memory in bytes, and its growth after a minute; None if it was shorter."""
    late = [held for second, held in samples if second >= 60]
    return {
        "start": samples[0][1],
        "after_a_minute": late[0] if late else None,
        "growth": late[-1] / late[0] - 1 if late else None,
        "most": max(held for _, held in samples),
        "last": samples[-1][1],
        "samples": samples,
    }


def main():
    """Run it, write the JSON and print it without the samples."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--visitors", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--method", default="raid")
    parser.add_argument("--preset", default="embedded")
    parser.add_argument("--side", type=int, default=SIDE, help="of the pictures, in pixels")
    parser.add_argument("--json", type=Path, help="file for all figures, samples included")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="adapp-soak-") as name:
        figures = soak(arguments, Path(name))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    figures["memory"].pop("samples")
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    grown = (figures["memory"]["growth"] or 0) > MOST_GROWTH
    return 1 if figures["errors"] or figures["crossings"] or grown else 0


if __name__ == "__main__":
    sys.exit(main())
