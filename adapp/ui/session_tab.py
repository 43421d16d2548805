"""The extras of the Inspect tab: which event is answered by which handler."""

from gradio.events import Dependency

from adapp.ui.errors import told
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.queues import AT_ONCE, EACH, PRIVATE, TURN, in_turn
from adapp.ui.session_run import SessionHandlers

_SAVE = "() => { document.getElementById('saved-set').click(); }"


def wire_session(layout: InspectLayout, session: SessionHandlers) -> list[Dependency]:
    """Connect sets, drawn areas, test defects and earlier runs; return what fills the inputs."""
    filling = _wire_inputs(layout, session)
    parts, results, controls = layout.session, layout.results, layout.controls
    look = [controls.kind, controls.colors]
    shown = [*results.drawn(), controls.kind, *controls.sliders(), parts.area_note]
    looked = [results.held, results.chosen, *look]
    in_turn(
        results.viewer.area(told(session.on_area), looked, shown, js=TURN, **EACH),
        parts.clear_area.click(told(session.on_clear_area), looked, shown, js=TURN, **AT_ONCE),
        parts.earlier.pick(
            told(session.on_earlier),
            [parts.history, *look],
            [*shown, results.held, results.empty, parts.earlier],
            js=TURN,
            **EACH,
        ),
    )
    return filling


def _wire_inputs(layout: InspectLayout, session: SessionHandlers) -> list[Dependency]:
    parts, inputs, notes = layout.session, layout.inputs, layout.actions
    support = [inputs.support, inputs.support_originals]
    parts.save_set.click(
        told(session.on_save_set),
        [*support, inputs.category],
        parts.saved_set,
        show_progress="hidden",
        **PRIVATE,
    ).success(None, None, None, js=_SAVE)
    loaded = parts.load_set.upload(
        told(session.on_load_set),
        [parts.load_set, inputs.method],
        [*support, inputs.category, notes.support_note],
        show_progress="hidden",
        **PRIVATE,
    )
    parts.fill_editor.click(
        told(session.on_fill_editor), support, parts.editor, show_progress="hidden", **PRIVATE
    )
    taken = parts.take_editor.click(
        told(session.on_take_editor),
        [parts.editor, inputs.query, inputs.query_originals],
        [inputs.query, inputs.query_originals, notes.query_note],
        show_progress="hidden",
        **PRIVATE,
    )
    return [loaded, taken]
