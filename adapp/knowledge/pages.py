"""A knowledge page: the common form of the project's entries and of what users add."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from adapp.core.reasoner import ASPECTS, Aspect, Passage
from adapp.core.results import RgbImage
from adapp.knowledge.defect_types import CANONICAL
from adapp.knowledge.entries import Entry, Kind

Origin = Literal["bundled", "index", "session"]

LICENCE_OF_USERS = "not stated"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it.

    Attributes:
        heading: Empty for text without one.
        lines: One paragraph, or points.
        points: Which of the two.
        aspect: What the lines tell, where that is known.
    """

    heading: str
    lines: tuple[str, ...]
    points: bool = True
    aspect: Aspect | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One page that can be retrieved, shown and cited.

    Attributes:
        id: Unique; ``object/defect`` for the project's pages.
        title: Heading.
        kind: ``defect``, ``object``, ``type``, or ``user``.
        object: The part it speaks about; empty for any.
        defect_type: The defect; empty for none.
        canonical: Canonical defect type; ``normal`` for a sound object, empty if unknown.
        sections: The text.
        sources: What the facts rest on.
        licence: Under which terms the page is.
        origin: ``bundled`` with the project, in the operator's ``index``, or of this ``session``.
        picture: The page itself, where it is one (a scanned page, a photograph), [H, W, 3].
        aliases: Other names of the part.
    """

    id: str
    title: str
    kind: Kind | Literal["user"]
    object: str
    defect_type: str
    canonical: str
    sections: tuple[Section, ...]
    sources: tuple[str, ...]
    licence: str
    origin: Origin
    picture: RgbImage | None = None
    aliases: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether the project wrote it; text of anyone else is only ever quoted."""
        return self.origin == "bundled"

    def text(self, limit: int | None = None) -> str:
        """Return title and sections as plain text, cut at a word to ``limit`` characters."""
        parts = [self.title]
        for section in self.sections:
            mark = "- " if section.points else ""
            body = "\n".join(mark + line for line in section.lines)
            parts.append(f"{section.heading}:\n{body}" if section.heading else body)
        whole = "\n".join(parts)
        return whole if limit is None else shorten(whole, limit)

    def key_text(self) -> str:
        """Return the sentences a text encoder of short inputs should see, most telling first.

        The names of the part lead: people ask in their own word for it.
        """
        names = ", ".join(dict.fromkeys(name for name in (self.object, *self.aliases) if name))
        told = [names, self.title, *(part.lines[0] for part in self.sections if part.lines)]
        return shorten(". ".join(line.rstrip(".") for line in told if line) + ".", 600)

    def passage(self, score: float, picture: RgbImage | None = None) -> Passage:
        """Return the page as reasoners read it; ``picture`` is the drawn page, if at hand."""
        told = {
            aspect: tuple(
                line for part in self.sections if part.aspect == aspect for line in part.lines
            )
            for aspect in ASPECTS
        }
        return Passage(
            id=self.id,
            title=self.title,
            text=self.text(),
            score=score,
            trusted=self.trusted,
            canonical=self.canonical,
            aspects=MappingProxyType({aspect: lines for aspect, lines in told.items() if lines}),
            picture=self.picture if picture is None else picture,
        )


def shorten(text: str, limit: int) -> str:
    """Return ``text`` cut at a word to at most ``limit`` characters, marked by an ellipsis.

    Raises:
        ValueError: If there is no room for a character and the ellipsis.
    """
    if limit < 2:
        msg = f"a text cannot be shortened to {limit} characters"
        raise ValueError(msg)
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at_word = cut.rsplit(maxsplit=1)[0] if cut.split() else cut
    return (at_word if len(at_word) > limit // 2 else cut).rstrip() + "…"


def from_entry(entry: Entry) -> Page:
    """Return the page of one of the project's entries."""
    sections = [
        Section("What it looks like", (entry.description,), points=False, aspect="description"),
        Section("Likely causes", entry.causes, aspect="causes"),
        Section("Consequences", entry.consequences, aspect="consequences"),
        Section("Normal variation", entry.variation, aspect="variation"),
        Section("What to check next", entry.checks, aspect="checks"),
        Section(_SCENE[entry.kind], (entry.scenario,), points=False),
    ]
    return Page(
        id=entry.id,
        title=entry.title,
        kind=entry.kind,
        object=entry.object,
        defect_type=entry.defect_type or CANONICAL.get(entry.canonical, ""),
        canonical=entry.canonical,
        sections=tuple(section for section in sections if section.lines),
        sources=entry.sources,
        licence=entry.licence,
        origin="bundled",
        aliases=entry.aliases,
    )


_SCENE = {
    "defect": "Where it occurs",
    "object": "How it is made and used",
    "type": "Where it occurs",
}
