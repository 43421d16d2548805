"""The Why panel under a result: which event is answered by which handler, and in which queue."""

from typing import Any

import gradio as gr

from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.queues import AT_ONCE, MODEL_QUEUE, PRIVATE
from adapp.ui.why_handlers import WhyHandlers
from adapp.ui.why_layout import WhyLayout, lay_out


def build_why_panel(services: AppServices, inspect: InspectLayout) -> WhyHandlers:
    """Build the panel inside the current ``Blocks``, with its events; return its handlers."""
    layout = lay_out()
    handlers = WhyHandlers(services, layout)
    part: list[gr.blocks.Block] = [layout.talk, inspect.results.held, inspect.results.chosen]
    _wire_answers(layout, handlers, part)
    _wire_pages(layout, handlers, part)
    inspect.results.verdict.change(
        told(handlers.on_part),
        part,
        [layout.chat, layout.message, layout.pages, layout.page],
        **AT_ONCE,
    )
    return handlers


def _wire_answers(layout: WhyLayout, handlers: WhyHandlers, part: list[gr.blocks.Block]) -> None:
    """Connect what asks, and Stop."""
    starts: list[tuple[Any, gr.blocks.Block]] = [(button.click, button) for button in layout.quick]
    starts += [(layout.send.click, layout.question), (layout.question.submit, layout.question)]
    running = [
        start(told(handlers.on_busy), None, layout.buttons(), **AT_ONCE).then(
            told(handlers.on_ask),
            [*part, words],
            [*layout.asked(), *layout.buttons()],
            show_progress="hidden",
            **MODEL_QUEUE,
            **PRIVATE,
        )
        for start, words in starts
    ]
    layout.stop.click(
        told(handlers.on_stop),
        part,
        [*layout.asked(), *layout.buttons()],
        cancels=running,
        **AT_ONCE,
    )


def _wire_pages(layout: WhyLayout, handlers: WhyHandlers, part: list[gr.blocks.Block]) -> None:
    """Connect what opens, closes, brings and removes pages."""
    opened = [layout.page, layout.pages]
    for shown in (layout.chat, layout.pages, layout.own):
        shown.open(told(handlers.on_open), part, opened, show_progress="hidden", **PRIVATE)
    layout.page.clear(told(handlers.on_close), part, opened, **AT_ONCE)
    layout.upload.upload(
        told(handlers.on_upload),
        [layout.talk, layout.upload],
        [layout.talk, layout.own, layout.message],
        show_progress_on=layout.own,
        **MODEL_QUEUE,
        **PRIVATE,
    )
    layout.own.remove(
        told(handlers.on_remove), layout.talk, [layout.talk, layout.own, layout.page], **AT_ONCE
    )
