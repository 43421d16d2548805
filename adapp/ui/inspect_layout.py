"""The Inspect tab's components, where they stand; no behaviour."""

from typing import Any

import gradio as gr
from gradio.i18n import I18nData

from adapp.methods.registry import METHODS, MethodInfo
from adapp.rendering.colormaps import SEQUENTIAL
from adapp.ui import method_view, page_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.inspect_parts import (
    PICK,
    Actions,
    Cards,
    Controls,
    Exports,
    Inputs,
    InspectLayout,
    Results,
    SessionParts,
)
from adapp.ui.intake import SUFFIXES
from adapp.ui.labels import label
from adapp.ui.patch_view import READING_HINT
from adapp.ui.session_parts import (
    area_row,
    defect_editor,
    earlier_runs,
    set_buttons,
)
from adapp.ui.state import SESSION_SECONDS, drop_held
from adapp.ui.viewer import FIRST_MAPS, VIEWS, script, viewer

_WELCOME = """
element.addEventListener('click', (event) => {
  const key = event.target.closest('[data-key]')?.dataset.key;
  if (key) document.querySelector(`#examples [data-key="${CSS.escape(key)}"]`)?.click();
});
"""
"""The picture of a result opens it as its card does."""


def lay_out(services: AppServices) -> InspectLayout:
    """Build the tab inside the current ``Blocks`` and return its components."""
    examples = gr.HTML(
        page_view.cards_html(services.examples, services.thumbnails),
        js_on_load=PICK,
        apply_default_css=False,
        elem_id="examples",
    )
    with gr.Row(elem_id="bench"):
        with gr.Column(elem_id="setup", min_width=280):
            inputs, buttons, extras = _setup(services, examples)
        with gr.Column(elem_id="findings", min_width=280):
            results, controls, exports, good, drawn = _findings(services)
    actions = Actions(good=good, **buttons)
    return InspectLayout(
        inputs=inputs,
        results=results,
        controls=controls,
        actions=actions,
        cards=Cards(started=_signal(), opened=_signal()),
        exports=exports,
        session=SessionParts(*extras, *drawn),
    )


def _setup(
    services: AppServices, examples: gr.HTML
) -> tuple[Inputs, dict[str, Any], tuple[Any, ...]]:
    first = next(iter(METHODS.values()))
    support = _gallery(label(method_view.support_key(first)), "support")
    support_note = gr.HTML(
        page_view.message_html(method_view.support_hint(first)), elem_id="support-note"
    )
    sets = set_buttons()
    query = _gallery(label("queries"), "query")
    query_note = gr.HTML(page_view.message_html(texts.QUERY_HINT), elem_id="query-note")
    method, method_note, category, tune = _method_choice(services, first)
    tiles = _tiling()
    editor = defect_editor()
    preset, checkpoint, licence = _model_choice(services)
    with gr.Row(elem_id="run-row"):
        run = gr.Button(label("run"), variant="primary", elem_id="run", min_width=120)
        stop = gr.Button(
            label("stop"), variant="stop", interactive=False, elem_id="stop", min_width=70, scale=0
        )
    estimate = _plain("estimate")
    inputs = Inputs(
        support=support,
        support_originals=gr.State({}),
        query=query,
        query_originals=gr.State({}),
        method=method,
        category=category,
        preset=preset,
        checkpoint=checkpoint,
        tune=tune,
        tiles=tiles,
    )
    actions = {
        "examples": examples,
        "run": run,
        "stop": stop,
        "support_note": support_note,
        "query_note": query_note,
        "method_note": method_note,
        "licence": licence,
        "estimate": estimate,
    }
    return inputs, actions, (*sets, *editor)


