"""A long batch, killed and resumed: ``python -m tests.soak.batch --pictures 2000 --json FILE``.

Renders the pictures, starts ``python -m adapp batch``, kills it when half is done, resumes it, and
writes down its memory over time and whether a picture was lost or came twice. The exit status is 1
if one was or did.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from adapp.data.images import load_image
from adapp.rendering.overlay import encode_png
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import read_lines
from adapp.services.bench_memory import resident_bytes
from adapp.services.bench_pictures import part_files

SIDE = 192
SHOTS = 4
RENDERED = 100
"""Pictures that are rendered; the others are these, turned and brightened."""

SAMPLE_SECONDS = 2.0


def pictures(folder, count):
    """Write normal parts and so many pictures to inspect; return both folders."""
    files = part_files(folder, "gasket", SIDE, SHOTS, min(count, RENDERED))
    support, query = folder / "support", folder / "query"
    support.mkdir()
    query.mkdir()
    for path in files.support:
        path.rename(support / path.name)
    base = [load_image(path).pixels for path in files.query]
    rng = np.random.default_rng(0)
    for number in range(count):
        turned = np.rot90(base[number % len(base)], number // len(base) % 4)
        changed = np.clip(turned.astype(np.int16) + rng.integers(-6, 7), 0, 255)
        image = np.ascontiguousarray(changed, dtype=np.uint8)
        (query / f"part-{number:06d}.png").write_bytes(encode_png(image))
    return support, query


def followed(arguments, journal, kill_at=None):
    """Run ``adapp batch`` and return its time, exit status and memory; kill it on the way."""
    start = time.monotonic()
    samples = []
    with subprocess.Popen(
        [sys.executable, "-m", "adapp", "batch", *arguments], stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            done = journal.read_bytes().count(b"\n") if journal.exists() else 0
            held = resident_bytes(process.pid)
            if held:
                samples.append((round(time.monotonic() - start, 1), done, held))
            if kill_at is not None and done >= kill_at:
                process.kill()
            try:
                process.wait(SAMPLE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    seconds = time.monotonic() - start
    return {"seconds": seconds, "status": process.returncode, "samples": samples}


def soak(arguments, folder):
    """Return all figures."""
    support, query = pictures(folder, arguments.pictures)
    out = BatchFolder(folder / "out")
    given = ["--method", arguments.method, "--variant", arguments.variant]
    given += ["--preset", arguments.preset, "--size", str(arguments.size)]
    given += ["--support", str(support), "--query", str(query), "--report-pictures", "50"]
    killed = followed([*given, "--out", str(out.root)], out.journal, arguments.pictures // 2)
    before = list(read_lines(out.journal))
    resumed = followed(["--out", str(out.root), "--resume"], out.journal)
    lines = list(read_lines(out.journal))
    with (out.root / "results.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    numbers = [line["number"] for line in lines]
    whole = numbers == list(range(1, arguments.pictures + 1)) and len(rows) == arguments.pictures
    return {
        "pictures": arguments.pictures,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "kept_at_the_kill": len(before),
        "kept_unchanged": lines[: len(before)] == before,
        "nothing_lost_or_repeated": whole,
        "killed": killed,
        "resumed": resumed,
    }


def main():
    """Run it, write the JSON and print it without the samples."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.batch", description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--method", default="raid")
    parser.add_argument("--variant", default="retrieval")
    parser.add_argument("--preset", default="embedded")
    parser.add_argument("--size", type=int, default=112, help="side of what the encoder sees")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="adapp-soak-") as name:
        figures = soak(arguments, Path(name))
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    for run in (figures["killed"], figures["resumed"]):
        held = [held for _, done, held in run.pop("samples") if done]
        run["memory"] = {"first": held[0], "most": max(held), "last": held[-1]} if held else None
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 0 if figures["kept_unchanged"] and figures["nothing_lost_or_repeated"] else 1


if __name__ == "__main__":
    sys.exit(main())
