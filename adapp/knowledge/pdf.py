"""PDF pages as pictures and text, by pdfium: no scripts, no forms, no attachments, no network."""

import threading
from dataclasses import dataclass
from typing import Final

import numpy as np
import pypdfium2

from adapp.core.errors import BadPage
from adapp.core.results import RgbImage

_PDFIUM: Final = threading.Lock()  # the library must not be entered twice at a time
_WIDTH = 1024  # pixels of a rendered page
_LONGEST = 2048
_HEADER = b"%PDF-"


@dataclass(frozen=True, slots=True, eq=False)
class PdfPage:
    """One page: its text as the file gives it, uncleaned, and what it looks like, [H, W, 3]."""

    text: str
    picture: RgbImage


def read_pdf(content: bytes, shown: str, pages: int, characters: int) -> tuple[PdfPage, ...]:
    """Return the pages of a PDF file.

    Args:
        content: The file.
        shown: Its name for messages, cleaned.
        pages: Most pages it may have.
        characters: Most characters taken from one page.

    Raises:
        BadPage: If it is no PDF, damaged, encrypted, empty or has too many pages.
    """
    if _HEADER not in content[:1024]:
        msg = f"{shown}: not a PDF file, whatever it is called. Export it as PDF again."
        raise BadPage(msg)
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            msg = f"{shown}: the PDF is damaged or protected by a password. Save it without one."
            raise BadPage(msg) from error
        try:
            return _pages(document, shown, pages, characters)
        finally:
            document.close()


def _pages(
    document: pypdfium2.PdfDocument, shown: str, pages: int, characters: int
) -> tuple[PdfPage, ...]:
    count = len(document)
    if not 0 < count <= pages:
        msg = f"{shown}: the PDF has {count} pages, 1 to {pages} are accepted. Split it."
        raise BadPage(msg)
    try:
        return tuple(_page(document[number], characters) for number in range(count))
    except (pypdfium2.PdfiumError, ValueError, MemoryError) as error:
        msg = f"{shown}: a page of the PDF cannot be read. Print it to a new PDF file."
        raise BadPage(msg) from error


def _page(page: pypdfium2.PdfPage, characters: int) -> PdfPage:
    width, height = page.get_size()
    if min(width, height) < 1:
        msg = "a page without extent"
        raise ValueError(msg)
    scale = min(_WIDTH / width, _LONGEST / max(width, height))
    seen = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True, force_bitmap_format=2)
    picture = np.array(seen.to_numpy()[..., :3], dtype=np.uint8)
    words = page.get_textpage()
    text = words.get_text_range(0, min(characters, words.count_chars()))
    return PdfPage(text, picture)
