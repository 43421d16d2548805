"""The papers' data sets, found by the names of their folders; never guessed from their content."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapp.core.errors import UsageError
from adapp.data.dataset import Category, read_root
from adapp.data.listing import subfolders
from adapp.services.paper_tables import read_json

_DEPTH = 3  # folders below a root, the one of the set among them


@dataclass(frozen=True, slots=True)
class PaperData:
    """A data set that a paper reports on.

    Attributes:
        key: Short name, as in the tables.
        title: Name for people.
        folders: Names that its folder may have, in lower case, letters and digits only.
        categories: Its categories; empty if they are not fixed.
        test: Normal and anomalous test pictures in all; None if not known.
        private: Whether nobody but the authors has it.
    """

    key: str
    title: str
    folders: tuple[str, ...]
    categories: tuple[str, ...] = ()
    test: tuple[int, int] | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class FoundData:
    """What is there of a data set.

    Attributes:
        data: The data set.
        folder: Where it lies; None if it was not found.
        categories: Categories that can be read.
        reason: Why there is nothing to measure; empty if there is.
        remarks: How it differs from the published set, a sentence each.
    """

    data: PaperData
    folder: Path | None
    categories: tuple[Category, ...]
    reason: str
    remarks: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all categories are there; a set without fixed ones is complete."""
        found = {category.part for category in self.categories}
        return bool(found) and found >= set(self.data.categories)


def known_data(folder: Path | None = None) -> dict[str, PaperData]:
    """Return every data set of the tables by its key."""
    return {
        key: PaperData(
            key=key,
            title=told["title"],
            folders=tuple(told["folders"]),
            categories=tuple(told.get("categories", ())),
            test=tuple(told["test"]) if "test" in told else None,
            private=told.get("private", False),
        )
        for key, told in read_json("datasets", folder).items()
    }


def find_data(
    wanted: Sequence[str], roots: Sequence[Path], known: dict[str, PaperData]
) -> dict[str, FoundData]:
    """Return what lies below ``roots`` of each data set in ``wanted``, by key.

    A root is the folder of a data set, or holds such folders up to three levels deeper. What lies
    inside the folder of one data set is never taken for another.

    Raises:
        UsageError: If a root is no folder.
    """
    names = {name: data.key for data in known.values() for name in data.folders}
    places: dict[str, list[Path]] = {}
    for root in roots:
        folder = root.expanduser().resolve()
        if not folder.is_dir():
            msg = f"The data folder {root} does not exist: give a folder that holds data sets."
            raise UsageError(msg)
        _search(folder, names, _DEPTH, places)
    return {key: _found(known[key], places.get(key, []), roots) for key in wanted}


def _search(folder: Path, names: dict[str, str], depth: int, places: dict[str, list[Path]]) -> None:
    key = names.get(re.sub(r"[^a-z0-9]", "", folder.name.lower()))
    if key is not None:
        places.setdefault(key, []).append(folder)
    elif depth:
        for child in subfolders(folder):
            _search(child, names, depth - 1, places)


def _found(data: PaperData, places: Sequence[Path], roots: Sequence[Path]) -> FoundData:
    if data.private:
        return FoundData(data, None, (), f"{data.title} is private to the paper's authors")
    if not places:
        below = f"below {', '.join(map(str, roots))}" if roots else "was given with --data"
        reason = f"{data.title} is not there: no folder called {data.folders[0]} {below}"
        return FoundData(data, None, (), reason)
    try:
        dataset = read_root(places[0])
    except UsageError as error:
        return FoundData(data, places[0], (), f"{data.title} cannot be read: {error}")
    expected = set(data.categories)
    categories = tuple(c for c in dataset.categories if not expected or c.part in expected)
    if not categories:
        reason = f"{data.title}: none of its categories is in {places[0]}"
        return FoundData(data, places[0], (), reason)
    return FoundData(data, places[0], categories, "", _remarks(data, categories, places))


def _remarks(
    data: PaperData, categories: Sequence[Category], places: Sequence[Path]
) -> tuple[str, ...]:
    found = {category.part for category in categories}
    missing = [name for name in data.categories if name not in found]
    remarks = []
    if len(set(places)) > 1:
        remarks.append(f"{data.title}: {places[0]} was taken, {places[1]} has its name too.")
    if missing:
        remarks.append(
            f"{data.title}: {len(found)} of {len(data.categories)} categories, without "
            f"{', '.join(missing)}."
        )
    labels = [sample.label for category in categories for sample in category.test]
    counts = (labels.count(0), labels.count(1))
    if data.test is not None and not missing and counts != data.test:
        remarks.append(
            f"{data.title}: {counts[0]} normal and {counts[1]} anomalous test pictures instead "
            f"of the published {data.test[0]} and {data.test[1]}."
        )
    return tuple(remarks)
