"""The folder of a batch: what lies where, and the list of pictures settled at its start."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from adapp.core.errors import UsageError
from adapp.data.paths import PICTURE_SUFFIXES, safe_name
from adapp.services.export import unique_stem, writing


@dataclass(frozen=True, slots=True)
class BatchFolder:
    """Names of everything in the folder ``root`` of a batch."""

    root: Path

    @property
    def manifest(self) -> Path:
        """Settings, hashes and versions; written before the first picture."""
        return self.root / "manifest.json"

    @property
    def listing(self) -> Path:
        """Paths of the pictures in their order, one JSON string a line."""
        return self.root / "pictures.jsonl"

    @property
    def journal(self) -> Path:
        """Results as they came, one JSON object a line."""
        return self.root / "results.jsonl"

    @property
    def masks(self) -> Path:
        """Folder of the pixels above the threshold, PNG."""
        return self.root / "masks"

    @property
    def maps(self) -> Path:
        """Folder of the maps, float32 arrays."""
        return self.root / "maps"

    @property
    def thumbnails(self) -> Path:
        """Folder of the small pictures of the report."""
        return self.root / "thumbnails"

    def make(self) -> None:
        """Make the folder and those below it.

        Raises:
            UsageError: If that is not possible.
        """
        with writing(self.root):
            for folder in (self.root, self.masks, self.thumbnails):
                folder.mkdir(parents=True, exist_ok=True)

    def paths(self, first: int = 0) -> Iterator[Path]:
        """Yield the pictures of the batch, without the ``first`` ones."""
        with self.listing.open(encoding="utf-8") as lines:
            for line in islice(lines, first, None):
                yield Path(json.loads(line))


def stem(number: int, path: Path) -> str:
    """Return a safe file stem for picture ``number``, unlike that of any other number."""
    return f"{number:06d}_{unique_stem(path.name, set())}"


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes the place of ``path`` only when it is complete.

    Raises:
        UsageError: If the place cannot be written to.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path.parent):
        try:
            # File names that are no text hold lone surrogates, which no encoding takes.
            with unfinished.open("w", encoding="utf-8", errors="backslashreplace", newline="") as f:
                yield f
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def write_listing(pictures: Iterable[str], target: Path) -> tuple[int, str]:
    """Write the list of pictures; return how many there are and the list's SHA-256."""
    digest, count = hashlib.sha256(), 0
    with replacing(target) as file:
        for path in pictures:
            line = json.dumps(path) + "\n"
            file.write(line)
            digest.update(line.encode())
            count += 1
    return count, digest.hexdigest()


def find_pictures(given: Sequence[Path], *, recursive: bool, apart: Path) -> Iterator[str]:
    """Yield the absolute paths of the pictures behind files and folders, each once.

    A file is taken as it is; a folder stands for the pictures in it, sorted by name, and with
    ``recursive`` for those of its subfolders too, except in the folder ``apart``.

    Raises:
        UsageError: If a path does not exist, or a folder cannot be read or holds no picture.
    """
    seen: set[str] | None = set() if len(given) > 1 else None
    for path in given:
        found = 0
        for picture in _expand(path, apart.absolute(), recursive=recursive):
            found += 1
            if seen is not None:
                if picture in seen:
                    continue
                seen.add(picture)
            yield picture
        if not found:
            deeper = "" if recursive else " Give --recursive if they lie in folders below it."
            msg = f"{safe_name(path)}: no PNG, JPEG, BMP, TIFF or WebP file in it.{deeper}"
            raise UsageError(msg)


def _expand(path: Path, apart: Path, *, recursive: bool) -> Iterator[str]:
    try:
        if path.is_dir():
            yield from _inside(os.fspath(path.absolute()), os.fspath(apart), recursive=recursive)
            return
        there = path.exists()
    except (OSError, ValueError) as error:  # ValueError: a NUL character inside the path
        msg = f"{safe_name(path)}: it cannot be read. Check the path and its permissions."
        raise UsageError(msg) from error
    if not there:
        msg = f"{safe_name(path)}: no such file or folder. Check the path."
        raise UsageError(msg)
    yield os.fspath(path.absolute())


def _inside(folder: str, apart: str, *, recursive: bool) -> Iterator[str]:
    """Yield the pictures of a folder, then those of its subfolders, each sorted by name."""
    pictures: list[str] = []  # names alone: a million of them fit
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif os.path.splitext(entry.name)[1].lower() in PICTURE_SUFFIXES:  # noqa: PTH122
                pictures.append(entry.name)
    for name in sorted(pictures):
        yield os.path.join(folder, name)  # noqa: PTH118 - a Path for each costs five times more
    for name in sorted(folders) if recursive else ():
        below = os.path.join(folder, name)  # noqa: PTH118
        if below != apart:
            yield from _inside(below, apart, recursive=True)
