"""The Inspect tab's components, where they stand; no behaviour."""

from dataclasses import dataclass

import gradio as gr

from adapp.methods.registry import METHODS
from adapp.rendering.colormaps import SEQUENTIAL
from adapp.ui import page_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.inspect_view import READING_HINT
from adapp.ui.intake import SUFFIXES
from adapp.ui.state import SESSION_SECONDS, drop_held
from adapp.ui.viewer import MAPS, VIEWS, viewer

_PICK = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button) trigger('pick', {key: button.dataset.key ?? button.dataset.index});
});
"""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that decides what a run does."""

    support: gr.Gallery
    support_originals: gr.State
    query: gr.Gallery
    query_originals: gr.State
    method: gr.Radio
    category: gr.Textbox
    preset: gr.Radio
    checkpoint: gr.Radio
    tune: gr.Checkbox

    def all(self) -> list[gr.components.Component]:
        """Return them in the order that the handlers take them."""
        return [
            self.support,
            self.support_originals,
            self.query,
            self.query_originals,
            self.method,
            self.category,
            self.preset,
            self.checkpoint,
            self.tune,
        ]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that shows a result."""

    held: gr.State
    chosen: gr.State
    progress: gr.HTML
    stale: gr.HTML
    empty: gr.HTML
    verdict: gr.HTML
    notes: gr.HTML
    strip: gr.HTML
    viewer: gr.HTML
    reading: gr.HTML
    regions: gr.HTML
    histogram: gr.HTML
    threshold_note: gr.HTML

    def drawn(self) -> list[gr.blocks.Block]:
        """Return what a redraw may change."""
        return [
            self.verdict,
            self.notes,
            self.strip,
            self.viewer,
            self.reading,
            self.regions,
            self.histogram,
            self.threshold_note,
            self.chosen,
        ]

    def fresh(self) -> list[gr.blocks.Block]:
        """Return what a new result may change."""
        return [*self.drawn(), self.progress, self.held, self.stale, self.empty]


@dataclass(frozen=True, slots=True)
class Controls:
    """Everything that changes how a result is shown, without a model."""

    kind: gr.Radio
    view: gr.Radio
    opacity: gr.Slider
    colors: gr.Dropdown
    image_threshold: gr.Slider
    pixel_threshold: gr.Slider
    reset: gr.Button


@dataclass(frozen=True, slots=True)
class Actions:
    """Buttons and the notes beside the inputs."""

    examples: gr.HTML
    run: gr.Button
    stop: gr.Button
    support_note: gr.HTML
    query_note: gr.HTML
    licence: gr.HTML


@dataclass(frozen=True, slots=True)
class Exports:
    """Buttons that make files, and the hidden one that hands them over."""

    everything: gr.Button
    numbers: gr.Button
    overlay: gr.Button
    download: gr.DownloadButton


@dataclass(frozen=True, slots=True)
class InspectLayout:
    """All components of the tab."""

    inputs: Inputs
    results: Results
    controls: Controls
    actions: Actions
    exports: Exports


def lay_out(services: AppServices) -> InspectLayout:
    """Build the tab inside the current ``Blocks`` and return its components."""
    examples = gr.HTML(
        page_view.cards_html(services.examples, services.thumbnails),
        js_on_load=_PICK,
        apply_default_css=False,
        elem_id="examples",
    )
    with gr.Row(elem_id="bench"):
        with gr.Column(elem_id="setup", min_width=280):
            inputs, actions = _setup(services, examples)
        with gr.Column(elem_id="findings", min_width=280):
            results, controls, exports = _findings()
    return InspectLayout(
        inputs=inputs, results=results, controls=controls, actions=actions, exports=exports
    )


def _setup(services: AppServices, examples: gr.HTML) -> tuple[Inputs, Actions]:
    support = _gallery(texts.NORMAL_LABEL, "support")
    support_note = gr.HTML(page_view.message_html(texts.NORMAL_HINT), elem_id="support-note")
    query = _gallery(texts.QUERY_LABEL, "query")
    query_note = gr.HTML(page_view.message_html(texts.QUERY_HINT), elem_id="query-note")
    with gr.Column(elem_id="method-box"):
        method = gr.Radio(
            [(info.title, info.name) for info in METHODS.values()],
            value=next(iter(METHODS)),
            label=texts.METHOD_LABEL,
            info=" ".join(info.summary for info in METHODS.values()),
            elem_id="method",
        )
        category = gr.Textbox(
            label=texts.PART_LABEL,
            placeholder=texts.PART_HINT,
            max_lines=1,
            max_length=80,
            elem_id="category",
        )
        tune = gr.Checkbox(
            label=texts.TUNE_LABEL, info=texts.TUNE_HINT, value=False, elem_id="tune"
        )
    preset, checkpoint, licence = _model_choice(services)
    with gr.Row(elem_id="run-row"):
        run = gr.Button("Run inspection", variant="primary", elem_id="run", min_width=120)
        stop = gr.Button(
            "Stop", variant="stop", interactive=False, elem_id="stop", min_width=70, scale=0
        )
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
    )
    actions = Actions(
        examples=examples,
        run=run,
        stop=stop,
        support_note=support_note,
        query_note=query_note,
        licence=licence,
    )
    return inputs, actions


def _gallery(label: str, name: str) -> gr.Gallery:
    return gr.Gallery(
        label=label,
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


def _model_choice(services: AppServices) -> tuple[gr.Radio, gr.Radio, gr.HTML]:
    with gr.Accordion("Model and licence", open=False, elem_id="model-box"):
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


def _findings() -> tuple[Results, Controls, Exports]:
    progress = gr.HTML("", elem_id="progress")
    stale = gr.HTML("", elem_id="stale")
    empty = gr.HTML(page_view.empty_html(), elem_id="empty")
    # The style sheet hides the panel while #empty has content: gradio forgets the properties of
    # parts that it has not mounted.
    with gr.Column(elem_id="panel"):
        verdict = gr.HTML("", elem_id="verdict", apply_default_css=False)
        strip = gr.HTML("", js_on_load=_PICK, elem_id="strip", apply_default_css=False)
        with gr.Row(elem_id="look"):
            with gr.Column(elem_id="look-picture", min_width=280):
                kind, view = _view_choice()
                shown = viewer()
                reading = gr.HTML(READING_HINT, elem_id="reading", apply_default_css=False)
                opacity, colors = _paint_choice()
            with gr.Column(elem_id="look-evidence", min_width=260):
                regions = gr.HTML("", elem_id="regions", apply_default_css=False)
        with gr.Row(elem_id="thresholds"):
            histogram = gr.HTML("", elem_id="histogram", apply_default_css=False)
            with gr.Column(min_width=240):
                image_threshold, pixel_threshold, reset, threshold_note = _threshold_controls()
        exports = _exports()
        notes = gr.HTML("", elem_id="notes", apply_default_css=False)
    results = Results(
        held=gr.State(None, time_to_live=SESSION_SECONDS, delete_callback=drop_held),
        chosen=gr.State(0),
        progress=progress,
        stale=stale,
        empty=empty,
        verdict=verdict,
        notes=notes,
        strip=strip,
        viewer=shown,
        reading=reading,
        regions=regions,
        histogram=histogram,
        threshold_note=threshold_note,
    )
    controls = Controls(
        kind=kind,
        view=view,
        opacity=opacity,
        colors=colors,
        image_threshold=image_threshold,
        pixel_threshold=pixel_threshold,
        reset=reset,
    )
    return results, controls, exports


def _view_choice() -> tuple[gr.Radio, gr.Radio]:
    with gr.Row(elem_id="view-choice"):
        kind = gr.Radio(
            list(MAPS), value="fused", label="Map", elem_id="map", elem_classes="segments"
        )
        view = gr.Radio(
            list(VIEWS), value="overlay", label="View", elem_id="view", elem_classes="segments"
        )
    return kind, view


def _paint_choice() -> tuple[gr.Slider, gr.Dropdown]:
    with gr.Row(elem_id="paint-choice"):
        opacity = gr.Slider(
            0, 1, value=0.5, step=0.01, label="Opacity", buttons=[], elem_id="opacity"
        )
        colors = gr.Dropdown(
            list(SEQUENTIAL),
            value=SEQUENTIAL[0],
            label="Colours",
            filterable=False,
            elem_id="colors",
        )
    return opacity, colors


def _threshold_controls() -> tuple[gr.Slider, gr.Slider, gr.Button, gr.HTML]:
    with gr.Column(elem_id="threshold-row"):
        image = gr.Slider(
            0,
            1,
            value=0.5,
            step=0.001,
            label="Verdict threshold",
            info="Pictures that score above it are anomalous.",
            buttons=[],
            elem_id="image-threshold",
        )
        pixel = gr.Slider(
            0,
            1,
            value=0.5,
            step=0.001,
            label="Region threshold",
            info="Pixels above it form the regions.",
            buttons=[],
            elem_id="pixel-threshold",
        )
    with gr.Row(elem_id="threshold-foot"):
        note = gr.HTML("", elem_id="threshold-note", apply_default_css=False)
        reset = gr.Button("Reset to calibrated", size="sm", scale=0, min_width=150, elem_id="reset")
    return image, pixel, reset, note


def _exports() -> Exports:
    with gr.Row(elem_id="exports"):
        return Exports(
            everything=gr.Button(
                "Export all (ZIP)", size="sm", elem_id="export-all", min_width=110
            ),
            numbers=gr.Button("JSON", size="sm", elem_id="export-json", min_width=70),
            overlay=gr.Button("Overlay PNG", size="sm", elem_id="export-overlay", min_width=100),
            download=gr.DownloadButton("Download", elem_id="download"),
        )
