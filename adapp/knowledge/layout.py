"""A page as a picture: title, reference pictures and text on 1024 x 1448 pixels.

Drawn with Pillow and the DejaVu fonts that come with matplotlib; the fonts are found without
importing it. Text that does not fit is set smaller, and at the smallest size it is cut with a mark.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from adapp.core.errors import BadPage
from adapp.core.results import RgbImage
from adapp.knowledge.pages import Page, Section

WIDTH: Final = 1024
HEIGHT: Final = 1448
_MARGIN = 56
_GAP = 18
_COLUMN = WIDTH - 2 * _MARGIN
_FOOT = 92  # kept free for sources and licence
_SIZES = (25, 23, 21, 19, 17)  # of the text, from the largest that is tried
_INK, _SOFT, _LINE = (26, 30, 38), (96, 102, 112), (208, 212, 218)
_BAND = {True: (24, 64, 104), False: (128, 62, 16)}
_NOTE = {
    True: "Written and drawn by the project. Drawings, no photographs.",
    False: "Added by a user and not checked. Quoted as it is.",
}
_CUT = "… (shortened)"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A reference picture on a page, [H, W, 3], and what it shows."""

    image: RgbImage
    caption: str


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans at ``size`` pixels.

    Raises:
        BadPage: If matplotlib, which brings the font, is not installed.
    """
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        msg = "Pages cannot be drawn: matplotlib with its fonts is missing. Install requirements."
        raise BadPage(msg)
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), size)


def render_page(page: Page, pictures: Sequence[Picture] = ()) -> RgbImage:
    """Return a page as a picture, [1448, 1024, 3].

    Args:
        page: What it says; a page that is a picture itself is shown as large as it fits.
        pictures: Up to three, side by side under the title.

    Raises:
        ValueError: If there are more than three pictures.
    """
    if len(pictures) > 3:
        msg = f"a page has room for three pictures, got {len(pictures)}"
        raise ValueError(msg)
    sheet = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(sheet)
    top = _head(pen, page)
    if page.picture is not None:
        pictures = (Picture(page.picture, ""),)
    top = _pictures(sheet, pen, pictures, top, tall=page.picture is not None)
    _foot(pen, page)
    _text(pen, page.sections, top, HEIGHT - _FOOT)
    return np.asarray(sheet, dtype=np.uint8)


def _head(pen: ImageDraw.ImageDraw, page: Page) -> int:
    """Draw the band with the title and the line below it; return where the page goes on."""
    pen.rectangle((0, 0, WIDTH, 104), fill=_BAND[page.trusted])
    for size in (40, 34, 29, 25):
        lines = wrap(page.title, font(size, bold=True), _COLUMN)
        if len(lines) == 1:
            break
    title = lines[0] if len(lines) == 1 else f"{lines[0]}…"
    pen.text((_MARGIN, 52), title, "white", font(size, bold=True), anchor="lm")
    about = [page.object, page.defect_type, page.canonical.replace("_", " ")]
    named = "  |  ".join(dict.fromkeys(part for part in about if part))
    line = wrap(named or "no object named", font(21), _COLUMN)[0]
    pen.text((_MARGIN, 122), line, _SOFT, font(21))
    return 160


def _pictures(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    pictures: Sequence[Picture],
    top: int,
    *,
    tall: bool,
) -> int:
    """Draw the pictures side by side; return where the page goes on."""
    if not pictures:
        return top
    columns = 1 if tall else max(2, len(pictures))
    wide = (_COLUMN - (columns - 1) * _GAP) // columns
    high = HEIGHT - _FOOT - top - 40 if tall else wide
    lowest = top
    for number, picture in enumerate(pictures):
        left = _MARGIN + number * (wide + _GAP)
        shown = Image.fromarray(picture.image)
        scale = min(wide / shown.width, high / shown.height)
        size = (max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))
        sheet.paste(shown.resize(size, Image.Resampling.LANCZOS), (left, top))
        pen.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), outline=_LINE)
        if picture.caption:
            words = wrap(picture.caption, font(18), wide)[0]
            pen.text((left, top + size[1] + 5), words, _SOFT, font(18))
        lowest = max(lowest, top + size[1] + (34 if picture.caption else 14))
    return lowest + 6


def _foot(pen: ImageDraw.ImageDraw, page: Page) -> None:
    top = HEIGHT - _FOOT + 8
    pen.line((_MARGIN, top, WIDTH - _MARGIN, top), fill=_LINE, width=2)
    sources = "; ".join(page.sources) or "no source named"
    lines = wrap(f"Sources: {sources}.", font(15), _COLUMN)[:2]
    last = f"{page.id}  |  licence: {page.licence}  |  {_NOTE[page.trusted]}"
    for number, line in enumerate([*lines, wrap(last, font(15), _COLUMN)[0]]):
        pen.text((_MARGIN, top + 8 + 23 * number), line, _SOFT, font(15))


def _text(pen: ImageDraw.ImageDraw, sections: Sequence[Section], top: int, bottom: int) -> None:
    """Draw the sections in the largest size that fits; cut what does not fit the smallest."""
    laid: list[tuple[int, int, str, bool]] = []
    for size in _SIZES:
        laid, end = _lay(sections, size, top)
        if end <= bottom:
            break
    fitting = [item for item in laid if item[1] + 1.3 * size <= bottom]
    if fitting and len(fitting) < len(laid):
        fitting[-1] = (_MARGIN, fitting[-1][1], _CUT, False)
    for left, y, line, bold in fitting:
        pen.text((left, y), line, _INK, font(size, bold=bold))


def _lay(
    sections: Sequence[Section], size: int, top: int
) -> tuple[list[tuple[int, int, str, bool]], int]:
    """Return every line with its place (left, top, text, bold), and where the text ends."""
    laid, y, step = [], float(top), 1.36 * size
    for section in sections:
        y += 0.55 * size
        if section.heading:
            for line in wrap(section.heading, font(size, bold=True), _COLUMN):
                laid.append((_MARGIN, round(y), line, True))
                y += step
        indent = round(1.1 * size) if section.points else 0
        for item in section.lines:
            for number, line in enumerate(wrap(item, font(size), _COLUMN - indent)):
                if section.points and number == 0:
                    laid.append((_MARGIN, round(y), "•", False))
                laid.append((_MARGIN + indent, round(y), line, False))
                y += step
    return laid, round(y)


def wrap(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Return ``text`` broken at spaces into lines of at most ``width`` pixels, at least one line.

    A word that is wider than a line is broken inside.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if face.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, face, width)
        lines.extend(full)
    return [*lines, line] if line or not lines else lines


def _pieces(word: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and face.getlength(pieces[-1] + letter) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
