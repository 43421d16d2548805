"""The Inspect tab's components by what they are for; how they stand is ``inspect_layout``'s."""

from dataclasses import dataclass

import gradio as gr

PICK = """
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
    tiles: gr.Radio

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
            self.tiles,
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
    meaning: gr.HTML
    viewer: gr.HTML
    reading: gr.HTML
    weight_note: gr.HTML
    patch: gr.HTML
    regions: gr.HTML
    histogram: gr.HTML
    threshold_note: gr.HTML

    def drawn(self) -> list[gr.blocks.Block]:
        """Return what a redraw may change."""
        return [
            self.verdict,
            self.notes,
            self.strip,
            self.meaning,
            self.viewer,
            self.reading,
            self.weight_note,
            self.patch,
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
    weight: gr.Slider
    image_threshold: gr.Slider
    pixel_threshold: gr.Slider
    review_threshold: gr.Slider
    reset: gr.Button

    def look(self) -> list[gr.components.Component]:
        """Return those that the server answers, in the order that the handlers take them."""
        return [self.kind, self.colors, *self.sliders()]

    def sliders(self) -> list[gr.components.Component]:
        """Return those with a value of the method's own."""
        return [self.image_threshold, self.pixel_threshold, self.weight, self.review_threshold]


@dataclass(frozen=True, slots=True)
class Actions:
    """Buttons and the notes beside the inputs."""

    examples: gr.HTML
    run: gr.Button
    stop: gr.Button
    good: gr.Button
    support_note: gr.HTML
    query_note: gr.HTML
    method_note: gr.HTML
    licence: gr.HTML
    estimate: gr.HTML


@dataclass(frozen=True, slots=True)
class Cards:
    """What a click on an example leaves behind, so that the event that follows begins by itself.

    Attributes:
        started: Number of runs that cards have started.
        opened: Key of the example whose prepared result is shown, and of its holder.
    """

    started: gr.Textbox
    opened: gr.Textbox

    def both(self) -> list[gr.blocks.Block]:
        """Return them; an event that they begin reads what was sent before them."""
        return [self.started, self.opened]


@dataclass(frozen=True, slots=True)
class Exports:
    """Buttons that make files, and the hidden one that hands them over."""

    everything: gr.Button
    numbers: gr.Button
    overlay: gr.Button
    download: gr.DownloadButton


@dataclass(frozen=True, slots=True)
class SessionParts:
    """Sets of normal parts, drawn areas, test defects, earlier runs."""

    save_set: gr.Button
    load_set: gr.UploadButton
    saved_set: gr.DownloadButton
    editor: gr.ImageEditor
    fill_editor: gr.Button
    take_editor: gr.Button
    clear_area: gr.Button
    area_note: gr.HTML
    history: gr.State
    earlier: gr.HTML


@dataclass(frozen=True, slots=True)
class InspectLayout:
    """All components of the tab."""

    inputs: Inputs
    results: Results
    controls: Controls
    actions: Actions
    cards: Cards
    exports: Exports
    session: SessionParts

    def at_first(self) -> list[gr.blocks.Block]:
        """Return what shows the map and the verdict of a prepared result, before all the rest."""
        results = self.results
        return [
            *(results.verdict, results.strip, results.meaning, results.viewer, results.chosen),
            *(results.stale, results.empty, self.controls.kind),
        ]

    def afterwards(self) -> list[gr.blocks.Block]:
        """Return what shows the rest of it."""
        first = self.at_first()
        rest = [*self.results.drawn(), *self.controls.sliders()]
        return [part for part in rest if part not in first]
