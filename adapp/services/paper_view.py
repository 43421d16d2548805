"""The papers' tables with our figures beside them, as far as they were measured."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.services.paper_tables import TABLES, PaperRow, PaperTable, paper_table

MEASURED = "measured"
"""Folder below the assets with results of ``reproduce --json``, one file per table."""


@dataclass(frozen=True, slots=True)
class ViewedLine:
    """One line of a table.

    Attributes:
        condition: Data, shots and variant in words.
        metric: Name of the metric.
        values: The paper's figures, one for each column.
        ours: Our figure; None where it was not measured.
        complete: Whether ours covers the same data as the paper's.
    """

    condition: str
    metric: str
    values: tuple[float | None, ...]
    ours: float | None
    complete: bool


@dataclass(frozen=True, slots=True)
class ViewedTable:
    """A paper's table for the page.

    Attributes:
        table: As printed.
        lines: Its lines with our figures.
        setting: What stands behind ours, one sentence; empty if nothing was measured.
        command: The command that measures it.
    """

    table: PaperTable
    lines: tuple[ViewedLine, ...]
    setting: str
    command: str


def viewed_table(name: str, assets: Path | None = None) -> ViewedTable:
    """Return the table ``name`` with our figures where there are any.

    Args:
        name: One of ``TABLES``.
        assets: Folder of the project's assets; None takes the project's own.

    Raises:
        UsageError: If there is no such table or its files cannot be read.
    """
    place = assets or Settings().assets_dir
    table = paper_table(name, place / "papers")
    found = _measured(place / MEASURED / f"{name}.json")
    known = {_key(line, table): line for line in found.get("rows", ())}
    lines = tuple(_line(row, known.get(_row_key(row))) for row in table.rows)
    setting = ""
    if found:
        setting = (
            f"Ours: {found['method']}, preset {found['preset']}, checkpoint "
            f"{found['checkpoint']}, seeds {', '.join(map(str, found['seeds']))}. "
            + " ".join(found["remarks"])
        )
    command = (
        f"python -m adapp reproduce --table {name} --data FOLDER "
        f"--json assets/{MEASURED}/{name}.json"
    )
    return ViewedTable(table, lines, setting, command)


def table_choices() -> list[tuple[str, str]]:
    """Return a title for every table of the papers, with its name."""
    return [(f"{(one := paper_table(name)).paper} table {one.number}", name) for name in TABLES]


def _measured(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path.name} cannot be understood; write it anew with reproduce --json."
        raise UsageError(msg) from error
    return found


def _line(row: PaperRow, ours: dict[str, Any] | None) -> ViewedLine:
    condition = [row.label] if row.label else []
    data = ", ".join(row.data) if len(row.data) < 4 else f"mean of {len(row.data)} data sets"
    condition.append(data)
    condition.append(f"{row.shots or 'no'} normal{'' if row.shots == 1 else 's'}")
    if row.variant:
        condition.append(row.variant)
    return ViewedLine(
        condition=", ".join(condition),
        metric=row.metric,
        values=row.values,
        ours=None if ours is None else ours["measured"],
        complete=ours is not None and bool(ours.get("complete")),
    )


def _row_key(row: PaperRow) -> tuple[Any, ...]:
    return row.label, row.shots, row.variant, row.metric, row.values


def _key(line: dict[str, Any], table: PaperTable) -> tuple[Any, ...]:
    """Return what tells lines apart: the condition, and the figures that the paper prints."""
    values = tuple(line["paper"].get(column) for column in table.columns)
    return line["label"], line["shots"], line["variant"], line["metric"], values
