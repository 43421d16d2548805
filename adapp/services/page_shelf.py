"""All knowledge pages to look at: the project's and the operator's. Light: nothing is encoded."""

import re
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

from adapp.core.results import RgbImage
from adapp.core.settings import Settings
from adapp.knowledge import store
from adapp.knowledge.defect_types import CANONICAL
from adapp.knowledge.entries import Entry, by_id
from adapp.knowledge.pages import Page, from_entry
from adapp.services.knowledge_pages import bundled_entries, page_picture

_VAGUE = frozenset({"part", "surface", "assembly", "pack"})  # they name no part by themselves


class PageShelf:
    """Pages to browse, open and draw; sessions share it and bring their own along.

    Args:
        entries: The project's entries.
        added: Pages of the operator's index.
        settings: Where drawn pages are kept.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        added: Sequence[Page] = (),
        settings: Settings | None = None,
    ) -> None:
        self._entries = by_id(entries)
        self._cache_dir = (settings or Settings()).cache_dir
        self._added = bool(added)
        self._pages = {
            page.id: page for page in (*(from_entry(entry) for entry in entries), *added)
        }

    @property
    def pages(self) -> tuple[Page, ...]:
        """All pages but those of sessions."""
        return tuple(self._pages.values())

    @cached_property
    def names(self) -> re.Pattern[str] | None:
        """What finds names of parts and defects in a question; None where any word may be one.

        An operator's pages may speak of anything, so then every word may be one.
        """
        if self._added:
            return None
        objects = {page.object.lower() for page in self.pages if page.object}
        objects |= {name.split()[-1] for name in objects}
        parts = "|".join(sorted(re.escape(name) for name in objects - _VAGUE))
        types = "|".join(re.escape(name.replace("_", " ")) for name in CANONICAL)
        return re.compile(rf"\b(?:(?:{parts})(?:e?s)?|(?:{types})\w{{0,3}})\b", re.IGNORECASE)

    def parts_in(self, text: str) -> frozenset[str]:
        """Return the parts that pages tell of and ``text`` names, lower case."""
        return frozenset(found.lower() for found in self._parts.findall(text))

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        objects = {page.object.lower() for page in self.pages if page.object} - _VAGUE
        told = "|".join(re.escape(name) for name in sorted(objects, key=len, reverse=True))
        return re.compile(rf"\b({told})(?:e?s)?\b" if told else r"(?!)", re.IGNORECASE)

    def page(self, page_id: str, own: Sequence[Page] = ()) -> Page | None:
        """Return the page of an id, also out of a session's own; None if there is none."""
        found = next((page for page in own if page.id == page_id), None)
        return found or self._pages.get(page_id)

    def picture(self, page: Page) -> RgbImage:
        """Return a page as a picture, [1448, 1024, 3]; the project's are drawn once."""
        return page_picture(page, self._entries.get(page.id), self._cache_dir)


@cache
def shelf(preset: str, settings: Settings | None = None) -> PageShelf:
    """Return the pages that questions of a preset find, read once a process.

    Raises:
        BadPage: If the pages or the operator's index are damaged.
    """
    settings = settings or Settings()
    folder = index_folder(preset, settings)
    added = store.load_pages(folder) if folder.is_dir() else ()
    return PageShelf(bundled_entries(), added, settings)


def index_folder(preset: str, settings: Settings) -> Path:
    """Return where the operator's own pages lie; locks of one encoder do not serve another."""
    other = "" if settings.page_keys == "open" else f"-{settings.page_keys}"
    return settings.knowledge_dir / f"index-{preset}{other}"
