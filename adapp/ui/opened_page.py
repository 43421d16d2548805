"""A page that is opened: which clicks open it, and what closes it again."""

from collections.abc import Sequence

import gradio as gr

from adapp.core.errors import UsageError
from adapp.services.explaining import Explainer
from adapp.ui import knowledge_view, texts
from adapp.ui.errors import told
from adapp.ui.pictures import png_uri
from adapp.ui.queues import AT_ONCE, PRIVATE
from adapp.ui.viewer import script
from adapp.ui.why_state import Talk


def clickable(name: str, text: str = "") -> gr.HTML:
    """Return HTML whose pages can be opened, removed and closed with a click or a key."""
    return gr.HTML(text, js_on_load=script("pages.js"), elem_id=name, apply_default_css=False)


def wire_opened(
    explainer: Explainer,
    talk: gr.State,
    place: gr.HTML,
    lists: Sequence[gr.HTML],
    empty: str = "",
) -> None:
    """Connect lists of pages to the place where one of them is shown.

    Args:
        explainer: Knows the pages.
        talk: What the session holds.
        place: Where the page is shown.
        lists: What is clicked on.
        empty: What stands in its place when it is closed.
    """

    def on_open(event: gr.EventData, held: Talk) -> str:
        page = explainer.page(str(event.key), held.own)
        if page is None:
            raise UsageError(texts.PAGE_GONE)
        return knowledge_view.page_html(page, png_uri(explainer.page_picture(page)))

    opened = [
        shown.open(
            told(on_open),
            talk,
            place,
            show_progress="hidden",
            trigger_mode="multiple",
            **PRIVATE,
        )
        for shown in lists
    ]
    place.clear(lambda: empty, None, place, cancels=opened, **AT_ONCE)
