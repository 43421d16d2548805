"""File names as untrusted text, and folders expanded into picture files."""

import os
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from adapp.core.errors import UsageError

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff", ".webp"}
)

_NAME_LIMIT = 80
# Control, format (bidi overrides, zero width), surrogate (undecodable bytes), private use and
# unassigned code points, line and paragraph separators: none of them belongs on a screen.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_name(name: str | os.PathLike[str]) -> str:
    """Return the last part of a path as one printable line of at most 80 characters.

    A file name is text written by a stranger: control characters, bidirectional overrides and
    zero-width characters are removed and a very long name loses its middle. The result is for
    display only, never for opening a file, and still has to be escaped by the view it enters.
    """
    text = unicodedata.normalize("NFC", Path(name).name)
    text = "".join(c for c in text if unicodedata.category(c) not in _HIDDEN_CATEGORIES)
    text = " ".join(text.split())
    if len(text) > _NAME_LIMIT:
        tail = _NAME_LIMIT // 3
        text = f"{text[: _NAME_LIMIT - tail - 1]}…{text[-tail:]}"
    return text or "unnamed file"


def expand_paths(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the picture files behind files and folders, each once.

    A file is taken as it is, whatever it is called: the loader judges its content. A folder
    stands for the pictures directly inside it, sorted by name; hidden files and files without a
    picture suffix are passed over.

    Raises:
        UsageError: If a path does not exist, a folder cannot be read or holds no picture, or
            no path was given at all.
    """
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_expand(path)))
    if not found:
        msg = "No pictures were given. Name at least one picture file or a folder that holds some."
        raise UsageError(msg)
    return tuple(found)


def _expand(path: Path) -> list[Path]:
    shown = safe_name(path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL character inside the path
        msg = f"{shown}: no such file or folder. Check the path."
        raise UsageError(msg) from error
    if not stat.S_ISDIR(mode):
        return [path]
    try:
        inside = sorted(entry for entry in path.iterdir() if _is_listed_picture(entry))
    except OSError as error:
        msg = f"{shown}: the folder cannot be read. Check its permissions."
        raise UsageError(msg) from error
    if not inside:
        msg = f"{shown}: the folder holds no PNG, JPEG, BMP, TIFF or WebP file. Name another one."
        raise UsageError(msg)
    return inside


def _is_listed_picture(path: Path) -> bool:
    return (
        not path.name.startswith(".")
        and path.suffix.lower() in PICTURE_SUFFIXES
        and not path.is_dir()
    )
