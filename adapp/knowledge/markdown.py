"""Cleaned Markdown or plain text -> title, a few known fields, and sections of page length."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from adapp.knowledge.cleaning import NAME_LIMIT, clean_line, clean_text
from adapp.knowledge.pages import Section

FIELDS: Final = ("title", "object", "defect", "type", "licence", "source")
"""What the first lines of a file may say about it, as ``field: value`` between ``---`` lines."""

_FIELD_LIMIT = 120
_HEADING_LIMIT = 120
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_POINT = re.compile(r"^(?:[-*+•]|\d{1,3}[.)])\s+(.*)$")
_EMPHASIS = re.compile(r"(\*{1,3}|_{2,3}|`{1,3}|~{2})")
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
    title, sections = fields.get("title", ""), list[Section]()
    heading, lines, points = "", list[str](), False
    for line in [*clean_text(rest).split("\n"), "# "]:
        found = _HEADING.match(line)
        point = _POINT.match(line)
        if found or line == "#" or bool(point) != points or not line:
            if lines:
                kept = tuple(lines) if points else (" ".join(lines),)
                sections.append(Section(heading, kept, points=points))
                heading, lines = "", []
            points = bool(point)
        if found:
            words = clean_line(_EMPHASIS.sub("", found[2]), _HEADING_LIMIT)
            if title:
                heading = words
            else:
                title = words
        elif line and line != "#" and not _RULE.match(line):
            lines.append(_EMPHASIS.sub("", point[1] if point else line).strip())
    return Document(clean_line(title or name, NAME_LIMIT), fields, tuple(sections))


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
        Section(section.heading if number == 0 else "", tuple(piece), points=section.points)
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
