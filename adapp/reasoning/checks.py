"""What is checked by code in every answer before a person sees it: markup, citations, verdict."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from adapp.core.reasoner import Flag, ReasoningRequest
from adapp.reasoning.contradiction import contradicting
from adapp.reasoning.markdown import sanitise

_BRACKETED = re.compile(r"(?:~~)?\[([^\[\]\n]{1,200})\](?:~~)?")
_SEPARATOR = re.compile(r"\s*[,;]\s*")
_NO_CITATION: Final = frozenset({"x", "X", ""})  # boxes of a check list
_QUOTED = 160


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An answer as it may be shown: its text, the pages it cites, and what is wrong with it."""

    text: str
    cited: tuple[str, ...]
    flags: tuple[Flag, ...]


def shown(raw: str, known: Collection[str]) -> str:
    """Return an unfinished answer as it may be shown: harmless, unknown citations struck out."""
    return _cited(sanitise(raw)[0], known)[0]


def cited_pages(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the ids out of ``known`` that ``text`` cites, in order of appearance."""
    return _cited(text, known)[1]


def review(raw: str, request: ReasoningRequest) -> Reviewed:
    """Return the finished answer ``raw`` with everything that code can find fault with.

    The text of the request's verdict is not touched by this, nor by anything in ``raw``.
    """
    text, removed = sanitise(raw)
    known = {passage.id for passage in request.passages}
    text, cited, unknown = _cited(text, known)
    flags = []
    if request.facts is not None:
        flags += [
            Flag("contradiction", _against(sentence, request.facts.label))
            for sentence in contradicting(text, request.facts.label)
        ]
    flags += [
        Flag("unknown_citation", f'The answer cites "{page}", which was not retrieved.')
        for page in unknown
    ]
    if known and not cited:
        flags.append(Flag("uncited", "The answer cites none of the retrieved pages."))
    if removed:
        flags.append(Flag("removed_markup", "Links, pictures or HTML were taken out."))
    return Reviewed(text, cited, tuple(flags))


def _against(sentence: str, label: str) -> str:
    shortened = sentence if len(sentence) <= _QUOTED else sentence[: _QUOTED - 1].rstrip() + "…"
    return f'The detector calls the part {label}; this seems to contradict it: "{shortened}"'


def _cited(text: str, known: Collection[str]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the text with unknown citations struck out, the known ones and the unknown ones."""
    right: list[str] = []
    wrong: list[str] = []

    def checked(found: re.Match[str]) -> str:
        parts = _SEPARATOR.split(found[1].strip())
        if not any(_is_citation(part, known) for part in parts):
            return found[0]
        marks = []
        for part in parts:
            (right if part in known else wrong).append(part)
            marks.append(f"[{part}]" if part in known else f"~~[{part}]~~")
        return " ".join(marks)

    checked_text = _BRACKETED.sub(checked, text)
    return checked_text, tuple(dict.fromkeys(right)), tuple(dict.fromkeys(wrong))


def _is_citation(part: str, known: Collection[str]) -> bool:
    """Return whether bracketed text names a page: a known id, one word, or something with a /."""
    if part in known:
        return True
    return part not in _NO_CITATION and (len(part.split()) == 1 or "/" in part)
