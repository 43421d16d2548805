"""The Inspect tab: which event is answered by which handler, and in which queue."""

from functools import partial
from typing import Any

import gradio as gr

from adapp.ui import page_view
from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.export_files import ExportKind
from adapp.ui.form import validate
from adapp.ui.inspect_inputs import InputHandlers
from adapp.ui.inspect_layout import InspectLayout, lay_out
from adapp.ui.inspect_look import LookHandlers
from adapp.ui.inspect_run import RunHandlers

MODEL_QUEUE: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": 1}
"""Every event that runs a model: one at a time, the others wait and are told their place."""

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", **_PRIVATE}
_LIVE: dict[str, Any] = {"trigger_mode": "always_last", **_AT_ONCE}
_SET_VIEW = "(view) => { document.getElementById('viewer').dataset.view = view; }"
_SET_OPACITY = (
    "(opacity) => { document.getElementById('viewer').style.setProperty('--opacity', opacity); }"
)
_SAVE = "() => { document.getElementById('download').click(); }"


def build_inspect_tab(services: AppServices) -> RunHandlers:
    """Build the tab inside the current ``Blocks``, with its events; return those of its runs."""
    layout = lay_out(services)
    handlers = RunHandlers(services, layout)
    entry = InputHandlers(services, layout)
    _wire_run(layout, handlers, entry)
    _wire_settings(layout, handlers, entry)
    _wire_look(layout, LookHandlers(layout))
    return handlers


def _wire_run(layout: InspectLayout, run: RunHandlers, entry: InputHandlers) -> None:
    """Connect Run, Stop and the example cards."""
    inputs, results = layout.inputs, layout.results
    actions, controls = layout.actions, layout.controls
    buttons = [actions.run, actions.stop, results.progress, results.stale]
    sliders = [controls.image_threshold, controls.pixel_threshold]
    inspection = {
        "fn": told(run.on_detect),
        "inputs": [results.held, controls.kind, controls.colors, *inputs.all()],
        "outputs": [*results.fresh(), *sliders, actions.run, actions.stop],
        "show_progress": "minimal",
        "show_progress_on": results.progress,
        **MODEL_QUEUE,
        **_PRIVATE,
    }
    pressed = actions.run.click(
        told(run.on_run),
        [*inputs.all(), results.held],
        buttons,
        validator=validate,
        show_progress="hidden",
        concurrency_limit=None,
        **_PRIVATE,
    ).success(**inspection)
    tried = actions.examples.pick(
        told(entry.on_example),
        results.held,
        [
            inputs.support,
            inputs.query,
            inputs.category,
            inputs.tune,
            actions.support_note,
            actions.query_note,
            *buttons,
        ],
        **_AT_ONCE,
    ).success(**inspection)
    for running in (pressed, tried):
        running.success(
            told(run.on_settings), [results.held, *inputs.all()], results.stale, **_AT_ONCE
        )
    actions.stop.click(
        told(run.on_stop),
        [results.held, *inputs.all()],
        buttons,
        cancels=[pressed, tried],
        **_AT_ONCE,
    )


def _wire_settings(layout: InspectLayout, run: RunHandlers, entry: InputHandlers) -> None:
    """Connect what decides a run: each change may outdate the result that is shown."""
    inputs, results, actions = layout.inputs, layout.results, layout.actions
    for gallery, originals, note, check in (
        (inputs.support, inputs.support_originals, actions.support_note, entry.on_support),
        (inputs.query, inputs.query_originals, actions.query_note, entry.on_query),
    ):
        gallery.change(
            told(check), [gallery, originals], [gallery, originals, note], **_AT_ONCE
        ).then(told(run.on_settings), [results.held, *inputs.all()], results.stale, **_AT_ONCE)
    gr.on(
        [
            inputs.method.input,
            inputs.category.change,  # its input event misses what is pasted
            inputs.preset.input,
            inputs.checkpoint.input,
        ],
        told(run.on_settings),
        [results.held, *inputs.all()],
        results.stale,
        **_LIVE,
    )
    inputs.checkpoint.change(page_view.licence_html, inputs.checkpoint, actions.licence, **_AT_ONCE)
    controls = layout.controls
    inputs.tune.input(
        told(run.on_tune),
        [results.held, controls.kind, controls.colors, *inputs.all()],
        [*results.fresh(), controls.image_threshold, controls.pixel_threshold],
        **_AT_ONCE,
    )


def _wire_look(layout: InspectLayout, look: LookHandlers) -> None:
    """Connect everything that only changes how a result is shown."""
    results, controls, exports = layout.results, layout.controls, layout.exports
    held, chosen = results.held, results.chosen
    sliders = [controls.image_threshold, controls.pixel_threshold]
    paint = [controls.kind, controls.colors]
    gr.on(
        [slider.input for slider in sliders],
        told(look.on_threshold),
        [held, chosen, *paint, *sliders],
        results.drawn(),
        **_LIVE,
    )
    controls.reset.click(
        told(look.on_reset), [held, chosen, *paint], [*results.drawn(), *sliders], **_AT_ONCE
    )
    gr.on(
        [controls.kind.input, controls.colors.input],
        told(look.on_map),
        [held, chosen, *paint, *sliders],
        results.viewer,
        **_LIVE,
    )
    results.strip.pick(told(look.on_choose), [held, *paint, *sliders], results.drawn(), **_AT_ONCE)
    results.viewer.read(told(look.on_read), [held, chosen], results.reading, **_LIVE)
    controls.view.change(None, controls.view, None, js=_SET_VIEW)
    controls.opacity.change(None, controls.opacity, None, js=_SET_OPACITY)
    kinds: dict[gr.Button, ExportKind] = {
        exports.everything: "all",
        exports.numbers: "json",
        exports.overlay: "overlay",
    }
    for button, kind in kinds.items():
        button.click(
            told(partial(look.on_export, kind)),
            [held, chosen, *sliders],
            exports.download,
            concurrency_id="export",
            concurrency_limit=2,
            show_progress="minimal",
            show_progress_on=button,
            **_PRIVATE,
        ).success(None, None, None, js=_SAVE)
