"""Our figures on families of parts that no training saw, as the methods' READMEs state them."""

from dataclasses import dataclass
from pathlib import Path

from adapp.core.settings import Settings
from adapp.services.paper_tables import read_json
from adapp.services.paper_view import MEASURED

_FILE = "left-out"


@dataclass(frozen=True, slots=True)
class OwnFigure:
    """One figure.

    Attributes:
        variant: Method and step of its ladder.
        normals: Normal pictures per category.
        metric: Name of the metric.
        value: Percent, mean over the categories, as written.
        readme: Method whose README states it.
        line: How the line of the README begins in which it stands.
    """

    variant: str
    normals: int
    metric: str
    value: str
    readme: str
    line: str


@dataclass(frozen=True, slots=True)
class OwnTable:
    """Figures that may be compared with each other, since all else was the same.

    Attributes:
        title: What was measured.
        data: On which pictures.
        setting: Size, arithmetic and preset.
        seeds: Which seeds, or how many.
        commits: The code that ran.
        figures: Its figures.
    """

    title: str
    data: str
    setting: str
    seeds: str
    commits: tuple[str, ...]
    figures: tuple[OwnFigure, ...]


def own_tables(assets: Path | None = None) -> tuple[OwnTable, ...]:
    """Return our figures on left-out families, table by table.

    Args:
        assets: Folder of the project's assets; None takes the project's own.

    Raises:
        UsageError: If their file cannot be read.
    """
    told = read_json(_FILE, (assets or Settings().assets_dir) / MEASURED)
    return tuple(
        OwnTable(
            title=table["title"],
            data=table["data"],
            setting=table["setting"],
            seeds=table["seeds"],
            commits=tuple(table["commits"]),
            figures=tuple(OwnFigure(**figure) for figure in table["figures"]),
        )
        for table in told["tables"]
    )
