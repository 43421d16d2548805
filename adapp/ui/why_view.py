"""What questions and answers look like: pure functions to HTML.

Answers are Markdown of people who are not trusted here: everything is escaped first, then the few
marks that answers use become tags. No link, picture or tag of an answer survives.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from adapp.core.reasoner import Source
from adapp.services.explaining import Answer
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
_SKIPPED: Final = "Why another writer was not used"
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
        parts += [words.model, *([words.licence] if words.licence else [])]
    if words.tokens is not None:
        parts.append(f"{words.tokens.answer} tokens")
    parts.append(f"{words.seconds:.1f} s, pages found in {answer.search_seconds:.2f} s")
    flags = "".join(
        f'<li class="{"is-grave" if flag.kind in _GRAVE else ""}">{escape(flag.detail)}</li>'
        for flag in words.flags
    )
    notice = NO_MODEL if words.source == "evidence_only" else GENERATED
    remarks = f'<ul class="flags">{flags}</ul>' if flags else ""
    after = _hint(answer.hint) + _fallback(words.fallback_reason)
    return (
        f'<footer class="wrote">{remarks}<p title="{escape(answer.why)}">'
        f"{escape(' | '.join(parts))}</p><p>{notice}</p>{after}</footer>"
    )


def _hint(told: str) -> str:
    return f'<p class="hint">{escape(told)}</p>' if told else ""


def _fallback(reason: str | None) -> str:
    """Return why a preferred writer was skipped, folded away: it is the same for every answer."""
    if reason is None:
        return ""
    return f"<details><summary>{_SKIPPED}</summary><p>{escape(reason)}</p></details>"


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
