"""Parts to try: rendered by this project, and real solar cells out of an installed package."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from adapp.core.errors import UsageError
from adapp.core.settings import Settings

INDEX: Final = "examples.json"
CELLS_PACKAGE: Final = "elpv_dataset"
CELLS_CREDIT: Final = (
    "ELPV, CC BY-NC-SA 4.0: electroluminescence pictures of solar cells by Buerhop-Lutz, Deitsch "
    "and others, read from the installed elpv-dataset package. Not for commercial use."
)
CELLS_ABSENT: Final = (
    "The solar cell examples are not here: the elpv-dataset package is not installed. "
    "Get it with: pip install elpv-dataset==1.0.0.post1"
)

RENDERED_ABSENT: Final = "The rendered examples are not here: the assets folder is missing."


@dataclass(frozen=True, slots=True)
class Example:
    """A part that can be inspected without any picture of one's own.

    Attributes:
        key: Short name, unique among the examples.
        title: What the card says.
        summary: What is to be found, one sentence.
        category: Name of the part.
        support: Pictures of normal parts.
        query: Pictures to inspect, the most telling first.
        credit: Where the pictures are from and under which licence, one sentence.
    """

    key: str
    title: str
    summary: str
    category: str
    support: tuple[Path, ...]
    query: tuple[Path, ...]
    credit: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The examples that are on this machine, and a sentence for each kind that is not."""

    examples: tuple[Example, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cells:
    """A choice of solar cells of one module type, by their numbers in the data set.

    ``normal`` and ``good`` have defect probability 0 there, ``defective`` have 1.
    """

    key: str
    title: str
    summary: str
    normal: tuple[int, ...]
    defective: tuple[int, ...]
    good: tuple[int, ...]


_CELLS: Final = (
    _Cells(
        key="solar-shattered",
        title="Solar cell, shattered",
        summary="Dead and shattered areas in two cells; the third is good.",
        normal=(413, 425, 447, 526),
        defective=(524, 406),
        good=(449,),
    ),
    _Cells(
        key="solar-crack",
        title="Solar cell, cracked",
        summary="Cracks in two cells; the third is good.",
        normal=(1091, 1092, 1093, 1094),
        defective=(1108, 1097),
        good=(1096,),
    ),
)


def examples(settings: Settings | None = None) -> tuple[Example, ...]:
    """Return the examples that are on this machine, real parts first."""
    return catalogue(settings).examples


def catalogue(settings: Settings | None = None) -> Catalogue:
    """Return the examples that are on this machine and why others are not.

    Raises:
        UsageError: If the index of the rendered parts cannot be understood.
    """
    cells = cell_examples()
    rendered = rendered_examples((settings or Settings()).assets_dir)
    absent = ((cells, CELLS_ABSENT), (rendered, RENDERED_ABSENT))
    return Catalogue((*cells, *rendered), tuple(note for found, note in absent if not found))


def cell_examples() -> tuple[Example, ...]:
    """Return the solar cell examples; none if their package is not installed as expected."""
    folder = _cells_folder()
    if folder is None:
        return ()
    labels = _cell_labels(folder)
    return tuple(_cell_example(chosen, folder) for chosen in _CELLS if _is_there(chosen, labels))


def rendered_examples(assets: Path) -> tuple[Example, ...]:
    """Return the parts listed in ``assets``/examples.json; none if there is no such file.

    Raises:
        UsageError: If the index cannot be understood or names a picture that is not there.
    """
    index = assets / INDEX
    if not index.is_file():
        return ()
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))
        return tuple(_rendered(entry, assets) for entry in entries)
    except (ValueError, KeyError, TypeError, OSError) as error:
        msg = f"{index} cannot be understood ({error!r}). Take it anew from the repository."
        raise UsageError(msg) from error


def _rendered(entry: Mapping[str, Any], assets: Path) -> Example:
    return Example(
        key=str(entry["id"]),
        title=str(entry["title"]),
        summary=str(entry["expected"]),
        category=str(entry["category"]),
        support=_inside(assets, entry["support"]),
        query=_inside(assets, entry["query"]),
        credit=f"{entry['origin']}, {entry['licence']}.",
    )


def _inside(assets: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """Return the pictures behind ``names``, none of which may lie outside of ``assets``."""
    root = assets.resolve()
    paths = tuple((root / name).resolve() for name in names)
    for path in paths:
        if not path.is_relative_to(root) or not path.is_file():
            msg = f"no picture {path.name} in the assets"
            raise ValueError(msg)
    if not paths:
        msg = "an example without pictures"
        raise ValueError(msg)
    return paths


def _cells_folder() -> Path | None:
    """Return the folder with the cells' labels and pictures, without importing the package."""
    found = find_spec(CELLS_PACKAGE)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "data"
    return folder if (folder / "labels.csv").is_file() else None


def _cell_labels(folder: Path) -> dict[str, float]:
    """Return the defect probability of every picture in the package by its file name."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=" ", skipinitialspace=True)
        return {Path(row[0]).name: float(row[1]) for row in rows if len(row) >= 2}


def _is_there(chosen: _Cells, labels: Mapping[str, float]) -> bool:
    """Return whether the package labels every chosen cell as this module does."""
    normal = all(labels.get(_file(number)) == 0.0 for number in chosen.normal + chosen.good)
    return normal and all(labels.get(_file(number)) == 1.0 for number in chosen.defective)


def _cell_example(chosen: _Cells, folder: Path) -> Example:
    pictures = folder / "images"
    return Example(
        key=chosen.key,
        title=chosen.title,
        summary=chosen.summary,
        category="solar cell",
        support=tuple(pictures / _file(number) for number in chosen.normal),
        query=tuple(pictures / _file(number) for number in chosen.defective + chosen.good),
        credit=CELLS_CREDIT,
    )


def _file(number: int) -> str:
    return f"cell{number:04d}.png"
