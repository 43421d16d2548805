"""The table of a comparison: one row per method, as records, CSV and LaTeX."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapp.core.reasoner import TypeProbability
from adapp.services.batch_outputs import safe_cell
from adapp.services.comparison import Comparison, MethodRun
from adapp.services.export import query_json
from adapp.services.ground_truth import METRICS, Truth, truth_metrics
from adapp.services.inspection import QueryOutcome
from adapp.services.region_types import (
    only_if_anomalous,
    picture_types,
    type_words,
    types_json,
)
from adapp.services.regions import (
    Region,
    Thresholds,
    Verdict,
    default_min_pixels,
    region_mask,
    regions,
    verdict,
)

METRIC_TITLES = {
    "pixel_auroc": "AUROC",
    "pixel_ap": "AP",
    "pixel_f1max": "F1",
    "aupro": "AUPRO",
    "iou": "IoU",
}
_COLUMNS = (
    *("method", "variant", "preset", "checkpoint", "picture", "verdict", "unlikeness", "score"),
    *("threshold", "regions", "area_percent", "seconds", "memory_mb", "trained_on", "licence"),
)
TYPE_COLUMNS = ("type", "type_probability")
"""Further columns where a method tells types of defect."""
_LATEX = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


@dataclass(frozen=True, slots=True, eq=False)
class CompareRow:
    """What one method says about one picture.

    Attributes:
        run: The method's run.
        outcome: What it says about the picture.
        verdict: The same as a verdict at the method's own calibrated threshold.
        pixel_threshold: Value above which pixels belong to regions.
        regions: Those regions.
        metrics: Figures against the true mask, in percent; empty without one.
    """

    run: MethodRun
    outcome: QueryOutcome
    verdict: Verdict
    pixel_threshold: float
    regions: tuple[Region, ...]
    metrics: Mapping[str, float | None] = field(default_factory=dict[str, float | None])

    @property
    def area_percent(self) -> float:
        """Area of the regions as a share of the picture, in percent."""
        return 100.0 * sum(region.area_fraction for region in self.regions)

    def record(self) -> dict[str, Any]:
        """Return the row as plain values."""
        provenance = self.run.inspection.provenance
        memory = self.run.memory_bytes
        return {
            "method": provenance.method,
            "title": self.run.info.title,
            "variant": provenance.variant,
            "preset": provenance.preset,
            "checkpoint": provenance.checkpoint,
            "picture": self.outcome.image.name,
            "verdict": self.verdict.label,
            "unlikeness": self.verdict.position,
            "score": float(self.verdict.score),
            "threshold": float(self.verdict.threshold),
            "pixel_threshold": float(self.pixel_threshold),
            "regions": len(self.regions),
            "area_percent": self.area_percent,
            "seconds": float(self.outcome.seconds),
            "memory_mb": None if memory is None else memory / 1e6,
            "trained_on": list(provenance.trained_on),
            "licence": provenance.licence,
            "truth": dict(self.metrics) or None,
            **self._typed(),
        }

    @property
    def types(self) -> tuple[TypeProbability, ...]:
        """Types of defect of an anomalous picture, most probable first; () if none are told."""
        anomalous = self.verdict.anomalous
        return picture_types(self.outcome.result, self.pixel_threshold) if anomalous else ()

    def _typed(self) -> dict[str, Any]:
        types = types_json(self.types[:1])
        if not types:
            return {}
        return {"type": types[0]["type"], "type_probability": types[0]["probability"]}


def pixel_limit(run: MethodRun, percentile: float | None) -> float:
    """Return the value above which pixels of ``run`` form regions.

    Args:
        run: A method's run.
        percentile: Share of normal pixels that lie below, in percent; None takes the method's
            calibrated threshold, as does a run without normals.
    """
    scale = run.scales.fused
    if percentile is None or scale.generic:
        return run.inspection.calibration.pixel_threshold
    return scale.value_at(percentile)


def compare_rows(
    comparison: Comparison,
    chosen: int,
    percentile: float | None = None,
    truth: Truth | None = None,
) -> tuple[CompareRow, ...]:
    """Return one row per method for the picture at position ``chosen``.

    Args:
        comparison: What all methods found.
        chosen: Position of the picture.
        percentile: See ``pixel_limit``.
        truth: The picture's true mask, if there is one.
    """
    rows = []
    for run in comparison.runs:
        outcome = run.inspection.outcomes[chosen]
        limit = pixel_limit(run, percentile)
        fused = outcome.result.fused_map
        rows.append(
            CompareRow(
                run=run,
                outcome=outcome,
                verdict=verdict(outcome.result.score, run.inspection.calibration),
                pixel_threshold=limit,
                regions=regions(fused, limit),
                metrics={} if truth is None else truth_metrics(fused, truth, limit),
            )
        )
    return tuple(rows)


def agreement(rows: Sequence[CompareRow]) -> NDArray[np.uint8]:
    """Return how many methods count each pixel to a region, [H, W]."""
    first = rows[0].outcome.result.fused_map
    total = np.zeros(first.shape, np.uint8)
    for row in rows:
        fused = row.outcome.result.fused_map
        total += region_mask(fused, row.pixel_threshold, default_min_pixels(fused.shape))
    return total


def to_csv(rows: Sequence[CompareRow]) -> str:
    """Return the table as CSV, whose texts no spreadsheet takes for formulas."""
    text = io.StringIO()
    writer = csv.writer(text)
    measured = _measured(rows)
    columns = (*_COLUMNS, *(TYPE_COLUMNS if any(row.types for row in rows) else ()))
    writer.writerow([*columns, *measured])
    for row in rows:
        told = row.record()
        told["trained_on"] = "; ".join(told["trained_on"])
        cells = [told.get(name) for name in columns]
        cells += [row.metrics.get(name) for name in measured]
        writer.writerow([_cell(value) for value in cells])
    return text.getvalue()


def to_latex(rows: Sequence[CompareRow]) -> str:
    """Return the table in LaTeX (booktabs): verdict, scores, time and, with a mask, metrics."""
    measured = _measured(rows)
    heads = ["Method", "Verdict", "Score", "Threshold", "Regions", r"Area (\%)", "Time (s)"]
    heads += [METRIC_TITLES[name] for name in measured]
    typed = any(row.types for row in rows)
    heads += ["Type"] if typed else []
    lines = [
        f"% {_plain(rows[0].outcome.image.name)}, {_plain(rows[0].verdict.position)}",
        rf"\begin{{tabular}}{{ll{'r' * (len(heads) - 2)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
    ]
    for row in rows:
        cells = [
            _escaped(f"{row.run.info.title} ({row.run.inspection.provenance.variant})"),
            row.verdict.label,
            f"{row.verdict.score:.3f}",
            f"{row.verdict.threshold:.3f}",
            str(len(row.regions)),
            f"{row.area_percent:.2f}",
            f"{row.outcome.seconds:.2f}",
            *(_figure(row.metrics.get(name)) for name in measured),
            *([_escaped(type_words(row.types[0])) if row.types else "--"] if typed else []),
        ]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def report(comparison: Comparison, truths: Mapping[int, Truth]) -> dict[str, Any]:
    """Return everything that a program may want to know of a comparison."""
    pictures = []
    for chosen in range(comparison.queries):
        rows = compare_rows(comparison, chosen, truth=truths.get(chosen))
        counts = agreement(rows)
        limits = [Thresholds(row.verdict.threshold, row.pixel_threshold) for row in rows]
        pictures.append(
            {
                "name": rows[0].outcome.image.name,
                "methods": [
                    row.record()
                    | only_if_anomalous(query_json(row.outcome, row.run.inspection, limit))
                    for row, limit in zip(rows, limits, strict=True)
                ],
                "agreement": {
                    "methods": len(rows),
                    "anomalous": sum(row.verdict.anomalous for row in rows),
                    "all_agree_percent": 100.0 * float((counts == len(rows)).mean()),
                },
            }
        )
    normals = [run.scales.fused for run in comparison.runs]
    return {
        "pictures": pictures,
        "absent": comparison.absent,
        "scale": {
            "kind": "generic" if normals[0].generic else "percentile of normal pixels",
            "n_normals": normals[0].n_normals,
            "n_pixels": int(normals[0].values.size),
        },
    }


def _measured(rows: Sequence[CompareRow]) -> list[str]:
    return [name for name in METRICS if any(name in row.metrics for row in rows)]


def _cell(value: object) -> object:
    return safe_cell(value) if isinstance(value, str) else value


def _figure(value: float | None) -> str:
    return "--" if value is None else f"{value:.1f}"


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in text)


def _plain(text: str) -> str:
    return " ".join(text.split())
