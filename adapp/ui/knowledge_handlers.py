"""Handlers of the Knowledge tab: list, search and narrow; nothing here changes a page."""

from pathlib import Path

import gradio as gr

from adapp.core.results import RgbImage
from adapp.data.images import load_image
from adapp.knowledge.defect_types import CANONICAL, NORMAL
from adapp.knowledge.pages import Page
from adapp.services.explaining import Explainer
from adapp.services.page_search import Ranking, Wanted, browse, objects, search, type_name
from adapp.ui import knowledge_view, texts
from adapp.ui.inspect_draw import Updates
from adapp.ui.knowledge_layout import KnowledgeLayout
from adapp.ui.pictures import png_uri, screen_picture
from adapp.ui.why_state import Talk

_THUMB = 120  # pixels of the picture that is searched for


class KnowledgeHandlers:
    """Handlers of the tab.

    Args:
        explainer: Knows the pages.
        layout: The tab's components.
    """

    def __init__(self, explainer: Explainer, layout: KnowledgeLayout) -> None:
        self._explainer = explainer
        self._layout = layout

    def on_list(
        self, talk: Talk, ranking: Ranking | None, about: str | None, canonical: str | None
    ) -> Updates:
        """Show the pages that fit, out of those found or of all."""
        pages = self._pages(talk)
        wanted = Wanted(about or "", canonical or "")
        groups = browse(pages, wanted) if ranking is None else ranking.groups(wanted)
        return {
            self._layout.listed: knowledge_view.list_html(groups, len(pages)),
            self._layout.object: gr.Dropdown(choices=_choices(objects(pages))),
            self._layout.canonical: gr.Dropdown(choices=_types(pages)),
        }

    def on_search(
        self,
        talk: Talk,
        words: str | None,
        picture: RgbImage | None,
        about: str | None,
        canonical: str | None,
    ) -> Updates:
        """Find pages by words, a picture or both; with neither, show all."""
        ranking, sought = None, (words or "").strip()  # None: the tab was never shown
        if sought or picture is not None:
            ranking = search(self._explainer.library, sought, picture, talk.own)
        listed = self.on_list(talk, ranking, about, canonical)
        return {**listed, self._layout.ranking: ranking}

    def on_picture(self, file: str | None) -> Updates:
        """Take in the picture to search for.

        Raises:
            BadImage: If it cannot be read.
        """
        if file is None:
            return self.on_drop()
        picture = screen_picture(load_image(Path(file)).pixels)
        thumb = png_uri(screen_picture(picture, _THUMB))
        return {
            self._layout.picture: picture,
            self._layout.sought: knowledge_view.sought_html(thumb),
        }

    def on_drop(self) -> Updates:
        """Forget the picture that is searched for."""
        return {self._layout.picture: None, self._layout.sought: ""}

    def on_clear(self, talk: Talk) -> Updates:
        """Forget what was searched for and show all pages."""
        layout = self._layout
        pages = self._pages(talk)
        return {
            **self.on_drop(),
            layout.words: "",
            layout.object: gr.Dropdown(value=""),
            layout.canonical: gr.Dropdown(value=""),
            layout.ranking: None,
            layout.listed: knowledge_view.list_html(browse(pages, Wanted()), len(pages)),
        }

    def _pages(self, talk: Talk) -> tuple[Page, ...]:
        return (*talk.own_pages, *self._explainer.shelf.pages)


def _choices(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(texts.ANY, ""), *((name, name) for name in names)]


def _types(pages: tuple[Page, ...]) -> list[tuple[str, str]]:
    """Return the defect types of pages as choices, sound parts last."""
    held = {page.canonical for page in pages}
    known = sorted((type_name(name), name) for name in CANONICAL if name in held)
    sound = [(type_name(NORMAL), NORMAL)] if NORMAL in held else []
    return [(texts.ANY, ""), *known, *sound]
