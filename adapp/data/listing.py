"""Folder listings in a fixed order: no result may depend on the file system's own."""

from pathlib import Path

from adapp.data.paths import PICTURE_SUFFIXES

_NOT_DATA = frozenset({"__macosx", "split_csv", "@eadir"})


def is_image_name(path: Path) -> bool:
    """Return whether the file name is that of a picture; hidden files are not."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def image_files(folder: Path) -> list[Path]:
    """Return the pictures directly inside ``folder``, by file name; none if it is missing."""
    if not folder.is_dir():
        return []
    files = (path for path in folder.iterdir() if is_image_name(path) and path.is_file())
    return sorted(files, key=lambda path: path.name)


def subfolders(folder: Path) -> list[Path]:
    """Return the visible folders directly inside ``folder``, by name; none if it is missing."""
    if not folder.is_dir():
        return []
    return sorted(
        (
            path
            for path in folder.iterdir()
            if path.is_dir()
            and not path.name.startswith(".")
            and path.name.lower() not in _NOT_DATA
        ),
        key=lambda path: path.name,
    )


def holds_images(folder: Path) -> bool:
    """Return whether a picture lies anywhere below ``folder``."""
    return any(is_image_name(path) for path in folder.rglob("*"))
