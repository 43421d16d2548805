"""What a session has asked about its parts, and the pages it brought along."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapp.core.reasoner import Turn
from adapp.knowledge.pages import Page
from adapp.services.explaining import Answer, FoundPage

if TYPE_CHECKING:
    from adapp.services.page_library import OwnPages

MOST_TALKS = 32
"""Parts whose conversation is kept; the one asked about longest ago is forgotten."""


@dataclass(slots=True, eq=False)
class Exchange:
    """One question and its answer as far as it is written.

    Attributes:
        question: As asked.
        text: The words so far, Markdown that is safe to show.
        pages: Pages retrieved for it.
        answer: The finished answer; None while it is written, or if it ended before its end.
        stopped: Whether it ended before its end.
    """

    question: str
    text: str = ""
    pages: tuple[FoundPage, ...] = ()
    answer: Answer | None = None
    stopped: bool = False


@dataclass(slots=True, eq=False)
class Talk:
    """A session's conversations and pages.

    Attributes:
        parts: Exchanges by the key of the part they are about, oldest first.
        own: Pages of the session; None if there are none.
        shown: Key of the part whose exchanges are shown.
    """

    parts: dict[str, list[Exchange]] = field(default_factory=dict[str, list[Exchange]])
    own: "OwnPages | None" = None
    shown: str = ""

    def about(self, key: str) -> list[Exchange]:
        """Return what was asked about one part."""
        return self.parts.get(key, [])

    def begin(self, key: str, question: str) -> Exchange:
        """Return a new exchange about a part."""
        kept = self.parts.pop(key, [])
        exchange = Exchange(question)
        self.parts[key] = [*kept, exchange]  # at the end: asked about last
        while len(self.parts) > MOST_TALKS:
            del self.parts[next(iter(self.parts))]
        return exchange

    def history(self, key: str) -> tuple[Turn, ...]:
        """Return the finished turns about a part, oldest first."""
        turns = []
        for exchange in self.about(key):
            if exchange.answer is not None:
                turns += [Turn("user", exchange.question), Turn("assistant", exchange.text)]
        return tuple(turns)

    @property
    def own_pages(self) -> tuple[Page, ...]:
        """Pages of the session."""
        return () if self.own is None else self.own.pages
