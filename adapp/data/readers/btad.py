"""BTAD's layout: MVTec's with ``ok`` and ``ko`` for the folders, BMP or PNG pictures and masks."""

from pathlib import Path

from adapp.data.readers.mvtec import read_split_folders
from adapp.data.samples import Category

_NORMAL = "ok"


def matches(folder: Path) -> bool:
    """Return whether ``folder`` is a category in this layout."""
    return any((folder / inner).is_dir() for inner in ("train/ok", "test/ok", "test/ko"))


def read(folder: Path, name: str) -> Category:
    """Return the category in ``folder``."""
    return read_split_folders(folder, name, layout="btad", normal=_NORMAL)
