"""What pages answer to: pictures and words of pages as vectors, made once and kept."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from adapp.auxiliary.page_keys import KeyEncoder, Vectors
from adapp.core.detector import Report
from adapp.knowledge.entries import Entry
from adapp.knowledge.evidence import Locks
from adapp.knowledge.pages import Page, from_entry
from adapp.knowledge.store import fingerprint
from adapp.services.knowledge_pages import lock_pictures

SIDE: Final = 224
"""Pixels of the drawings that are encoded."""
_BATCH = 16
_VERSION = 1  # of the drawings; raise it when they change
_NAMES: Final = ("whole", "detail", "text")


def entry_locks(
    entries: Sequence[Entry], encoder: KeyEncoder, report: Report | None = None
) -> Locks:
    """Return the locks of the project's pages, drawn and encoded anew, one row an entry."""
    whole: list[Vectors] = []
    detail: list[Vectors] = []
    for start in range(0, len(entries), _BATCH):
        if report is not None:
            report("Indexing pages", start, len(entries))
        drawn = [lock_pictures(entry, SIDE) for entry in entries[start : start + _BATCH]]
        whole.append(encoder.some([None if one is None else one.whole for one in drawn]))
        detail.append(encoder.some([None if one is None else one.detail for one in drawn]))
    words = encoder.sentences([from_entry(entry).key_text() for entry in entries])
    types = tuple(entry.canonical for entry in entries)
    return Locks(np.concatenate(whole), np.concatenate(detail), words, types)


def page_locks(pages: Sequence[Page], encoder: KeyEncoder) -> Locks:
    """Return the locks of pages that users brought.

    A page that is a picture and nothing else is found by its picture; a scanned page looks like
    paper, so it is found by its words.

    Raises:
        ValueError: If there is no page.
    """
    shown = [None if page.sections else page.picture for page in pages]
    whole = encoder.some(shown)
    return Locks(
        whole,
        np.zeros_like(whole),
        encoder.sentences([page.key_text() for page in pages]),
        tuple(page.canonical for page in pages),
    )


def mark_of(entries: Sequence[Entry]) -> str:
    """Return a hash of everything but the encoders that decides the entries' locks."""
    return f"{fingerprint(entries)}-{SIDE}-{_VERSION}"


def kept_locks(
    entries: Sequence[Entry],
    encoder: KeyEncoder,
    folder: Path,
    report: Report | None = None,
) -> Locks:
    """Return the locks of the project's pages out of ``folder``; made and kept if not there."""
    told = f"{mark_of(entries)} {encoder.identity}"
    path = folder / f"locks-{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"
    types = tuple(entry.canonical for entry in entries)
    if path.is_file():
        with np.load(path, allow_pickle=False) as held:
            return unpacked({name: held[name] for name in _NAMES}, types)
    made = entry_locks(entries, encoder, report)
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        halves = packed(made)
        np.savez(file, whole=halves["whole"], detail=halves["detail"], text=halves["text"])
    Path(name).replace(path)
    return made


def packed(locks: Locks) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.float16]]]:
    """Return the vectors of ``locks`` in half precision, by name."""
    return {name: getattr(locks, name).astype(np.float16) for name in _NAMES}


def unpacked(arrays: dict[str, np.ndarray], types: tuple[str, ...]) -> Locks:
    """Return locks out of what ``packed`` gave."""
    whole, detail, text = (_unit(arrays[name]) for name in _NAMES)
    return Locks(whole, detail, text, types)


def _unit(stored: np.ndarray) -> Vectors:
    rows = np.asarray(stored, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0.5)
    return unit
