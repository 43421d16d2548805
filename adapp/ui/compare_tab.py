"""The Compare tab: which event is answered by which handler, and in which queue."""

from functools import partial

import gradio as gr

from adapp.ui.app_services import AppServices
from adapp.ui.compare_layout import lay_out_compare
from adapp.ui.compare_parts import CompareLayout
from adapp.ui.compare_run import CompareHandlers
from adapp.ui.errors import told
from adapp.ui.gpu import LONGEST_SECONDS, on_gpu
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.inspect_tab import InspectTab
from adapp.ui.queues import AT_ONCE, EACH, LIVE, MODEL_QUEUE, PRIVATE, TURN, in_turn

_SET_ROWS = "(rows) => { document.getElementById('compare-grid').dataset.rows = rows.join(' '); }"
_SET_OPACITY = (
    "(opacity) => { document.getElementById('compare-grid').style"
    ".setProperty('--opacity', opacity); }"
)
_SAVE = "() => { document.getElementById('compare-download').click(); }"


def build_compare_tab(services: AppServices, inspecting: InspectTab, tab: gr.Tab) -> None:
    """Build the content of ``tab`` inside the current ``Blocks``, with its events."""
    layout = lay_out_compare(services)
    handlers = CompareHandlers(services, layout, inspecting.entry, inspecting.layout)
    _wire_run(layout, handlers, inspecting.layout, tab)
    _wire_look(layout, handlers)
    _wire_exports(layout, handlers)


def _wire_run(
    layout: CompareLayout, handlers: CompareHandlers, inspecting: InspectLayout, tab: gr.Tab
) -> None:
    inputs = inspecting.inputs
    buttons = [layout.run, layout.stop, layout.progress]
    comparison = {
        "fn": on_gpu(told(handlers.on_compare), LONGEST_SECONDS),
        "inputs": [layout.methods, layout.limit, *inputs.all()],
        "outputs": [layout.held, *layout.drawn(), layout.pictures, layout.truth_note, *buttons],
        "show_progress": "minimal",
        "show_progress_on": layout.progress,
        **MODEL_QUEUE,
        **PRIVATE,
    }
    pressed = layout.run.click(**comparison)
    tried = layout.examples.pick(
        told(handlers.on_example), [inputs.method], [*handlers.filled, *buttons], **AT_ONCE
    ).success(**comparison)
    layout.stop.click(
        told(handlers.on_stop), [layout.held], buttons, cancels=[pressed, tried], **AT_ONCE
    )
    gr.on(
        [inputs.support.change, inputs.query.change, tab.select],
        told(handlers.on_pictures),
        inputs.all(),
        layout.pictures,
        **LIVE,
    )


def _wire_look(layout: CompareLayout, handlers: CompareHandlers) -> None:
    held, limit = layout.held, layout.limit
    drawn = layout.drawn()
    in_turn(
        layout.strip.pick(told(handlers.on_choose), [held, limit], drawn, js=TURN, **EACH),
        limit.input(told(handlers.on_limit), [held, limit], drawn, js=TURN, **LIVE),
    )
    layout.masks.upload(
        told(handlers.on_masks),
        [held, limit, layout.masks],
        [*drawn, layout.truth_note],
        show_progress="hidden",
        **PRIVATE,
    )
    layout.rows.change(None, layout.rows, None, js=_SET_ROWS)
    layout.opacity.change(None, layout.opacity, None, js=_SET_OPACITY)


def _wire_exports(layout: CompareLayout, handlers: CompareHandlers) -> None:
    for kind, button in layout.exports.items():
        button.click(
            told(partial(handlers.on_export, kind)),
            [layout.held, layout.limit],
            layout.download,
            concurrency_id="export",
            concurrency_limit=2,
            show_progress="minimal",
            show_progress_on=button,
            **PRIVATE,
        ).success(None, None, None, js=_SAVE)
