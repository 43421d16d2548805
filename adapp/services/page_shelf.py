"""All knowledge pages to look at: the project's and the operator's. Light: nothing is encoded."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from adapp.core.results import RgbImage
from adapp.core.settings import Settings
from adapp.knowledge import store
from adapp.knowledge.entries import Entry, by_id
from adapp.knowledge.pages import Page, from_entry
from adapp.services.knowledge_pages import bundled_entries, page_picture


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
        self._pages = {
            page.id: page for page in (*(from_entry(entry) for entry in entries), *added)
        }

    @property
    def pages(self) -> tuple[Page, ...]:
        """All pages but those of sessions."""
        return tuple(self._pages.values())

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
