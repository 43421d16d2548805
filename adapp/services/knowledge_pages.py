"""The project's pages with their pictures: drawn when they are first wanted, then kept on disk."""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from adapp.core.results import RgbImage
from adapp.core.settings import Settings
from adapp.data.illustration import Figure, draw
from adapp.knowledge.entries import Entry, load_entries
from adapp.knowledge.layout import Picture, render_page
from adapp.knowledge.pages import Page, from_entry

_VERSION = 1  # of drawing and layout; raise it when they change
_NORMAL_CAPTIONS = ("a sound part", "another sound part")


@dataclass(frozen=True, slots=True, eq=False)
class LockPictures:
    """What a page is recognised by, before any encoder: the part with its flaw, and the flaw."""

    whole: RgbImage
    detail: RgbImage | None


@cache
def bundled_entries(folder: Path | None = None) -> tuple[Entry, ...]:
    """Return the project's entries, read once.

    Raises:
        BadPage: If a file is damaged or missing.
    """
    return load_entries(Settings().assets_dir / "knowledge" if folder is None else folder)


def lock_pictures(entry: Entry, size: int, *, variant: int = 0) -> LockPictures | None:
    """Return the pictures to encode for an entry, [size, size, 3]; None if it shows nothing.

    ``variant`` other than 0 gives another specimen, which is on no page: for training and
    measuring retrieval.
    """
    if not entry.illustration:
        return None
    figure = draw(entry.illustration, size, variant=variant)
    return LockPictures(figure.sound if figure.damaged is None else figure.damaged, figure.detail)


def page_picture(page: Page, entry: Entry | None, cache_dir: Path) -> RgbImage:
    """Return a page as a picture, [1448, 1024, 3].

    A page of the project is drawn once and then read from ``cache_dir / "knowledge"``; a page of
    a user is drawn each time and leaves nothing on disk.

    Args:
        page: The page.
        entry: The entry behind it; None for a page of a user.
        cache_dir: Where drawn pages are kept.
    """
    if entry is None or not page.trusted:
        return render_page(page)
    path = cache_dir / "knowledge" / f"{page.id.replace('/', '--')}-{_mark(entry)}.png"
    if path.is_file():
        with Image.open(path, formats=["PNG"]) as held:
            return np.asarray(held.convert("RGB"), dtype=np.uint8)
    drawn = draw_page(entry)
    _keep(path, drawn)
    return drawn


def draw_page(entry: Entry) -> RgbImage:
    """Return the page of an entry, drawn anew, [1448, 1024, 3]."""
    return render_page(from_entry(entry), _pictures(entry))


def _pictures(entry: Entry) -> tuple[Picture, ...]:
    if not entry.illustration:
        return ()
    figure = draw(entry.illustration)
    if figure.damaged is None or figure.detail is None:
        other: Figure = draw(entry.illustration, variant=1)
        shown = (figure.sound, other.sound)
        return tuple(Picture(*both) for both in zip(shown, _NORMAL_CAPTIONS, strict=True))
    return (
        Picture(figure.sound, "without the defect"),
        Picture(figure.damaged, entry.defect_type),
        Picture(figure.detail, "the defect, seen close"),
    )


def _mark(entry: Entry) -> str:
    told = json.dumps([_VERSION, asdict(entry)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _keep(path: Path, picture: RgbImage) -> None:
    """Write a PNG so that another process never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        Image.fromarray(picture).save(file, format="PNG", compress_level=6)
    Path(name).replace(path)
