"""Browse and search knowledge pages: groups by object, or best first for words and a picture."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapp.core.results import RgbImage
from adapp.knowledge.defect_types import CANONICAL, NORMAL
from adapp.knowledge.pages import Page
from adapp.services.explaining import FoundPage
from adapp.services.page_query import PageQuery

if TYPE_CHECKING:
    from adapp.services.page_library import OwnPages, PageLibrary

YOURS: Final = "Your own pages"
OPERATORS: Final = "Added by the operator"
ANY_OBJECT: Final = "Any object"
HOLDING: Final = "With these words"
NEAREST: Final = "Nearest"
SOUND: Final = "sound part"

MOST_FOUND: Final = 40
"""Pages shown of a search."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pages to show; an empty field leaves it open.

    Attributes:
        object: The part they speak about.
        canonical: Canonical defect type, or ``normal``.
    """

    object: str = ""
    canonical: str = ""

    def admits(self, page: Page) -> bool:
        """Return whether a page is one of them."""
        return self.object in {"", page.object} and self.canonical in {"", page.canonical}


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Pages under one heading; a score only where they were searched for."""

    heading: str
    pages: tuple[Page | FoundPage, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What a search found, best first.

    Attributes:
        holding: Pages that hold each of the words.
        others: All others that could be compared.
    """

    holding: tuple[FoundPage, ...]
    others: tuple[FoundPage, ...]

    def groups(self, wanted: Wanted) -> tuple[Group, ...]:
        """Return the best of the wanted ones, those that hold the words first."""
        groups, room = [], MOST_FOUND
        for heading, found in ((HOLDING, self.holding), (NEAREST, self.others)):
            shown = tuple(one for one in found if wanted.admits(one.page))[:room]
            room -= len(shown)
            groups += [Group(heading, shown)] if shown else []
        return tuple(groups)


def browse(pages: Iterable[Page], wanted: Wanted) -> tuple[Group, ...]:
    """Return the wanted pages by object: users' first, then those of any object."""
    shelves: dict[tuple[int, str], list[Page]] = {}
    for page in pages:
        if wanted.admits(page):
            shelves.setdefault(_place(page), []).append(page)
    return tuple(Group(heading, tuple(shelves[at, heading])) for at, heading in sorted(shelves))


def _place(page: Page) -> tuple[int, str]:
    """Return where a page's group stands, and its heading."""
    if page.origin != "bundled":
        return (0, YOURS) if page.origin == "session" else (1, OPERATORS)
    return (3, page.object) if page.object else (2, ANY_OBJECT)


def search(
    library: "PageLibrary",
    words: str,
    picture: RgbImage | None = None,
    own: "OwnPages | None" = None,
) -> Ranking:
    """Return all pages that can be compared with words, a picture or both.

    Raises:
        BadPage: If none can.
    """
    found = tuple(
        FoundPage(hit.page, hit.score) for hit in library.ranked(PageQuery(picture, words), own)
    )
    sought = re.findall(r"\w+", words.casefold())
    held = {one.page.id for one in found if sought and _holds(one.page, sought)}
    return Ranking(
        tuple(one for one in found if one.page.id in held),
        tuple(one for one in found if one.page.id not in held),
    )


def _holds(page: Page, words: Sequence[str]) -> bool:
    told = " ".join((page.id, page.object, page.defect_type, *page.aliases, page.text()))
    text = told.casefold()
    return all(word in text for word in words)


def objects(pages: Iterable[Page]) -> tuple[str, ...]:
    """Return the objects that pages speak about, in alphabetical order."""
    return tuple(sorted({page.object for page in pages if page.object}, key=str.casefold))


def type_name(canonical: str) -> str:
    """Return how people call a canonical defect type, ``normal`` included; empty for none."""
    return SOUND if canonical == NORMAL else CANONICAL.get(canonical, "")