def _method_choice(
    services: AppServices, first: MethodInfo
) -> tuple[gr.Radio, gr.HTML, gr.Textbox, gr.Checkbox]:
    with gr.Column(elem_id="method-box"):
        method = gr.Radio(
            [(method_view.label(info), info.name) for info in METHODS.values()],
            value=first.name,
            label=label("method"),
            elem_id="method",
        )
        note = gr.HTML(
            method_view.note_html(first, services.preset, services.checkpoint),
            elem_id="method-note",
            apply_default_css=False,
        )
        category = gr.Textbox(
            label=label("part_name"),
            info=method_view.part_hint(first),
            placeholder=texts.PART_EXAMPLE,
            max_lines=1,
            max_length=80,
            elem_id="category",
        )
        tune = gr.Checkbox(
            label=label("tune"),
            info=method_view.tune_hint(first),
            value=False,
            interactive=first.learns_support,
            elem_id="tune",
        )
    return method, note, category, tune


def _gallery(title: I18nData, name: str) -> gr.Gallery:
    return gr.Gallery(
        label=title,
        type="filepath",
        sources=["upload", "clipboard", "webcam"],
        file_types=list(SUFFIXES),
        format="png",
        interactive=True,
        columns=4,
        height=150,
        fit_columns=False,
        object_fit="contain",
        allow_preview=False,
        buttons=[],
        elem_id=name,
    )


def _tiling() -> gr.Radio:
    return gr.Radio(
        [("Off", 1), ("2 x 2", 2), ("3 x 3", 3), ("4 x 4", 4)],
        value=1,
        label=label("tiles"),
        info=texts.TILES_HINT,
        elem_id="tiles",
        elem_classes="segments",
    )


def _model_choice(services: AppServices) -> tuple[gr.Radio, gr.Radio, gr.HTML]:
    with gr.Accordion(label("model_box"), open=False, elem_id="model-box"):
        preset = gr.Radio(
            list(services.presets),
            value=services.preset,
            label="Preset",
            info=services.preset_reason,
            elem_id="preset",
        )
        checkpoint = gr.Radio(
            [(texts.CHECKPOINTS.get(name, name), name) for name in services.checkpoints],
            value=services.checkpoint,
            label="Checkpoint",
            elem_id="checkpoint",
        )
        licence = gr.HTML(page_view.licence_html(services.checkpoint), elem_id="licence")
    return preset, checkpoint, licence


def _findings(
    services: AppServices,
) -> tuple[Results, Controls, Exports, gr.Button, tuple[Any, ...]]:
    parts: dict[str, Any] = {"progress": gr.HTML("", elem_id="progress")}
    parts["stale"] = gr.HTML("", elem_id="stale")
    parts["empty"] = gr.HTML(
        page_view.empty_html(services.prepared.welcome),
        js_on_load=_WELCOME,
        apply_default_css=False,
        elem_id="empty",
    )
    earlier = earlier_runs()
    # The style sheet hides the panel while #empty has content: gradio forgets the properties of
    # parts that it has not mounted.
    with gr.Column(elem_id="panel"):
        parts["verdict"] = _plain("verdict")
        parts["strip"] = _plain("strip", PICK)
        with gr.Row(elem_id="look"):
            with gr.Column(elem_id="look-picture", min_width=280):
                kind, view = _view_choice()
                parts["meaning"] = _plain("meaning")
                parts["viewer"] = viewer()
                area = area_row()
                parts["reading"] = _clickable("reading", READING_HINT)
                opacity, colors = _paint_choice()
                weight, parts["weight_note"] = _weight_choice()
            with gr.Column(elem_id="look-evidence", min_width=260):
                parts["patch"] = _clickable("patch")
                parts["regions"] = _plain("regions")
        with gr.Row(elem_id="thresholds"):
            parts["histogram"] = _plain("histogram", script("limits.js"))
            with gr.Column(min_width=240):
                limits, parts["threshold_note"] = _threshold_controls()
        good = gr.Button(label("good"), size="sm", elem_id="good", scale=0)
        exports = _exports()
        parts["notes"] = _plain("notes")
    held = gr.State(None, time_to_live=SESSION_SECONDS, delete_callback=drop_held)
    controls = Controls(kind, view, opacity, colors, weight, *limits)
    results = Results(held=held, chosen=gr.State(0), **parts)
    return results, controls, exports, good, (*area, *earlier)


