"""The Batch tab: which event is answered by which handler, and in which queue."""

from functools import partial
from typing import Any

import gradio as gr

from adapp.ui.app_services import AppServices
from adapp.ui.batch_layout import lay_out_batch
from adapp.ui.batch_parts import BatchLayout
from adapp.ui.batch_review import ReviewHandlers
from adapp.ui.batch_run import BatchHandlers
from adapp.ui.errors import told
from adapp.ui.inspect_parts import Inputs
from adapp.ui.inspect_tab import InspectTab
from adapp.ui.queues import AT_ONCE, EACH, LIVE, PRIVATE, TURN, in_turn

_QUEUE: dict[str, Any] = {"concurrency_id": "batch", "concurrency_limit": 1}
"""A batch at a time, beside the single runs: these stay quick while a batch works."""
_SAVE = "() => { document.getElementById('batch-download').click(); }"


def build_batch_tab(services: AppServices, inspecting: InspectTab, tab: gr.Tab) -> BatchHandlers:
    """Build the content of ``tab`` inside the current ``Blocks``, with its events."""
    layout = lay_out_batch()
    handlers = BatchHandlers(services, layout)
    inputs = inspecting.layout.inputs
    _wire_pictures(layout, handlers, inputs, tab)
    _wire_run(layout, handlers, inputs)
    _wire_review(layout, ReviewHandlers(layout))
    return handlers


def _wire_pictures(
    layout: BatchLayout, handlers: BatchHandlers, inputs: Inputs, tab: gr.Tab
) -> None:
    outputs = [layout.given, layout.settings]
    for button in (layout.files, layout.folder):
        button.upload(
            told(handlers.on_files),
            [layout.given, button, *inputs.all()],
            outputs,
            show_progress="hidden",
            **PRIVATE,
        )
    layout.clear.click(told(handlers.on_clear), inputs.all(), outputs, **AT_ONCE)
    tab.select(
        told(handlers.on_settings), [layout.given, *inputs.all()], layout.settings, **AT_ONCE
    )


def _wire_run(layout: BatchLayout, handlers: BatchHandlers, inputs: Inputs) -> None:
    layout.run.click(
        told(handlers.on_run),
        [layout.held, layout.given, *inputs.all()],
        [
            *(layout.held, layout.run, layout.stop, layout.progress, layout.threshold),
            *(*layout.drawn(), layout.detail),
        ],
        show_progress="minimal",
        show_progress_on=layout.progress,
        **_QUEUE,
        **PRIVATE,
    )
    layout.stop.click(told(handlers.on_stop), None, None, **AT_ONCE)


def _wire_review(layout: BatchLayout, review: ReviewHandlers) -> None:
    held, drawn = layout.held, layout.drawn()
    limit, counted = layout.threshold, [layout.figures, layout.histogram]
    in_turn(
        limit.input(told(review.on_threshold), [held, limit], drawn, js=TURN, **LIVE),
        layout.reset.click(told(review.on_reset), held, [*drawn, limit], js=TURN, **AT_ONCE),
        layout.table.pick(told(review.on_pick), held, layout.detail, js=TURN, **EACH),
        layout.table.mark(told(review.on_mark), held, counted, js=TURN, **EACH),
    )
    for kind, button in layout.exports.items():
        button.click(
            told(partial(review.on_export, kind)),
            held,
            layout.download,
            concurrency_id="export",
            concurrency_limit=2,
            show_progress="minimal",
            show_progress_on=button,
            **PRIVATE,
        ).success(None, None, None, js=_SAVE)
