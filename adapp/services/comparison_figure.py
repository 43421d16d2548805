"""Files of a comparison: the figure for a paper, the table, and the numbers behind both."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from adapp.core.results import AnomalyMap
from adapp.rendering.comparison_figure import FigureRow, comparison_figure
from adapp.rendering.overlay import shrink
from adapp.services.comparison import Comparison, MethodRun
from adapp.services.comparison_table import (
    agreement,
    compare_rows,
    report,
    to_csv,
    to_latex,
)
from adapp.services.export import writing
from adapp.services.ground_truth import Truth
from adapp.services.normal_scale import ABOVE_ALL, DECADES
from adapp.services.views import map_of

KINDS: Final = ("fused", "base", "residual")
SCALE_TICKS: Final = (
    (0.0, "0 %"),
    (ABOVE_ALL / DECADES, "90 %"),
    (2 * ABOVE_ALL / DECADES, "99 %"),
    (3 * ABOVE_ALL / DECADES, "99.9 %"),
    (ABOVE_ALL, "all"),
    (1.0, "max"),
)
"""Positions on the common scale and the share of normal pixels below them."""
GENERIC_TICKS: Final = ((0.0, "0"), (ABOVE_ALL, "limit"), (1.0, "max"))
SIGNED_TICKS: Final = ((-1.0, "-1"), (0.0, "0"), (1.0, "1"))
_FIGURE_SIDE = 640


def shown_map(run: MethodRun, chosen: int, kind: str, side: int) -> AnomalyMap:
    """Return a map as the comparison shows it, at most ``side`` pixels on either axis.

    Fused and base map stand on the common scale in [0, 1]; the residual map keeps its sign.
    """
    values = map_of(run.inspection.outcomes[chosen].result, kind)
    factor = min(side / max(values.shape), 1.0)
    size = (max(round(values.shape[1] * factor), 1), max(round(values.shape[0] * factor), 1))
    small = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
    if kind == "residual":
        return small
    scale = run.scales.base if kind == "base" else run.scales.fused
    return scale.positions(small)


def write_comparison(
    comparison: Comparison,
    chosen: int,
    percentile: float | None,
    truths: Mapping[int, Truth],
    folder: Path,
) -> dict[str, Path]:
    """Write figure, tables and numbers of one picture and return the files by their kind.

    Args:
        comparison: What all methods found.
        chosen: Position of the picture.
        percentile: See ``pixel_limit``.
        truths: True masks by the pictures' positions.
        folder: Where to; it exists.

    Raises:
        UsageError: If the folder cannot be written to.
    """
    rows = compare_rows(comparison, chosen, percentile, truths.get(chosen))
    picture = shrink(rows[0].outcome.image.pixels, _FIGURE_SIDE)
    heads = [
        f"{row.run.info.title} ({row.run.inspection.provenance.variant})\n"
        f"{row.verdict.label} {row.verdict.score:.3f}"
        for row in rows
    ]
    shown = _figure_rows(comparison, chosen)
    counts = agreement(rows)
    texts = {
        "csv": to_csv(rows).encode("utf-8-sig"),
        "tex": to_latex(rows).encode(),
        "json": json.dumps(report(comparison, truths), indent=1, allow_nan=False).encode(),
        "png": comparison_figure(picture, heads, shown, counts, "png"),
        "pdf": comparison_figure(picture, heads, shown, counts, "pdf"),
    }
    files = {kind: folder / f"adapp-comparison.{kind}" for kind in texts}
    with writing(folder):
        for kind, data in texts.items():
            files[kind].write_bytes(data)
    return files


def _figure_rows(comparison: Comparison, chosen: int) -> list[FigureRow]:
    generic = comparison.runs[0].scales.fused.generic
    told = "general limit" if generic else "normal pixels below"
    rows = []
    for kind in KINDS:
        cells = [shown_map(run, chosen, kind, _FIGURE_SIDE) for run in comparison.runs]
        if kind == "residual":
            rows.append(FigureRow("Residual", cells, -1.0, 1.0, "RdBu_r", SIGNED_TICKS))
        else:
            ticks = GENERIC_TICKS if generic else SCALE_TICKS
            title = f"{kind.capitalize()}\n({told})"
            rows.append(FigureRow(title, cells, 0.0, 1.0, "inferno", ticks))
    return rows
