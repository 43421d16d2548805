"""The papers' tables: their figures as printed, and what has to be run to set ours beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from adapp.core.errors import UsageError
from adapp.core.settings import Settings

Shots: TypeAlias = "int | Literal['all']"
TrainedOn: TypeAlias = Literal["own", "others", "support"]

TABLES = (
    "h2vlr-1",
    "h2vlr-2",
    "h2vlr-4",
    "kanoclip-1",
    "adseeker-2",
    "adseeker-5",
    "raid-1",
    "raid-2",
    "raid-4",
    "raid-6",
)


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One line of figures: one metric under one condition, for every method of the table.

    Attributes:
        label: Name of the condition where it is neither data nor shots; may be empty.
        data: Keys of the data sets; of several the mean is meant.
        shots: Normal pictures per category; ``all`` takes every one there is.
        variant: Step of the method's ladder; None takes the whole method.
        metric: Name of the metric.
        values: Figures as printed, one for each column; None where the paper has none.
        one_database: Whether all categories share one database.
        cannot: Why this line cannot be measured here; empty if it can.
    """

    label: str
    data: tuple[str, ...]
    shots: Shots
    variant: str | None
    metric: str
    values: tuple[float | None, ...]
    one_database: bool
    cannot: str


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A table of a paper.

    Attributes:
        name: As in ``TABLES``.
        paper: Name of the paper's method.
        number: Number of the table there.
        shows: What it shows, with units.
        method: Registry key of the method that this project runs for it.
        columns: Methods in the paper's order.
        own: The column that is held against ours.
        decimals: Digits after the point, as printed.
        few_shot: Whether its lines differ in the number of normal pictures.
        trained_on: Data behind the paper's own column: the categories themselves (``own``), other
            data sets (``others``) or the normal pictures at hand (``support``).
        harness: Name of what has to run it where that is not ``evaluate``; else None.
        rows: Its lines.
        misprints: Known errors of the printed table.
        notes: What a reader must know before comparing.
    """

    name: str
    paper: str
    number: int
    shows: str
    method: str
    columns: tuple[str, ...]
    own: str
    decimals: int
    few_shot: bool
    trained_on: TrainedOn
    harness: str | None
    rows: tuple[PaperRow, ...]
    misprints: tuple[str, ...]
    notes: tuple[str, ...]

    def printed(self, row: PaperRow) -> float | None:
        """Return the figure of the paper's own method in ``row``."""
        return row.values[self.columns.index(self.own)]

    def with_shots(self, shots: int | None) -> "tuple[PaperRow, ...]":
        """Return the lines with that many normal pictures; all of them if it is None.

        Raises:
            UsageError: If the table has no such lines.
        """
        if shots is None:
            return self.rows
        if not self.few_shot:
            msg = f"{self.name} has no choice of normal pictures: leave --shots out."
            raise UsageError(msg)
        rows = tuple(row for row in self.rows if row.shots == shots)
        if not rows:
            found = sorted({str(row.shots) for row in self.rows})
            msg = f"{self.name} has no line with {shots} normal pictures; give {', '.join(found)}."
            raise UsageError(msg)
        return rows


def paper_table(name: str, folder: Path | None = None) -> PaperTable:
    """Return the table ``name``.

    Args:
        name: One of ``TABLES``.
        folder: Where the tables lie; None takes the project's own.

    Raises:
        UsageError: If there is no such table.
    """
    if name not in TABLES:
        msg = f"Table {name!r} is not among {', '.join(TABLES)}; choose one of these."
        raise UsageError(msg)
    told = read_json(name, folder)
    return PaperTable(
        name=name,
        paper=told["paper"],
        number=told["number"],
        shows=told["shows"],
        method=told["method"],
        columns=tuple(told["columns"]),
        own=told["own"],
        decimals=told["decimals"],
        few_shot=told["few_shot"],
        trained_on=told["trained_on"],
        harness=told.get("harness"),
        rows=_rows(told["rows"], one_database=told.get("one_database", False)),
        misprints=tuple(told["misprints"]),
        notes=tuple(told["notes"]),
    )


def read_json(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Return the file ``name`` of the papers' tables.

    Raises:
        UsageError: If it is not there, as in an installation without the project's assets.
    """
    path = (folder or Settings().assets_dir / "papers") / f"{name}.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); run from a complete checkout."
        raise UsageError(msg) from error
    return found


def _rows(told: Sequence[Mapping[str, Any]], *, one_database: bool) -> tuple[PaperRow, ...]:
    return tuple(
        PaperRow(
            label=row.get("label", ""),
            data=tuple(row["data"]),
            shots=row.get("shots", 1),
            variant=row.get("variant"),
            metric=row["metric"],
            values=tuple(row["values"]),
            one_database=row.get("one_database", one_database),
            cannot=row.get("cannot", ""),
        )
        for row in told
    )
