"""The journal of a long run: one line per finished item, safe against a kill at any moment."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from adapp.core.errors import UsageError

Line: TypeAlias = dict[str, Any]
_SYNC_EVERY = 16  # lines; a power cut loses at most these, a kill none


@dataclass(slots=True)
class Tally:
    """What the lines of a journal add up to."""

    done: int = 0
    anomalous: int = 0
    refused: int = 0
    seconds: float = 0.0

    def add(self, line: Mapping[str, Any]) -> None:
        """Count one line."""
        self.done += 1
        if "refused" in line:
            self.refused += 1
            return
        self.anomalous += line["query"]["verdict"] == "anomalous"
        self.seconds += line["query"]["seconds"]


class Journal:
    """Appends lines to a journal that no other process writes to.

    A line cut off by a kill is removed when the journal is opened; its item comes again.

    Args:
        path: The file; made if it does not exist.

    Raises:
        UsageError: If another process is writing it, or it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("ab+")
        except OSError as error:
            msg = f"Cannot write to {path}: {error.strerror}. Choose another folder."
            raise UsageError(msg) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            msg = f"Another run is writing to {path.parent}. Wait for it or choose another folder."
            raise UsageError(msg) from error
        self._file.truncate(_complete(path))
        self._waiting = 0

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._sync()
        self._file.close()

    def append(self, line: Mapping[str, Any]) -> None:
        """Add one line and hand it to the system.

        Raises:
            UsageError: If the disk does not take it.
        """
        data = json.dumps(line, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        try:
            self._file.write(data)
            self._file.flush()
            self._waiting += 1
            if self._waiting >= _SYNC_EVERY:
                self._sync()
        except OSError as error:
            msg = f"Cannot write to {self._file.name}: {error.strerror}. Make room, then go on."
            raise UsageError(msg) from error

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._waiting = 0


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the complete lines of a journal; none if there is no such file."""
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _complete(path: Path) -> int:
    """Return the length of the file up to its last complete line, in bytes."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(end - (1 << 16), 0)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
    return 0
