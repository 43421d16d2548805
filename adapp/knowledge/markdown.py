"""Cleaned Markdown or plain text -> title, a few known fields, and sections of page length."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from adapp.core.reasoner import Aspect
from adapp.knowledge.cleaning import NAME_LIMIT, clean_line, clean_text
from adapp.knowledge.pages import Section

FIELDS: Final = ("title", "object", "defect", "type", "licence", "source")
"""What the first lines of a file may say about it, as ``field: value`` between ``---`` lines."""

_FIELD_LIMIT = 120
_HEADING_LIMIT = 120
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_POINT = re.compile(r"^(?:[-*+•]|\d{1,3}[.)])\s+(.*)$")
_EMPHASIS = re.compile(r"(\*{1,3}|_{2,3}|`{1,3}|~{2})")
_TOLD: Final[Mapping[str, Aspect]] = {  # first word of a heading that tells what follows
    "cause": "causes",
    "causes": "causes",
    "consequence": "consequences",
    "consequences": "consequences",
    "effects": "consequences",
    "check": "checks",
    "checks": "checks",
    "description": "description",
    "appearance": "description",
    "variation": "variation",
}
_RULE = re.compile(r"^[-*_=]{3,}$")


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says.

    Attributes:
        title: Its first heading, else the name it came with.
        fields: Values of ``FIELDS`` that stand at its top.
        sections: Its text.
    """

    title: str
    fields: Mapping[str, str]
    sections: tuple[Section, ...]

    @property
    def length(self) -> int:
        """Return the number of characters of the sections."""
        return sum(_length(section) for section in self.sections)


def parse(text: str, name: str) -> Document:
    """Return the document in ``text``; ``name`` is its title if it has no heading."""
    fields, rest = _fields_of(text.lstrip("\ufeff \n"))
    title, builder = fields.get("title", ""), _Builder()
    for line in clean_text(rest).split("\n"):
        if not line:
            builder.pause()
        elif found := _HEADING.match(line):
            words = clean_line(_EMPHASIS.sub("", found[2]), _HEADING_LIMIT)
            if title:
                builder.open(words)
            else:
                title = words
        elif not _RULE.match(line):
            point = _POINT.match(line)
            builder.add(_EMPHASIS.sub("", point[1] if point else line).strip(), bool(point))
    sections = builder.finish()
    return Document(clean_line(title or name, NAME_LIMIT), fields, sections)


class _Builder:
    """Gathers lines into sections: paragraphs and lists under their heading."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._heading, self._aspect = "", cast("Aspect | None", None)
        self._lines: list[str] = []
        self._points = False

    def open(self, heading: str) -> None:
        """Begin what stands under a new heading."""
        self._close()
        self._heading, self._aspect = heading, aspect_of(heading)

    def add(self, line: str, point: bool) -> None:  # noqa: FBT001 - private
        """Take a line; a change between paragraph and list begins a new section."""
        if point != self._points:
            self._close()
        self._points = point
        self._lines.append(line)

    def pause(self) -> None:
        """Take an empty line: it ends a paragraph, not a list."""
        if not self._points:
            self._close()

    def finish(self) -> tuple[Section, ...]:
        """Return all sections."""
        self._close()
        return tuple(self._sections)

    def _close(self) -> None:
        lines = [line for line in self._lines if line]
        if lines:
            kept = tuple(lines) if self._points else (" ".join(lines),)
            self._sections.append(Section(self._heading, kept, self._points, self._aspect))
            self._heading = ""
        self._lines = []


def aspect_of(heading: str) -> Aspect | None:
    """Return what a heading announces, by its first or last word; None if it is not known."""
    words = re.findall(r"[a-z]+", heading.lower())
    return next((_TOLD[word] for word in (*words[:1], *words[-1:]) if word in _TOLD), None)


def _fields_of(text: str) -> tuple[dict[str, str], str]:
    """Return the fields at the top of a text, and the text below them."""
    lines = text.split("\n")
    if not lines or lines[0].strip() != "---":
        return {}, text
    for end, line in enumerate(lines[1:40], start=1):
        if line.strip() == "---":
            pairs = (item.partition(":") for item in lines[1:end])
            found = {
                key.strip().lower(): clean_line(value, _FIELD_LIMIT) for key, _, value in pairs
            }
            return {key: found[key] for key in FIELDS if found.get(key)}, "\n".join(
                lines[end + 1 :]
            )
    return {}, text


def split(document: Document, limit: int) -> tuple[Document, ...]:
    """Return ``document`` in parts of at most ``limit`` characters each, at least one part.

    Raises:
        ValueError: If ``limit`` is below 100 characters.
    """
    if limit < 100:
        msg = f"a part must be allowed 100 characters or more, got {limit}"
        raise ValueError(msg)
    parts: list[list[Section]] = [[]]
    room = limit
    for section in document.sections:
        for piece in _pieces(section, limit):
            if _length(piece) > room and parts[-1]:
                parts.append([])
                room = limit
            parts[-1].append(piece)
            room -= _length(piece)
    if len(parts) == 1:
        return (document,)
    return tuple(
        replace(document, title=f"{document.title} ({number})", sections=tuple(part))
        for number, part in enumerate(parts, start=1)
    )


def _length(section: Section) -> int:
    return len(section.heading) + sum(len(line) + 1 for line in section.lines)


def _pieces(section: Section, limit: int) -> list[Section]:
    """Return a section in pieces that each fit a page; its heading stands over the first."""
    room = limit - len(section.heading) - 1
    lines = [piece for line in section.lines for piece in _broken(line, room - 1)]
    pieces: list[list[str]] = [[]]
    held = 0
    for line in lines:
        if held + len(line) + 1 > room and pieces[-1]:
            pieces.append([])
            held = 0
        pieces[-1].append(line)
        held += len(line) + 1
    return [
        replace(section, heading=section.heading if number == 0 else "", lines=tuple(piece))
        for number, piece in enumerate(pieces)
    ]


def _broken(line: str, limit: int) -> list[str]:
    """Return a line cut after sentences, or words, or anywhere, into at most ``limit`` each."""
    pieces = []
    while len(line) > limit:
        head = line[:limit]
        cut = max(head.rfind(mark) + 1 for mark in (". ", "! ", "? ", "; "))
        if cut < limit // 3:
            cut = head.rfind(" ")
        if cut < limit // 3:
            cut = limit
        pieces.append(line[:cut].strip())
        line = line[cut:].strip()
    return [*pieces, line] if line or not pieces else pieces
