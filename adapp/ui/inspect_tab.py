"""The Inspect tab: which event is answered by which handler, and in which queue."""

from functools import partial
from typing import Any, NamedTuple

import gradio as gr
from gradio.events import Dependency

from adapp.ui import page_view
from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.export_files import ExportKind
from adapp.ui.form import validate
from adapp.ui.gpu import declared_seconds, on_gpu
from adapp.ui.inspect_inputs import InputHandlers
from adapp.ui.inspect_layout import lay_out
from adapp.ui.inspect_look import LookHandlers
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.inspect_run import RunHandlers
from adapp.ui.intake import MOST_QUERY
from adapp.ui.queues import AT_ONCE, EACH, LIVE, MODEL_QUEUE, PRIVATE, TURN, in_turn
from adapp.ui.session_run import SessionHandlers
from adapp.ui.session_tab import wire_session

_SET_VIEW = "(view) => { document.getElementById('viewer').dataset.view = view; }"
_SET_OPACITY = (
    "(opacity) => { document.getElementById('viewer').style.setProperty('--opacity', opacity); }"
)
_ONCE_PAINTED = """
(...given) => new Promise(go => {
  const frame = window.requestAnimationFrame;
  frame(() => frame(() => setTimeout(() => go(given))));
  setTimeout(() => go(given), 1000);
})
"""
"""Asks for the rest once the frame with the map is through; a page in the background has none."""
_SAVE = "() => { document.getElementById('download').click(); }"


class InspectTab(NamedTuple):
    """The tab's parts that other tabs and the page as a whole need."""

    runs: RunHandlers
    entry: InputHandlers
    layout: InspectLayout


def build_inspect_tab(services: AppServices) -> InspectTab:
    """Build the tab inside the current ``Blocks``, with its events."""
    layout = lay_out(services)
    handlers = RunHandlers(services, layout)
    entry = InputHandlers(services, layout)
    session = SessionHandlers(layout)
    _wire_run(layout, handlers, entry, session)
    filling = wire_session(layout, session)
    _wire_settings(layout, handlers, entry, filling)
    _wire_look(layout, LookHandlers(layout))
    return InspectTab(handlers, entry, layout)


def _wire_run(
    layout: InspectLayout, run: RunHandlers, entry: InputHandlers, session: SessionHandlers
) -> None:
    """Connect Run, Stop, the example cards and what else starts a run."""
    inputs, results, actions = layout.inputs, layout.results, layout.actions
    buttons = [actions.run, actions.stop, results.progress, results.stale]
    inspection = _inspection(layout, run)
    pressed = actions.run.click(
        told(run.on_run),
        [*inputs.all(), results.held],
        buttons,
        validator=validate,
        show_progress="hidden",
        concurrency_limit=None,
        **PRIVATE,
    ).success(**inspection)
    tried = layout.cards.started.change(**inspection, trigger_mode="multiple")
    support = [inputs.support, inputs.support_originals]
    added = actions.good.click(
        told(entry.on_good),
        [results.held, results.chosen, *support, inputs.method],
        [*support, actions.support_note, *buttons],
        **AT_ONCE,
    ).success(**inspection)
    history = layout.session.history
    for running in (pressed, tried, added):
        running.success(**_following(layout, run))
        running.success(
            told(session.on_finished),
            [history, results.held],
            [history, layout.session.earlier],
            **AT_ONCE,
        )
    actions.stop.click(
        told(run.on_stop),
        [results.held, *inputs.all()],
        buttons,
        cancels=[pressed, tried, added],
        **AT_ONCE,
    )
    _wire_cards(layout, run, entry, session, [pressed, tried, added])


def _wire_cards(
    layout: InspectLayout,
    run: RunHandlers,
    entry: InputHandlers,
    session: SessionHandlers,
    runs: list[Dependency],
) -> None:
    """Connect the example cards: a prepared result shows at once, any other example is run."""
    inputs, results, actions, controls = (
        layout.inputs,
        layout.results,
        layout.actions,
        layout.controls,
    )
    filled = [inputs.support, inputs.query, inputs.category, inputs.tune]
    filled += [actions.support_note, actions.query_note]
    buttons = [actions.run, actions.stop, results.progress]
    actions.examples.pick(
        told(entry.on_card),
        [
            *(results.held, layout.cards.started, controls.kind, controls.colors),
            *(inputs.method, inputs.preset, inputs.checkpoint, inputs.tiles),
        ],
        [*layout.at_first(), results.held, *filled, *buttons, *layout.cards.both()],
        cancels=runs,
        **AT_ONCE,
    )
    history = layout.session.history
    opened = layout.cards.opened.change(
        told(entry.on_opened),
        [layout.cards.opened, results.held, inputs.method],
        [*filled, *layout.afterwards()],
        js=_ONCE_PAINTED,
        trigger_mode="multiple",
        **AT_ONCE,
    )
    opened.success(**_following(layout, run))
    opened.success(
        told(session.on_finished),
        [history, results.held],
        [history, layout.session.earlier],
        **AT_ONCE,
    )


def _inspection(layout: InspectLayout, run: RunHandlers) -> dict[str, Any]:
    """Return the event that runs the model, as everything that starts one calls it."""
    results, controls = layout.results, layout.controls
    buttons = [layout.actions.run, layout.actions.stop]
    return {
        "fn": on_gpu(told(run.on_detect), declared_seconds(MOST_QUERY)),
        "inputs": [results.held, controls.kind, controls.colors, *layout.inputs.all()],
        "outputs": [*results.fresh(), controls.kind, *controls.sliders(), *buttons],
        "show_progress": "minimal",
        "show_progress_on": results.progress,
        **MODEL_QUEUE,
        **PRIVATE,
    }


