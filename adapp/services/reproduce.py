"""A paper's table beside what this project measures: what is missing is named, never guessed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import adapp
from adapp.core.detector import Report
from adapp.core.settings import Settings
from adapp.services import mmad
from adapp.services.benchmark import DetectorFactory, write_json
from adapp.services.paper_data import find_data, known_data
from adapp.services.paper_tables import PaperRow, PaperTable, paper_table
from adapp.services.reproduce_cells import CellStore
from adapp.services.reproduce_lines import LineMeasurement, ReproduceRequest
from adapp.services.reproduce_remarks import remarks

TableJson: TypeAlias = dict[str, Any]


def reproduce(
    request: ReproduceRequest,
    *,
    json_path: Path | None = None,
    report: Report | None = None,
    factory: DetectorFactory = adapp.load_detector,
    tables: Path | None = None,
) -> TableJson:
    """Return the paper's table with a measured figure, or the reason for none, in every line.

    Every evaluation is kept in ``request.cells`` as soon as it is done, so that a run that was
    ended goes on where it was; ``json_path`` is written at the end.

    Args:
        request: What to set beside which table.
        json_path: File for the result; None writes none.
        report: Told what is measured, and the test pictures done of all.
        factory: Loads a detector.
        tables: Where the papers' tables lie; None takes the project's own.

    Raises:
        UsageError: If the table does not exist or has no such lines, or a folder is none.
        Cancelled: If ``report`` raises it.
    """
    table = paper_table(request.table, tables)
    rows = table.with_shots(request.shots)
    if table.harness == "mmad":
        found = {**_heading(request, table), **mmad.measure(request, table, report)}
        found["missing"] = _missing(found["rows"])
        if json_path is not None:
            write_json(found, json_path)
        return found
    wanted = tuple(dict.fromkeys(key for row in rows for key in row.data))
    data = find_data(wanted, request.roots, known_data(tables))
    folder = request.cells or Settings().cache_dir / "reproduce"
    measuring = LineMeasurement(request, table, data, CellStore(folder, factory), report)
    found = _as_json(measuring, rows)
    if json_path is not None:
        write_json(found, json_path)
    return found


def _as_json(measuring: LineMeasurement, rows: Sequence[PaperRow]) -> TableJson:
    request, table = measuring.request, measuring.table
    lines = [measuring.line(row) for row in rows]
    results = list(measuring.results.values())
    return {
        **_heading(request, table),
        "own": table.own,
        "rows": lines,
        "missing": _missing(lines),
        "remarks": remarks(table, measuring.data, results, request.limit),
        "evaluations": {"measured": measuring.store.measured, "reused": measuring.store.reused},
        "provenance": results[0]["provenance"] if results else None,
    }


def _heading(request: ReproduceRequest, table: PaperTable) -> TableJson:
    """Return what is known before anything is measured."""
    return {
        "table": table.name,
        "paper": table.paper,
        "number": table.number,
        "shows": table.shows,
        "columns": list(table.columns),
        "decimals": table.decimals,
        "method": table.method,
        "preset": request.preset,
        "checkpoint": request.checkpoint,
        "seeds": list(request.seeds),
        "limit": request.limit,
        "size": request.size,
        "tuned": request.tune,
        "misprints": list(table.misprints),
        "notes": list(table.notes),
        "provenance": None,
    }


def _missing(lines: Sequence[TableJson]) -> list[str]:
    return list(dict.fromkeys(line["reason"] for line in lines if line["reason"]))
