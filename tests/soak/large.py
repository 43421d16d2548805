"""Time and memory of tiles: ``python -m tests.soak.large --method raid --json FILE``.

Renders pictures of 4000 x 3000 pixels and inspects one of them in 4 x 4 tiles; the last one has a
defect of 12 pixels. Peak memory is that of the process, the model included.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np

from adapp.data.procedural import ProceduralCategory
from adapp.rendering.overlay import encode_png
from adapp.services.bench_memory import resident_bytes
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from adapp.services.regions import regions

SHAPE = (3000, 4000)
DEFECT = (1500, 2200, 1512, 2212)  # row 0, column 0, row 1, column 1


def pictures(folder, normals):
    """Write normal pictures and one with a small defect; return their paths, it last."""
    rng = np.random.default_rng(0)
    part = ProceduralCategory("woven_fabric", 9000)
    paths = []
    for number in range(normals + 1):
        image = np.array(part.render(rng, max(SHAPE))[: SHAPE[0], : SHAPE[1]])
        if number == normals:
            row0, column0, row1, column1 = DEFECT
            image[row0:row1, column0:column1] = 255 - image[row0:row1, column0:column1]
        paths.append(folder / f"{number}.png")
        paths[-1].write_bytes(encode_png(image))
    return paths


def measure(arguments, paths):
    """Return times, memory and whether the defect lies in a region."""
    request = InspectionRequest(
        arguments.method,
        arguments.preset,
        "open",
        "woven fabric",
        tuple(paths[:-1]),
        (paths[-1],) * arguments.queries,
        tiles=arguments.tiles,
    )
    memory = []

    def watched():
        for update in inspect(request, DetectorPool(), keep_last=1):
            memory.append((update.stage, resident_bytes(os.getpid()), _peak()))
            yield update

    found = drain(watched())
    (outcome,) = found.outcomes
    boxes = regions(outcome.result.fused_map, found.calibration.pixel_threshold)
    row, column = (DEFECT[0] + DEFECT[2]) // 2, (DEFECT[1] + DEFECT[3]) // 2
    inside = [
        box
        for box in (region.box for region in boxes)
        if box[0] <= row < box[2] and box[1] <= column < box[3]
    ]
    return {
        "method": arguments.method,
        "tiles": arguments.tiles,
        "normals": len(found.support),
        "queries": arguments.queries,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "seconds": dict(found.seconds),
        "peak_bytes": _peak(),
        "memory": memory,
        "score": outcome.result.score,
        "threshold": found.calibration.image_threshold,
        "defect_in_a_region": bool(inside),
        "regions": len(boxes),
    }


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    """Run it, write the JSON and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.large", description=__doc__)
    parser.add_argument("--method", default="raid")
    parser.add_argument("--preset", default="embedded")
    parser.add_argument("--tiles", type=int, default=4)
    parser.add_argument("--normals", type=int, default=4)
    parser.add_argument("--queries", type=int, default=1, help="times the part is inspected")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="adapp-large-") as name:
        # rendering takes more memory than inspecting: it happens in a process of its own
        with multiprocessing.get_context("spawn").Pool(1) as apart:
            paths = apart.apply(pictures, (Path(name), arguments.normals))
        figures = measure(arguments, paths)
    text = json.dumps(figures, indent=1) + "\n"
    arguments.json.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
