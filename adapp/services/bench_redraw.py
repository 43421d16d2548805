"""What a moved threshold costs: everything shown is made again, no model runs."""

import statistics
import tempfile
from itertools import cycle
from pathlib import Path

import numpy as np

from adapp.core.detector import Report
from adapp.core.results import RgbImage
from adapp.methods.benchmarking import Json, interleaved
from adapp.rendering.overlay import encode_png
from adapp.services.bench_pictures import FAMILIES, part_files
from adapp.services.inspection import Inspection, InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from adapp.services.regions import Thresholds, regions, verdict
from adapp.services.views import ViewOptions, histogram, matches, show

_SHOTS = 4
_QUERIES = 3


def measure_redraw(
    method: str,
    preset: str,
    checkpoint: str,
    report: Report,
    side: int,
    repeats: int,
) -> Json:
    """Return the time of a threshold redraw over that of inspecting the same picture again.

    Made again: verdicts, regions and their nearest normal patches, the histogram, and the overlay
    with its boxes at full size. Packing that overlay as a PNG file is told apart.

    Args:
        method: Registry key.
        preset: Frozen encoder.
        checkpoint: ``open``, ``research`` or a file.
        report: Told when it begins.
        side: Side of the pictures; 1000 makes one megapixel.
        repeats: Redraws, each with another threshold.
    """
    report("App: threshold redraw", 0, 1)
    with tempfile.TemporaryDirectory(prefix="adapp-bench-") as folder:
        files = part_files(Path(folder), FAMILIES[0], side, _SHOTS, _QUERIES)
        request = InspectionRequest(
            method, preset, checkpoint, files.name, files.support, files.query
        )
        inspection = drain(inspect(request, DetectorPool()))
    thresholds = cycle(np.linspace(0.2, 0.8, 7).tolist())
    picture = redraw(inspection, next(thresholds))
    tasks = {
        "redraw": lambda: redraw(inspection, next(thresholds)),
        "png": lambda: encode_png(picture),
    }
    seconds = interleaved(tasks, repeats)
    again = statistics.median(outcome.seconds for outcome in inspection.outcomes)
    return {
        "ratio": seconds["redraw"] / again,
        "seconds": seconds["redraw"],
        "inspection_seconds": again,
        "png_seconds": seconds["png"],
        "megapixels": side * side / 1e6,
        "repeats": repeats,
    }


def redraw(inspection: Inspection, threshold: float) -> RgbImage:
    """Make all that follows from both thresholds for the first query; return the overlay."""
    limits = Thresholds(threshold, threshold)
    outcome = inspection.outcomes[0]
    for other in inspection.outcomes:
        verdict(other.result.score, inspection.calibration, limits.image)
    matches(outcome, regions(outcome.result.fused_map, limits.pixel), inspection.support)
    histogram(inspection, limits)
    return show(outcome, limits, ViewOptions())
