"""Data sets as folders: every layout the project reads, behind one call.

``ROOT`` is a set (``ROOT/<category>``), a collection of sets (``ROOT/<set>/<category>``) or one
category. Categories are always named ``set/category``.
"""

from collections.abc import Sequence
from pathlib import Path

from adapp.core.errors import UsageError
from adapp.data.listing import holds_images, subfolders
from adapp.data.masks import load_box_mask, load_mask
from adapp.data.readers import reader_of
from adapp.data.samples import Box, Category, Dataset, Sample

__all__ = [
    "Box",
    "Category",
    "Dataset",
    "Sample",
    "load_box_mask",
    "load_mask",
    "read_root",
    "read_roots",
]

_EXPECTED = (
    "expected ROOT/<category>/{train/good,test/good,test/<defect>}, the same one level deeper, "
    "or ROOT itself as one category (VisA's, BTAD's and MPDD's own layouts are read too)"
)


def read_root(root: Path) -> Dataset:
    """Return the categories below ``root``, sorted by name.

    Raises:
        UsageError: If ``root`` is no folder or holds no category.
    """
    folder = root.expanduser().resolve()
    if not folder.is_dir():
        msg = f"The data folder {root} does not exist: give a folder that holds categories."
        raise UsageError(msg)
    categories: list[Category] = []
    skipped: dict[str, str] = {}
    for name, place in _category_folders(folder, skipped):
        _read_category(name, place, categories, skipped)
    if not categories:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
        msg = f"No category in {root}: {_EXPECTED}."
        raise UsageError(f"{msg} Found {reasons.rstrip('.')}." if reasons else msg)
    return Dataset(folder.name, tuple(sorted(categories, key=lambda c: c.name)), skipped)


def read_roots(roots: Sequence[Path]) -> Dataset:
    """Return the categories of several roots as one data set, sorted by name.

    Raises:
        UsageError: As ``read_root``; also if two different folders bear one category name.
    """
    distinct = list(dict.fromkeys(root.expanduser().resolve() for root in roots))
    if not distinct:
        msg = "No data folder given: name at least one."
        raise UsageError(msg)
    parts = [read_root(root) for root in distinct]
    categories: dict[str, Category] = {}
    for category in (category for part in parts for category in part.categories):
        other = categories.setdefault(category.name, category)
        if other.folder != category.folder:
            msg = (
                f"Two folders are both named {category.name}: {other.folder} and "
                f"{category.folder}. Rename one, or name them in two runs."
            )
            raise UsageError(msg)
    return Dataset(
        name="+".join(part.name for part in parts),
        categories=tuple(categories[name] for name in sorted(categories)),
        skipped={name: why for part in parts for name, why in part.skipped.items()},
    )


def _category_folders(folder: Path, skipped: dict[str, str]) -> list[tuple[str, Path]]:
    """Name and place of every category; a folder with pictures that is none is noted."""
    if reader_of(folder) is not None:
        return [(f"{folder.parent.name}/{folder.name}", folder)]
    found: list[tuple[str, Path]] = []
    for child in subfolders(folder):
        if reader_of(child) is not None:
            found.append((f"{folder.name}/{child.name}", child))
            continue
        inner = [place for place in subfolders(child) if reader_of(place) is not None]
        found += [(f"{child.name}/{place.name}", place) for place in inner]
        if not inner and holds_images(child):
            skipped[f"{folder.name}/{child.name}"] = _why_no_category(child)
    return found


def _why_no_category(folder: Path) -> str:
    deeper = (place for child in subfolders(folder) for place in subfolders(child))
    if any(reader_of(place) is not None for place in deeper):
        return f"its categories lie too deep: give {folder} as a root of its own"
    return "no category: neither train/good nor test in it"


def _read_category(
    name: str, folder: Path, categories: list[Category], skipped: dict[str, str]
) -> None:
    reader = reader_of(folder)
    if reader is None:
        return
    try:
        category = reader.read(folder, name)
    except UsageError as error:
        skipped[name] = str(error)
        return
    if category.test or category.train_normal:
        categories.append(category)
    else:
        skipped[name] = "no picture in train/good or in its test folders"
