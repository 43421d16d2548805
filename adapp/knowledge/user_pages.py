"""Pages that users bring: Markdown, text, PDF and pictures, cleaned, bounded and marked as theirs.

Everything in such a file is untrusted, its name included. A file becomes pages or is refused with
one sentence; nothing is written, fetched or executed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from adapp.core.errors import AdappError, BadPage
from adapp.core.results import RgbImage
from adapp.knowledge.cleaning import clean_name, slug
from adapp.knowledge.defect_types import CANONICAL, NORMAL
from adapp.knowledge.markdown import Document, parse, split
from adapp.knowledge.pages import LICENCE_OF_USERS, Origin, Page
from adapp.knowledge.pdf import read_pdf

LoadPicture = Callable[[Path], RgbImage]

TEXT_SUFFIXES: Final = frozenset({".md", ".markdown", ".txt"})
PDF_SUFFIXES: Final = frozenset({".pdf"})
PICTURE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
_LONGEST_SIDE = 1448  # pixels of a page picture that is kept


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted.

    Attributes:
        file_bytes: Of one file.
        characters: Of text in one file.
        page_characters: Of text on one page; longer text becomes several pages.
        pages: Of one file.
        session_pages: Of all files that one session holds.
        files: In one folder.
    """

    file_bytes: int = 20_000_000
    characters: int = 200_000
    page_characters: int = 2400
    pages: int = 60
    session_pages: int = 200
    files: int = 2000