def _following(layout: InspectLayout, run: RunHandlers) -> dict[str, Any]:
    """Return the event that tells what follows from the settings."""
    results = layout.results
    return {
        "fn": told(run.on_form),
        "inputs": [results.held, *layout.inputs.all()],
        "outputs": [results.stale, layout.actions.estimate],
        **AT_ONCE,
    }


def _wire_settings(
    layout: InspectLayout, run: RunHandlers, entry: InputHandlers, filling: list[Dependency]
) -> None:
    """Connect what decides a run: each change may outdate the result that is shown."""
    inputs, actions = layout.inputs, layout.actions
    following = _following(layout, run)
    for filled in filling:  # an empty gallery does not tell of a change that a handler makes
        filled.then(**following)
    for gallery, originals, note, check in (
        (inputs.support, inputs.support_originals, actions.support_note, entry.on_support),
        (inputs.query, inputs.query_originals, actions.query_note, entry.on_query),
    ):
        gallery.change(
            told(check),
            [gallery, originals, inputs.method],
            [gallery, originals, note],
            **AT_ONCE,
        ).then(**following)
    gr.on(
        [
            inputs.method.input,
            inputs.category.change,  # its input event misses what is pasted
            inputs.preset.input,
            inputs.checkpoint.input,
            inputs.tiles.input,
        ],
        **following | LIVE,
    )
    gr.on(
        [inputs.method.change, inputs.preset.change, inputs.checkpoint.change],
        told(entry.on_method),
        [inputs.method, inputs.preset, inputs.checkpoint, inputs.support, inputs.support_originals],
        [
            actions.method_note,
            inputs.category,
            inputs.support,
            actions.support_note,
            inputs.tune,
        ],
        **LIVE,
    )
    inputs.checkpoint.change(page_view.licence_html, inputs.checkpoint, actions.licence, **AT_ONCE)
    _wire_tuning(layout, run)


def _wire_tuning(layout: InspectLayout, run: RunHandlers) -> None:
    """Bring back the result with the other tuning at once where it was made before."""
    inputs, results, controls = layout.inputs, layout.results, layout.controls
    tuned = inputs.tune.input(
        told(run.on_tune),
        [results.held, controls.kind, controls.colors, *inputs.all()],
        [*results.fresh(), controls.kind, *controls.sliders()],
        js=TURN,
        **AT_ONCE,
    )
    tuned.then(**_following(layout, run))
    in_turn(tuned)


def _wire_look(layout: InspectLayout, look: LookHandlers) -> None:
    """Connect everything that only changes how a result is shown; what redraws it takes turns."""
    controls = layout.controls
    in_turn(*_moved(layout, look), *_chosen(layout, look))
    controls.view.change(None, controls.view, None, js=_SET_VIEW)
    controls.opacity.change(None, controls.opacity, None, js=_SET_OPACITY)
    _wire_exports(layout, look)


def _moved(layout: InspectLayout, look: LookHandlers) -> list[Dependency]:
    """Connect sliders, the button that puts them back, and the choice of map and colours."""
    results, controls = layout.results, layout.controls
    given, drawn = [results.held, results.chosen, *controls.look()], results.drawn()
    limits = [controls.image_threshold, controls.pixel_threshold, controls.review_threshold]
    return [
        gr.on(
            [slider.input for slider in limits],
            told(look.on_threshold),
            given,
            drawn,
            js=TURN,
            **LIVE,
        ),
        controls.weight.input(told(look.on_weight), given, drawn, js=TURN, **LIVE),
        controls.reset.click(
            told(look.on_reset), given, [*drawn, *controls.sliders()], js=TURN, **AT_ONCE
        ),
        gr.on(
            [controls.kind.input, controls.colors.input],
            told(look.on_map),
            given,
            [results.viewer, results.meaning],
            js=TURN,
            **LIVE,
        ),
    ]


def _chosen(layout: InspectLayout, look: LookHandlers) -> list[Dependency]:
    """Connect the choice of a query and of a pixel."""
    results, shown = layout.results, layout.controls.look()
    given, read = [results.held, results.chosen, *shown], [results.reading, results.patch]
    cleared = [results.viewer.clear, results.reading.clear, results.patch.clear]
    return [
        results.strip.pick(
            told(look.on_choose), [results.held, *shown], results.drawn(), js=TURN, **EACH
        ),
        results.viewer.read(told(look.on_read), given, read, js=TURN, **EACH),
        gr.on(cleared, told(look.on_clear), given, read, js=TURN, **LIVE),
    ]


def _wire_exports(layout: InspectLayout, look: LookHandlers) -> None:
    """Connect the buttons that save what is shown."""
    results, controls, exports = layout.results, layout.controls, layout.exports
    kinds: dict[gr.Button, ExportKind] = {
        exports.everything: "all",
        exports.numbers: "json",
        exports.overlay: "overlay",
    }
    for button, kind in kinds.items():
        button.click(
            told(partial(look.on_export, kind)),
            [results.held, results.chosen, *controls.look()],
            exports.download,
            concurrency_id="export",
            concurrency_limit=2,
            show_progress="minimal",
            show_progress_on=button,
            **PRIVATE,
        ).success(None, None, None, js=_SAVE)
