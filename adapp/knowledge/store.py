"""A permanent index in a folder: pages as JSON, locks as arrays, pictures as PNG; never pickles."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from PIL import Image

from adapp.core.errors import BadPage
from adapp.core.reasoner import ASPECTS
from adapp.core.results import RgbImage
from adapp.knowledge.entries import Entry
from adapp.knowledge.evidence import Locks
from adapp.knowledge.pages import Page, Section

SCHEMA: Final = 1
_PAGES, _LOCKS, _PICTURES = "pages.json", "locks.npz", "pictures"
_LARGEST = 200_000_000  # bytes of the list of pages
_PICTURE_PIXELS = 4_000_000
_REBUILD = "Build it again with `python -m adapp knowledge build`."
_ARRAYS = ("whole", "detail", "text")


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An index as it was read.

    Attributes:
        pages: Its pages.
        locks: Their locks, in the same order.
        identity: Which encoders and projection made the locks.
    """

    pages: tuple[Page, ...]
    locks: Locks
    identity: str


def fingerprint(entries: Sequence[Entry]) -> str:
    """Return a hash of what the entries say and show: locks made for others do not fit."""
    parts = [
        json.dumps([entry.id, *_spoken(entry), dict(entry.illustration)], sort_keys=True)
        for entry in entries
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _spoken(entry: Entry) -> tuple[object, ...]:
    told = (
        entry.object,
        entry.aliases,
        entry.title,
        entry.canonical,
        entry.description,
        entry.scenario,
    )
    return (*told, entry.causes, entry.consequences, entry.checks, entry.variation)


def save(folder: Path, pages: Sequence[Page], locks: Locks, identity: str) -> None:
    """Write an index; what was in ``folder`` is replaced once everything is on disk.

    Raises:
        ValueError: If there are not as many locks as pages.
        BadPage: If the folder cannot be written, or holds something that is no index.
    """
    if len(pages) != len(locks):
        msg = f"{len(pages)} pages and {len(locks)} locks"
        raise ValueError(msg)
    if folder.exists() and not (folder / _PAGES).is_file() and any(folder.iterdir()):
        msg = f"{folder.name}: not empty and no index of pages. Name another folder."
        raise BadPage(msg)
    fresh = folder.with_name(f"{folder.name}.new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / _PICTURES).mkdir(parents=True)
        _write(fresh, pages, locks, identity)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    except OSError as error:
        msg = f"{folder.name}: the index cannot be written. Check the folder and the disk."
        raise BadPage(msg) from error


def _write(folder: Path, pages: Sequence[Page], locks: Locks, identity: str) -> None:
    listed = []
    for number, page in enumerate(pages):
        if page.picture is not None:
            Image.fromarray(page.picture).save(folder / _PICTURES / f"{number}.png")
        listed.append(
            {
                **{name: getattr(page, name) for name in _PLAIN},
                "sections": [
                    [part.heading, part.lines, part.points, part.aspect] for part in page.sections
                ],
                "sources": page.sources,
                "aliases": page.aliases,
                "type": locks.types[number],
                "picture": page.picture is not None,
            }
        )
    content = {"schema": SCHEMA, "identity": identity, "pages": listed}
    (folder / _PAGES).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    arrays = {name: getattr(locks, name).astype(np.float16) for name in _ARRAYS}
    with (folder / _LOCKS).open("wb") as file:
        np.savez(file, **arrays)


_PLAIN: Final = ("id", "title", "kind", "object", "defect_type", "canonical", "licence")


def load(folder: Path, identity: str) -> Stored:
    """Return the index in ``folder``.

    Args:
        folder: Where ``save`` wrote it.
        identity: The encoders and projection in use; locks of others cannot be compared.

    Raises:
        BadPage: If there is no index, it is damaged, or it was made with other encoders.
    """
    try:
        listed, made_by = _listed(folder)
        with np.load(folder / _LOCKS, allow_pickle=False) as arrays:
            whole, detail, text = (_unit(arrays[name]) for name in _ARRAYS)
        locks = Locks(whole, detail, text, tuple(str(item["type"]) for item in listed))
        pages = tuple(_page(item, folder, number) for number, item in enumerate(listed))
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder.name}: no index of pages, or a damaged one. {_REBUILD}"
        raise BadPage(msg) from error
    if len(pages) != len(locks):
        msg = (
            f"{folder.name}: the index holds {len(pages)} pages for {len(locks)} locks. {_REBUILD}"
        )
        raise BadPage(msg)
    if made_by != identity:
        msg = f"{folder.name}: the index was made with other encoders ({made_by}). {_REBUILD}"
        raise BadPage(msg)
    return Stored(pages, locks, made_by)


def load_pages(folder: Path) -> tuple[Page, ...]:
    """Return the pages of the index in ``folder``, whatever encoders made its locks.

    Raises:
        BadPage: If there is no index, or it is damaged.
    """
    try:
        listed, _ = _listed(folder)
        return tuple(_page(item, folder, number) for number, item in enumerate(listed))
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder.name}: no index of pages, or a damaged one. {_REBUILD}"
        raise BadPage(msg) from error


def _listed(folder: Path) -> tuple[list[Mapping[str, Any]], str]:
    path = folder / _PAGES
    if path.stat().st_size > _LARGEST:
        msg = "too large"
        raise ValueError(msg)
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["schema"] != SCHEMA or not isinstance(content["pages"], list):
        msg = "another schema"
        raise ValueError(msg)
    return cast("list[Mapping[str, Any]]", content["pages"]), str(content["identity"])


def _unit(stored: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.asarray(stored, dtype=np.float32)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        msg = "locks must be finite rows"
        raise ValueError(msg)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: np.ndarray[tuple[int, int], np.dtype[np.float32]] = np.divide(
        rows, norms, out=np.zeros_like(rows), where=norms > 0.5
    )
    return unit


def _page(item: Mapping[str, Any], folder: Path, number: int) -> Page:
    """Return a page of the list; whatever the list says, it is of the index and not trusted."""
    if item["kind"] not in {"defect", "object", "type", "user"}:
        msg = "another kind of page"
        raise ValueError(msg)
    sections = tuple(
        Section(
            str(heading),
            tuple(str(line) for line in lines),
            bool(points),
            next((known for known in ASPECTS if known == aspect), None),
        )
        for heading, lines, points, aspect in item["sections"]
    )
    return Page(
        **{name: str(item[name]) for name in _PLAIN},  # type: ignore[arg-type] # kind: see above
        sections=sections,
        sources=tuple(str(source) for source in item["sources"]),
        aliases=tuple(str(name) for name in item["aliases"]),
        origin="index",
        picture=_picture(folder / _PICTURES / f"{number}.png") if item["picture"] else None,
    )


def _picture(path: Path) -> RgbImage:
    with Image.open(path, formats=["PNG"]) as held:
        if held.width * held.height > _PICTURE_PIXELS:
            msg = "a picture is too large"
            raise ValueError(msg)
        return np.asarray(held.convert("RGB"), dtype=np.uint8)
