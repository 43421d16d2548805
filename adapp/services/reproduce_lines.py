"""One line of a paper's table at a time: which evaluations it needs, and the mean over them."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from adapp.core.detector import Report
from adapp.core.errors import AdappError, Cancelled
from adapp.data.dataset import Category
from adapp.evaluation.metrics import mean_metrics
from adapp.methods.registry import METHODS
from adapp.services.benchmark import EvaluationJson
from adapp.services.mmad_asking import AskingOptions
from adapp.services.paper_data import FoundData
from adapp.services.paper_tables import PaperRow, PaperTable
from adapp.services.reproduce_cells import Cell, CellStore, Setting

_MEAN_OF = {"mean_auroc": ("image_auroc", "pixel_auroc")}


@dataclass(frozen=True, slots=True)
class ReproduceRequest:
    """What to set beside a table.

    Attributes:
        table: One of ``paper_tables.TABLES``.
        roots: Folders that hold the papers' data sets; may be empty.
        preset: Frozen encoder.
        checkpoint: ``open``, ``research`` or a file.
        shots: Number of normal pictures of the lines wanted; None takes every line.
        seeds: Seeds; of several the mean is taken.
        limit: Largest number of test pictures per category; None takes all.
        size: Side of the encoder's square; None takes the preset's.
        tune: Tune on the normal pictures before measuring.
        cells: Folder of what was measured before; None takes the project's cache.
        asking: Who is asked and how, in the table of multiple-choice questions.
    """

    table: str
    roots: tuple[Path, ...] = ()
    preset: str = "embedded"
    checkpoint: str = "open"
    shots: int | None = None
    seeds: tuple[int, ...] = (0,)
    limit: int | None = None
    size: int | None = None
    tune: bool = False
    cells: Path | None = None
    asking: AskingOptions = field(default_factory=AskingOptions)


@dataclass(slots=True, eq=False)
class LineMeasurement:
    """Measures the lines of a table, each evaluation once.

    Attributes:
        request: What to set beside the table.
        table: The table.
        data: What is there of each data set it names.
        store: Runs evaluations and keeps them.
        report: Told what is measured; may be None.
        results: Evaluations done.
        failed: Evaluations that could not be done -> why.
    """

    request: ReproduceRequest
    table: PaperTable
    data: Mapping[str, FoundData]
    store: CellStore
    report: Report | None
    results: dict[tuple[Any, ...], EvaluationJson] = field(
        default_factory=dict[tuple[Any, ...], EvaluationJson]
    )
    failed: dict[tuple[Any, ...], str] = field(default_factory=dict[tuple[Any, ...], str])

    def line(self, row: PaperRow) -> dict[str, Any]:
        """Return one line: the paper's figures, ours, or why there is none."""
        printed = self.table.printed(row)
        line = {
            "label": row.label,
            "data": [self.data[key].data.title for key in row.data],
            "shots": row.shots,
            "variant": row.variant,
            "metric": row.metric,
            "paper": dict(zip(self.table.columns, row.values, strict=True)),
            "measured": None,
            "sd": None,
            "difference": None,
            "categories": 0,
            "complete": False,
        }
        reason = self._hindrance(row)
        if reason:
            return {**line, "reason": reason}
        found = [self._mean(row, seed) for seed in self.request.seeds]
        numbers = [number for number, _, _ in found if number is not None]
        if len(numbers) < len(found):
            return {**line, "reason": next(why for number, _, why in found if number is None)}
        measured = statistics.fmean(numbers)
        count = found[0][1]
        whole = sum(len(self.data[key].categories) for key in row.data)
        complete = all(self.data[key].complete for key in row.data) and count == whole
        comparable = complete and self.request.limit is None
        return {
            **line,
            "measured": measured,
            "sd": statistics.stdev(numbers) if len(numbers) > 1 else None,
            "difference": measured - printed if comparable and printed is not None else None,
            "categories": count,
            "complete": comparable,
            "reason": "",
        }

    def _hindrance(self, row: PaperRow) -> str:
        """Return why the line cannot be measured; empty if nothing is known against it."""
        table = self.table
        if row.cannot:
            return row.cannot
        if table.method not in METHODS:
            return f"{table.paper} is not among this version's methods ({', '.join(METHODS)})"
        if row.variant is not None and row.variant not in METHODS[table.method].variants:
            return f"{table.method} has no variant {row.variant}"
        return "; ".join(self.data[key].reason for key in row.data if self.data[key].reason)

    def _mean(self, row: PaperRow, seed: int) -> tuple[float | None, int, str]:
        """Return the mean over the line's data, the categories behind it, and why there is none."""
        means, count = [], 0
        for key in row.data:
            categories, reasons = self._categories(row, key, seed)
            names = _MEAN_OF.get(row.metric, (row.metric,))
            having = {
                name: values
                for name, values in categories.items()
                if all(values.get(metric) is not None for metric in names)
            }
            if not having:
                why = "; ".join(reasons) or f"{row.metric} does not apply"
                return None, 0, f"{self.data[key].data.title}: {why}"
            parts = [mean for mean in mean_metrics(having, names).values() if mean is not None]
            means.append(statistics.fmean(parts))
            count += len(having)
        return statistics.fmean(means), count, ""

    def _categories(
        self, row: PaperRow, key: str, seed: int
    ) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
        """Return the measured categories of a data set, and why others are not among them."""
        found = self.data[key].categories
        groups = [found] if row.one_database else [(category,) for category in found]
        setting = self._setting(row, found, seed)
        measured: dict[str, Mapping[str, Any]] = {}
        reasons: list[str] = []
        for group in groups:
            result, why = self._evaluated(Cell(setting, group))
            if result is None:
                reasons.append(why)
                continue
            measured |= result["categories"]
            reasons += [f"{name}: {reason}" for name, reason in result["skipped"].items()]
        return measured, list(dict.fromkeys(reasons))

    def _evaluated(self, cell: Cell) -> tuple[EvaluationJson | None, str]:
        place = (cell.setting, *(category.name for category in cell.categories))
        if place not in self.results and place not in self.failed:
            told = None if self.report is None else partial(_told, self.report, cell.title)
            try:
                self.results[place] = self.store.result(cell, told)
            except Cancelled:
                raise
            except AdappError as error:
                self.failed[place] = str(error)
        return self.results.get(place), self.failed.get(place, "")

    def _setting(self, row: PaperRow, categories: Sequence[Category], seed: int) -> Setting:
        request = self.request
        most = max((len(category.train_normal) for category in categories), default=0)
        return Setting(
            method=self.table.method,
            preset=request.preset,
            checkpoint=request.checkpoint,
            variant=row.variant,
            shots=most if row.shots == "all" else row.shots,
            seed=seed,
            limit=request.limit,
            size=request.size,
            one_database=row.one_database,
            tune=request.tune,
        )


def _told(report: Report, title: str, _stage: str, done: int, total: int) -> None:
    report(title, done, total)
