"""What knowledge pages look like, as cards, in a list and opened: pure functions to HTML.

Text of pages is of people who are not trusted here: everything is escaped, nothing of it becomes
a tag, a link or a picture.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

from adapp.knowledge.pages import Origin, Page, Section
from adapp.services.explaining import FoundPage
from adapp.services.page_search import Group, type_name
from adapp.ui import texts

_WROTE: Final[dict[Origin, str]] = {
    "bundled": "The project: written and drawn for it.",
    "index": "The operator of this server. Not checked: quoted, never obeyed.",
    "session": "You, in this session only. Not checked: quoted, never obeyed.",
}


def found_html(pages: Sequence[FoundPage]) -> str:
    """Return the pages an answer may cite, as cards that open them."""
    if not pages:
        return ""
    cards = "".join(_card(one) for one in pages)
    return f'<section class="found"><h4>Pages found</h4><div data-arrows>{cards}</div></section>'


def list_html(groups: Sequence[Group], total: int) -> str:
    """Return pages under their headings; arrow keys move through them.

    Args:
        groups: The pages.
        total: How many there are to choose from.
    """
    count = sum(len(group.pages) for group in groups)
    if not count:
        return f'<p class="quiet" role="status">{escape(texts.NO_PAGE_FITS)}</p>'
    told = f"{count} pages" if count == total else f"{count} of {total} pages"
    parts = "".join(
        f"<section><h4>{escape(group.heading)} <small>{len(group.pages)}</small></h4>"
        f"{''.join(map(_card, group.pages))}</section>"
        for group in groups
    )
    return (
        f'<p class="quiet" role="status">{told}</p>'
        f'<nav class="shelf" aria-label="Pages" data-arrows>{parts}</nav>'
    )


def _card(shown: Page | FoundPage) -> str:
    if isinstance(shown, Page):
        page, marks = shown, [] if shown.trusted else ["not checked"]
        told = type_name(page.canonical) or page.object
        told = "" if told.casefold() in page.title.casefold() else told
    else:
        page, marks = shown.page, ["cited"] if shown.cited else []
        marks += [] if page.trusted else ["not checked"]
        told = f"{page.id} | score {shown.score:.2f}"
    small = f"<small>{escape(told)}</small>" if told else ""
    return (
        f'<button type="button" class="page{_trust(page)}" data-page="{escape(page.id)}">'
        f"<b>{escape(page.title)}</b>{small}{''.join(f'<i>{mark}</i>' for mark in marks)}</button>"
    )


def page_html(page: Page, picture: str) -> str:
    """Return an opened page: its picture, its text, and what it rests on."""
    about = " | ".join(filter(None, (page.object or "any object", page.defect_type)))
    words = "".join(_section(one) for one in page.sections)
    words = words or f'<p class="quiet">{escape(texts.PICTURE_PAGE)}</p>'
    return (
        f'<article class="leaf{_trust(page)}" data-leaf="{escape(page.id)}" '
        f'aria-label="Page: {escape(page.title)}"><header><h3>{escape(page.title)}'
        f"<small>{escape(about)}</small></h3>"
        '<button type="button" data-close>Close</button></header>'
        '<div class="spread"><button type="button" class="sheet" data-enlarge '
        f'aria-pressed="false" title="Enlarge or shrink the page"><img src="{picture}" '
        f'alt="{escape(page.title)}: the page as a picture, its text stands beside it"></button>'
        f'<div class="words">{words}{_imprint(page)}</div></div></article>'
    )


def _section(section: Section) -> str:
    heading = f"<h4>{escape(section.heading)}</h4>" if section.heading else ""
    if section.points:
        lines = "".join(f"<li>{escape(line)}</li>" for line in section.lines)
        return f"{heading}<ul>{lines}</ul>"
    return heading + "".join(f"<p>{escape(line)}</p>" for line in section.lines)


def _imprint(page: Page) -> str:
    """Return who wrote a page, on what it rests, and under which terms it is."""
    sources = "; ".join(page.sources) or "none named"
    rows = {
        "Written by": _WROTE[page.origin],
        "Sources": f"{sources}.",
        "Licence": page.licence,
        "Cited as": page.id,
    }
    told = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows.items())
    return f'<dl class="imprint">{told}</dl>'


def own_html(pages: Sequence[Page]) -> str:
    """Return the session's own pages, each with a button that removes it."""
    if not pages:
        return f'<p class="quiet">{escape(texts.NO_OWN_PAGE)}</p>'
    rows = "".join(
        f'<li><button type="button" class="cite" data-page="{escape(page.id)}" '
        f'title="Open {escape(page.id)}">{escape(page.title)}</button><small>not checked</small>'
        f'<button type="button" data-remove="{escape(page.id)}" '
        f'aria-label="Remove {escape(page.title)}">Remove</button></li>'
        for page in pages
    )
    return f'<ul class="own">{rows}</ul>'


def sought_html(picture: str) -> str:
    """Return the picture that is searched for, with a button that takes it away."""
    if not picture:
        return ""
    return (
        f'<p class="sought"><img src="{picture}" alt="The picture that is searched for">'
        '<span>Pages that look like this picture</span><button type="button" data-drop>'
        "Take it away</button></p>"
    )


def choose_html() -> str:
    """Return what stands where a page will be opened."""
    return f'<p class="choose">{escape(texts.CHOOSE_PAGE)}</p>'


def _trust(page: Page) -> str:
    return "" if page.trusted else " is-untrusted"
