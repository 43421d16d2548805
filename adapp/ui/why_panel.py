"""The Why panel under a result: which event is answered by which handler, and in which queue."""

from typing import Any, NamedTuple

import gradio as gr

from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.opened_page import wire_opened
from adapp.ui.queues import AT_ONCE, LIVE, MODEL_QUEUE, PRIVATE, TURN, in_turn
from adapp.ui.why_handlers import WhyHandlers
from adapp.ui.why_layout import WhyLayout, lay_out


class WhyPanel(NamedTuple):
    """The panel's parts that the Knowledge tab and the page as a whole need."""

    handlers: WhyHandlers
    layout: WhyLayout


def build_why_panel(services: AppServices, inspect: InspectLayout) -> WhyPanel:
    """Build the panel inside the current ``Blocks``, with its events.

    Its box of own pages is connected by the Knowledge tab, which shows the same pages.
    """
    layout = lay_out()
    handlers = WhyHandlers(services, layout)
    part: list[gr.blocks.Block] = [layout.talk, inspect.results.held, inspect.results.chosen]
    _wire_answers(layout, handlers, part)
    lists = (layout.chat, layout.pages, layout.own.listed)
    wire_opened(services.explainer, layout.talk, layout.page, lists)
    in_turn(
        inspect.results.verdict.change(
            told(handlers.on_part),
            part,
            [layout.chat, layout.message, layout.pages, layout.page],
            js=TURN,
            **LIVE,
        )
    )
    return WhyPanel(handlers, layout)


def _wire_answers(layout: WhyLayout, handlers: WhyHandlers, part: list[gr.blocks.Block]) -> None:
    """Connect what asks, and Stop."""
    starts: list[tuple[Any, gr.blocks.Block]] = [(button.click, button) for button in layout.quick]
    starts += [(layout.send.click, layout.question), (layout.question.submit, layout.question)]
    running = []
    for start, words in starts:
        begun = start(told(handlers.on_busy), None, layout.buttons(), js=TURN, **AT_ONCE)
        in_turn(begun)
        answered = begun.then(
            told(handlers.on_ask),
            [*part, words],
            [*layout.asked(), *layout.buttons()],
            show_progress="hidden",
            **MODEL_QUEUE,
            **PRIVATE,
        )
        running.append(answered)
    layout.stop.click(
        told(handlers.on_stop),
        part,
        [*layout.asked(), *layout.buttons()],
        cancels=running,
        **AT_ONCE,
    )
