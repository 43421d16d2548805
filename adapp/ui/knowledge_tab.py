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
from adapp.ui.queues import AT_ONCE, MODEL_QUEUE, PRIVATE
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
    _wire_list(layout, handlers, why.talk, tab)
    changes = wire_own(services.explainer, why.talk, (why.own, layout.own))
    _wire_search(layout, handlers, why.talk, changes)


def _wire_list(
    layout: KnowledgeLayout, handlers: KnowledgeHandlers, talk: gr.State, tab: gr.Tab
) -> None:
    """Connect what needs no model."""
    for event in (tab.select, layout.object.input, layout.canonical.input):
        event(
            told(handlers.on_list),
            [talk, layout.ranking, *layout.filters()],
            [layout.listed, *layout.filters()],
            **AT_ONCE,
        )
    layout.clear.click(
        told(handlers.on_clear),
        talk,
        [
            *(layout.words, layout.ranking, layout.picture, layout.sought),
            *(layout.listed, *layout.filters()),
        ],
        **AT_ONCE,
    )


def _wire_search(
    layout: KnowledgeLayout, handlers: KnowledgeHandlers, talk: gr.State, changes: list[Any]
) -> None:
    """Connect what searches: the form, a picture, and pages that came or went."""
    picture = [layout.picture, layout.sought]
    brought = layout.by_picture.upload(
        told(handlers.on_picture), layout.by_picture, picture, show_progress="hidden", **PRIVATE
    )
    dropped = layout.sought.clear(told(handlers.on_drop), None, picture, **AT_ONCE)
    starts = [layout.words.submit, layout.search.click]
    starts += [event.success for event in (brought, dropped, *changes)]
    for start in starts:
        start(
            told(handlers.on_search),
            [talk, layout.words, layout.picture, *layout.filters()],
            [layout.ranking, layout.listed, *layout.filters()],
            show_progress="minimal",
            show_progress_on=layout.listed,
            **MODEL_QUEUE,
            **PRIVATE,
        )