def _signal() -> gr.Textbox:
    """Return what nobody sees and whose change begins an event; a ``State`` needs a queue to."""
    return gr.Textbox(visible=False)


def _plain(name: str, behaviour: str | None = None) -> gr.HTML:
    """Return an empty part of the page called ``name``."""
    return gr.HTML("", js_on_load=behaviour, elem_id=name, apply_default_css=False)


def _clickable(name: str, text: str = "") -> gr.HTML:
    """Return the part called ``name``, whose cells and buttons can be clicked."""
    return gr.HTML(text, js_on_load=script("patch.js"), elem_id=name, apply_default_css=False)


def _view_choice() -> tuple[gr.Radio, gr.Radio]:
    with gr.Row(elem_id="view-choice"):
        kind = gr.Radio(
            list(FIRST_MAPS),
            value="fused",
            label=label("map"),
            elem_id="map",
            elem_classes="segments",
        )
        view = gr.Radio(
            list(VIEWS),
            value="overlay",
            label=label("view"),
            elem_id="view",
            elem_classes="segments",
        )
    return kind, view


def _paint_choice() -> tuple[gr.Slider, gr.Dropdown]:
    with gr.Row(elem_id="paint-choice"):
        opacity = gr.Slider(
            0, 1, value=0.5, step=0.01, label=label("opacity"), buttons=[], elem_id="opacity"
        )
        colors = gr.Dropdown(
            list(SEQUENTIAL),
            value=SEQUENTIAL[0],
            label=label("colours"),
            filterable=False,
            elem_id="colors",
        )
    return opacity, colors


def _weight_choice() -> tuple[gr.Slider, gr.HTML]:
    # The style sheet hides the row while its note is empty: see #panel in ``_findings``.
    with gr.Column(elem_id="weight-row"):
        weight = gr.Slider(
            0, 2, value=1, step=0.01, label=texts.WEIGHT_LABEL, buttons=[], elem_id="weight"
        )
        note = gr.HTML("", elem_id="weight-note", apply_default_css=False)
    return weight, note


def _threshold_controls() -> tuple[tuple[gr.Slider, gr.Slider, gr.Slider, gr.Button], gr.HTML]:
    with gr.Column(elem_id="threshold-row"):
        image = gr.Slider(
            0,
            1,
            value=0.5,
            step=0.001,
            label=label("verdict_threshold"),
            info="Pictures that score above it are anomalous.",
            buttons=[],
            elem_id="image-threshold",
        )
        review = gr.Slider(
            0,
            1,
            value=0.5,
            step=0.001,
            label=label("review_from"),
            info="Pictures between this and the verdict threshold pass, but should be looked at.",
            buttons=[],
            elem_id="review-threshold",
        )
        pixel = gr.Slider(
            0,
            1,
            value=0.5,
            step=0.001,
            label=label("region_threshold"),
            info="Pixels above it form the regions.",
            buttons=[],
            elem_id="pixel-threshold",
        )
    with gr.Row(elem_id="threshold-foot"):
        note = gr.HTML("", elem_id="threshold-note", apply_default_css=False)
        reset = gr.Button(label("reset"), size="sm", scale=0, min_width=150, elem_id="reset")
    return (image, pixel, review, reset), note


def _exports() -> Exports:
    with gr.Row(elem_id="exports"):
        return Exports(
            everything=gr.Button(
                label("export_all"), size="sm", elem_id="export-all", min_width=110
            ),
            numbers=gr.Button("JSON", size="sm", elem_id="export-json", min_width=70),
            overlay=gr.Button("Overlay PNG", size="sm", elem_id="export-overlay", min_width=100),
            download=gr.DownloadButton("Download", elem_id="download"),
        )
