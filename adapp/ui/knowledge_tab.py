"""The Knowledge tab: which event is answered by which handler, and in which queue."""

from typing import Any

import gradio as gr

from adapp.ui import knowledge_view
from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.knowledge_handlers import KnowledgeHandlers
from adapp.ui.knowledge_layout import KnowledgeLayout, lay_out_knowledge
from adapp.ui.opened_page import wire_opened
from adapp.ui.own_pages import wire_own
from adapp.ui.queues import AT_ONCE, LIVE, MODEL_QUEUE, PRIVATE
from adapp.ui.why_layout import WhyLayout


def build_knowledge_tab(services: AppServices, why: WhyLayout, tab: gr.Tab) -> None:
    """Build the content of ``tab`` inside the current ``Blocks``, with its events.

    Pages of the user's own are the same here and in the Why panel, whose box is connected too.
    """
    layout = lay_out_knowledge()
    handlers = KnowledgeHandlers(services.explainer, layout)
    lists = (layout.listed, layout.own.listed)
    empty = knowledge_view.choose_html()
    wire_opened(services.explainer, why.talk, layout.page, lists, empty)
    changes = wire_own(services.explainer, why.talk, (why.own, layout.own))
    listing = _wire_list(layout, handlers, why.talk, tab)
    searches = _wire_search(layout, handlers, why.talk, changes)
    for search in searches:  # what was narrowed meanwhile stays narrowed
        search.success(**listing)
    layout.clear.click(
        told(handlers.on_clear),
        why.talk,
        [
            *(layout.words, layout.ranking, layout.picture, layout.sought),
            *(layout.listed, *layout.filters()),
        ],
        cancels=searches,
        **AT_ONCE,
    )


def _wire_list(
    layout: KnowledgeLayout, handlers: KnowledgeHandlers, talk: gr.State, tab: gr.Tab
) -> dict[str, Any]:
    """Connect what needs no model; return the event that lists what fits."""
    listing: dict[str, Any] = {
        "fn": told(handlers.on_list),
        "inputs": [talk, layout.ranking, *layout.filters()],
        "outputs": [layout.listed, *layout.filters()],
        **AT_ONCE,
    }
    gr.on([tab.select, layout.object.input, layout.canonical.input], **listing | LIVE)
    return listing


def _wire_search(
    layout: KnowledgeLayout, handlers: KnowledgeHandlers, talk: gr.State, changes: list[Any]
) -> list[Any]:
    """Connect what searches: the form, a picture, and pages that came or went; return it."""
    picture = [layout.picture, layout.sought]
    brought = layout.by_picture.upload(
        told(handlers.on_picture), layout.by_picture, picture, show_progress="hidden", **PRIVATE
    )
    dropped = layout.sought.clear(told(handlers.on_drop), None, picture, **AT_ONCE)
    starts = [layout.words.submit, layout.search.click]
    starts += [event.success for event in (brought, dropped, *changes)]
    return [
        start(
            told(handlers.on_search),
            [talk, layout.words, layout.picture, *layout.filters()],
            [layout.ranking, layout.listed, *layout.filters()],
            show_progress="minimal",
            show_progress_on=layout.listed,
            **MODEL_QUEUE,
            **PRIVATE,
        )
        for start in starts
    ]