DEFAULT: Final = Limits()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that gave no page, by its cleaned name, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder gave."""

    pages: tuple[Page, ...]
    refused: tuple[Refusal, ...]


def read_file(
    path: Path,
    load_picture: LoadPicture,
    *,
    origin: Origin = "session",
    limits: Limits = DEFAULT,
) -> tuple[Page, ...]:
    """Return the pages of one file, at least one.

    Args:
        path: Markdown, text, PDF or a picture. Its name is for display only.
        load_picture: Reads a picture within the limits of the project's loader.
        origin: Whose pages they are: of this session or of the operator's index.
        limits: Sizes and counts.

    Raises:
        BadPage: If the file is no such thing, is too large, damaged, encrypted or empty.
        BadImage: From ``load_picture``.
    """
    shown, suffix = clean_name(path.name), path.suffix.lower()
    if suffix not in TEXT_SUFFIXES | PDF_SUFFIXES | PICTURE_SUFFIXES:
        msg = f"{shown}: not a page. Give Markdown, text, PDF or a picture."
        raise BadPage(msg)
    content = _content(path, shown, limits)
    if suffix in TEXT_SUFFIXES:
        pages = _text_pages(content, shown, limits)
    elif suffix in PDF_SUFFIXES:
        pages = _pdf_pages(content, shown, limits)
    else:
        pages = [_page(Document(shown, {}, ()), shown, _shrunk(load_picture(path)))]
    if len(pages) > limits.pages:
        msg = f"{shown}: {len(pages)} pages, at most {limits.pages} are accepted. Split the file."
        raise BadPage(msg)
    mark = f"own/{slug(shown)}-{hashlib.sha256(content).hexdigest()[:8]}"
    names = [mark] if len(pages) == 1 else [f"{mark}-{n}" for n in range(1, len(pages) + 1)]
    return tuple(
        replace(page, id=name, origin=origin) for name, page in zip(names, pages, strict=True)
    )


def read_folder(folder: Path, load_picture: LoadPicture, *, limits: Limits = DEFAULT) -> Reading:
    """Return the pages of every file directly in ``folder``, for a permanent index.

    Hidden files and files of other kinds are passed over; a file that cannot be read is refused
    by name and the others are still taken. The same file under two names counts once.

    Raises:
        BadPage: If the folder cannot be read, holds too many files or none of these kinds.
    """
    known = TEXT_SUFFIXES | PDF_SUFFIXES | PICTURE_SUFFIXES
    try:
        files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in known and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        msg = f"{clean_name(folder.name)}: the folder cannot be read. Check the path."
        raise BadPage(msg) from error
    if not 0 < len(files) <= limits.files:
        msg = (
            f"{clean_name(folder.name)}: {len(files)} Markdown, text, PDF and picture files, "
            f"1 to {limits.files} are accepted. Name another folder."
        )
        raise BadPage(msg)
    pages: dict[str, Page] = {}
    refused = []
    for path in files:
        try:
            read = read_file(path, load_picture, origin="index", limits=limits)
        except AdappError as error:
            refused.append(Refusal(clean_name(path.name), str(error)))
            continue
        pages.update((page.id, page) for page in read)
    return Reading(tuple(pages.values()), tuple(refused))


def admit(held: Sequence[Page], new: Sequence[Page], limits: Limits = DEFAULT) -> tuple[Page, ...]:
    """Return the pages of a session after ``new`` came in; a page it holds already is kept once.

    Raises:
        BadPage: If the session would hold too many.
    """
    merged = {page.id: page for page in [*held, *new]}
    if len(merged) > limits.session_pages:
        msg = (
            f"This session may hold {limits.session_pages} pages of your own and would have "
            f"{len(merged)}. Remove some first."
        )
        raise BadPage(msg)
    return tuple(merged.values())


def _content(path: Path, shown: str, limits: Limits) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limits.file_bytes + 1)
    except OSError as error:
        msg = f"{shown}: the file cannot be read. Check the path."
        raise BadPage(msg) from error
    if not content:
        msg = f"{shown}: the file is empty."
        raise BadPage(msg)
    if len(content) > limits.file_bytes:
        msg = f"{shown}: larger than {limits.file_bytes // 1_000_000} MB. Make it smaller."
        raise BadPage(msg)
    return content


def _text_pages(content: bytes, shown: str, limits: Limits) -> list[Page]:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{shown}: not text in UTF-8. Save it as UTF-8 and add it again."
        raise BadPage(msg) from error
    if "\0" in text or len(text) > limits.characters:
        msg = f"{shown}: not plain text, or more than {limits.characters} characters. Shorten it."
        raise BadPage(msg)
    document = parse(text, shown)
    if not document.sections:
        msg = f"{shown}: no text is left once markup and links are removed. Add some sentences."
        raise BadPage(msg)
    return [_page(part, shown) for part in split(document, limits.page_characters)]


def _pdf_pages(content: bytes, shown: str, limits: Limits) -> list[Page]:
    read = read_pdf(content, shown, limits.pages, limits.page_characters)
    several = len(read) > 1
    pages = []
    for number, sheet in enumerate(read, start=1):
        document = parse(sheet.text, shown)
        name = f"{shown}, page {number}" if several else shown
        pages.append(_page(replace(document, title=name, fields={}), shown, sheet.picture))
    return pages


def _page(document: Document, shown: str, picture: RgbImage | None = None) -> Page:
    """Return a page whose id and origin are still to be set."""
    fields = document.fields
    canonical = fields.get("type", "").lower().replace(" ", "_")
    if canonical and canonical not in {*CANONICAL, NORMAL}:
        msg = f"{shown}: unknown type {canonical!r}. Use one of {', '.join(CANONICAL)}, {NORMAL}."
        raise BadPage(msg)
    return Page(
        id="",
        title=document.title,
        kind="user",
        object=fields.get("object", ""),
        defect_type=fields.get("defect", ""),
        canonical=canonical,
        sections=document.sections,
        sources=(fields["source"],) if "source" in fields else (shown,),
        licence=fields.get("licence", LICENCE_OF_USERS),
        origin="session",
        picture=picture,
    )


def _shrunk(picture: RgbImage) -> RgbImage:
    if max(picture.shape[:2]) <= _LONGEST_SIDE:
        return picture
    held = Image.fromarray(picture)
    held.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(held, dtype=np.uint8)
