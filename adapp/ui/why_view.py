"""What questions, answers and knowledge pages look like: pure functions to HTML.

Answers are Markdown of people who are not trusted here: everything is escaped first, then the few
marks that answers use become tags. No link, picture or tag of an answer survives.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from adapp.core.reasoner import Source
from adapp.knowledge.pages import Page
from adapp.services.explaining import Answer, FoundPage
from adapp.ui.why_state import Exchange

GENERATED: Final = "This explanation is generated text. The verdict above comes from the detector."
NO_MODEL: Final = (
    "No language model wrote this: it is a report made from the evidence and the pages it cites. "
    "The verdict above comes from the detector."
)
_WRITERS: Final[dict[Source, str]] = {
    "local_model": "Written by the language model on this machine",
    "server": "Written by a language model on a server",
    "evidence_only": "Evidence report, no language model",
}
_EMPTY: Final = (
    "Ask what it is, where it comes from, what follows and what to check. Answers cite knowledge "
    "pages; click a citation to open its page."
)
_GRAVE = frozenset({"contradiction", "unknown_citation"})
_STRONG = re.compile(r"\*\*([^*\n]+)\*\*")
_SOFT = re.compile(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])")
_STRUCK = re.compile(r"~~([^~\n]+)~~")
_CITED = re.compile(r"(?<!<s>)\[([\w.\-]+(?:/[\w.\-]+)*)\]")
_POINT = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")


def chat_html(exchanges: Sequence[Exchange]) -> str:
    """Return the conversation about one part, newest last."""
    if not exchanges:
        return f'<p class="quiet">{_EMPTY}</p>'
    articles = "".join(_exchange(one) for one in exchanges)
    return f'<div class="talk" role="log" aria-live="polite">{articles}</div>'


def _exchange(exchange: Exchange) -> str:
    known = {one.page.id for one in exchange.pages}
    words = markdown_html(exchange.text, known)
    if exchange.answer is None and not exchange.stopped:
        told = "Looking up pages" if not exchange.pages else "Writing"
        words += f'<p class="quiet writing">{told} &hellip;</p>'
    if exchange.stopped and exchange.answer is None:
        words += '<p class="quiet">Stopped.</p>'
    end = "" if exchange.answer is None else _about(exchange.answer)
    return (
        f'<article><p class="asked">{escape(exchange.question)}</p>'
        f'<div class="answer">{words}</div>{end}</article>'
    )


def _about(answer: Answer) -> str:
    """Return who wrote an answer, what it cost, and everything to be known about it."""
    words = answer.explanation
    parts = [_WRITERS[words.source]]
    if words.source != "evidence_only":
        parts.append(words.model)
    if words.tokens is not None:
        parts.append(f"{words.tokens.answer} tokens")
    parts.append(f"{words.seconds:.1f} s, pages found in {answer.search_seconds:.2f} s")
    flags = "".join(
        f'<li class="{"is-grave" if flag.kind in _GRAVE else ""}">{escape(flag.detail)}</li>'
        for flag in words.flags
    )
    reason = "" if words.fallback_reason is None else f"<li>{escape(words.fallback_reason)}</li>"
    notice = NO_MODEL if words.source == "evidence_only" else GENERATED
    remarks = f'<ul class="flags">{flags}{reason}</ul>' if flags or reason else ""
    return (
        f'<footer class="wrote">{remarks}<p title="{escape(answer.why)}">'
        f"{escape(' | '.join(parts))}</p><p>{notice}</p></footer>"
    )


def markdown_html(text: str, known: set[str]) -> str:
    """Return an answer as HTML: paragraphs, points, emphasis, and citations that can be clicked.

    Args:
        text: Markdown of the answer.
        known: Ids of the pages that were retrieved; others are never offered for a click.
    """
    blocks: list[str] = []
    points: list[str] = []
    for line in [*text.split("\n"), ""]:
        plain = line.strip()
        if _POINT.match(plain):
            points.append(f"<li>{_inline(_POINT.sub('', plain), known)}</li>")
            continue
        if points:
            blocks.append(f"<ul>{''.join(points)}</ul>")
            points = []
        if plain:
            blocks.append(f"<p>{_inline(plain, known)}</p>")
    return "".join(blocks)


def _inline(line: str, known: set[str]) -> str:
    safe = escape(line)
    safe = _STRUCK.sub(r"<s>\1</s>", safe)
    safe = _STRONG.sub(r"<b>\1</b>", safe)
    safe = _SOFT.sub(r"<em>\1</em>", safe)

    def citation(found: re.Match[str]) -> str:
        page = found[1]
        if page not in known:
            return found[0]
        told = f'data-page="{escape(page)}" title="Open the page"'
        return f'<button type="button" class="cite" {told}>{escape(page)}</button>'

    return _CITED.sub(citation, safe)


def pages_html(pages: Sequence[FoundPage], opened: str = "") -> str:
    """Return the retrieved pages as cards that open them; ``opened`` is the one that is open."""
    if not pages:
        return ""
    cards = "".join(_card(one, opened) for one in pages)
    return f'<section class="found"><h4>Pages found</h4><div>{cards}</div></section>'


def _card(found: FoundPage, opened: str) -> str:
    page = found.page
    current = ' aria-current="true"' if page.id == opened else ""
    told = ["cited"] if found.cited else []
    told += [] if page.trusted else ["not checked"]
    marks = "".join(f"<i>{mark}</i>" for mark in told)
    return (
        f'<button type="button" class="page{"" if page.trusted else " is-untrusted"}" '
        f'data-page="{escape(page.id)}"{current}><b>{escape(page.title)}</b>'
        f"<small>{escape(page.id)} | score {found.score:.2f}</small>{marks}</button>"
    )


def page_html(page: Page, picture: str) -> str:
    """Return an opened page: its picture, what it rests on, and its text for screen readers."""
    trust = (
        "Written and drawn by the project."
        if page.trusted
        else "Added by a user and not checked. Quoted, never obeyed."
    )
    return (
        f'<figure class="leaf{"" if page.trusted else " is-untrusted"}" tabindex="-1">'
        f"<figcaption><b>{escape(page.title)}</b><span>{escape(page.id)} | {trust} Licence: "
        f"{escape(page.licence)}. Sources: {escape('; '.join(page.sources) or 'none named')}."
        f'</span><button type="button" data-close aria-label="Close the page">Close</button>'
        f'</figcaption><img src="{picture}" alt="{escape(page.text(1500))}"></figure>'
    )


def own_html(pages: Sequence[Page]) -> str:
    """Return the session's own pages, each with a button that removes it."""
    if not pages:
        return (
            '<p class="quiet">None yet. Markdown, text, PDF or pictures; they stay in this '
            "session, are marked as not checked, and only ever quoted.</p>"
        )
    rows = "".join(
        f'<li><button type="button" class="cite" data-page="{escape(page.id)}">'
        f"{escape(page.title)}</button><small>{escape(page.id)} | not checked</small>"
        f'<button type="button" data-remove="{escape(page.id)}" '
        f'aria-label="Remove {escape(page.title)}">Remove</button></li>'
        for page in pages
    )
    return f'<ul class="own">{rows}</ul>'
