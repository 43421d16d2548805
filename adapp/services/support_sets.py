"""Normal pictures kept in one file: plain pictures and a list with their hashes, never code."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from adapp.core.errors import UsageError
from adapp.data.paths import PICTURE_SUFFIXES
from adapp.services.export import unique_stem

FORMAT = "adapp normal parts 1"
MOST_PICTURES = 16
MOST_BYTES = 20_000_000
"""Largest size of one picture."""

_INDEX = "set.json"
_MOST_INDEX = 100_000


def save_set(pictures: Sequence[Path], category: str, archive: Path) -> Path:
    """Pack normal pictures with their names and hashes into a ZIP file and return its path.

    Raises:
        UsageError: If there is none, or one cannot be read.
    """
    if not pictures:
        msg = "There is no normal picture to save. Add some first."
        raise UsageError(msg)
    entries: list[dict[str, Any]] = []
    taken: set[str] = set()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in pictures:
            try:
                data = path.read_bytes()
            except OSError as error:
                msg = f"{path.name} cannot be read any more. Add it again, then save."
                raise UsageError(msg) from error
            name = f"{unique_stem(path.name, taken)}{path.suffix.lower()}"
            packed.writestr(name, data)
            entries.append({"name": name, "sha256": hashlib.sha256(data).hexdigest()})
        told = {"format": FORMAT, "category": category, "pictures": entries}
        packed.writestr(_INDEX, json.dumps(told, indent=1))
    return archive


def load_set(archive: Path, folder: Path) -> tuple[str, tuple[Path, ...]]:
    """Unpack a set into ``folder``; return the name of the part and its pictures.

    Only files that the list names are read, under names of this program's own making, each up to
    ``MOST_BYTES`` and with the hash that the list tells.

    Raises:
        UsageError: If the file is no such set, or a picture in it is not what the list says.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            category, entries = _index(packed)
            taken: set[str] = set()
            return category, tuple(_unpack(packed, one, folder, taken) for one in entries)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        msg = f"{archive.name} is no set of normal parts that adapp saved. Choose another file."
        raise UsageError(msg) from error


def _index(packed: zipfile.ZipFile) -> tuple[str, list[dict[str, Any]]]:
    if packed.getinfo(_INDEX).file_size > _MOST_INDEX:
        msg = "the list is too long"
        raise ValueError(msg)
    told = json.loads(packed.read(_INDEX))
    entries = told["pictures"]
    if told["format"] != FORMAT or not 0 < len(entries) <= MOST_PICTURES:
        msg = "not a set"
        raise ValueError(msg)
    return str(told["category"])[:80], entries


def _unpack(packed: zipfile.ZipFile, entry: dict[str, Any], folder: Path, taken: set[str]) -> Path:
    name = str(entry["name"])
    if packed.getinfo(name).file_size > MOST_BYTES:
        msg = f"A picture in the set is larger than {MOST_BYTES // 1_000_000} MB."
        raise UsageError(msg)
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        msg = "not a picture"
        raise ValueError(msg)
    data = packed.read(name)
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        msg = f"{name} in the set was changed since it was saved. Take the original set."
        raise UsageError(msg)
    path = folder / f"{unique_stem(PurePosixPath(name).name, taken)}{suffix}"
    path.write_bytes(data)
    return path
