"""The Compare tab's components by what they are for, and what a session holds for it."""

from dataclasses import dataclass, field

import gradio as gr

from adapp.services.comparison import Comparison
from adapp.services.ground_truth import Truth
from adapp.ui.state import size_of


@dataclass(slots=True, eq=False, weakref_slot=True)
class HeldComparison:
    """A comparison in a session, until it is replaced, expires or has to make room.

    Attributes:
        key: Names it within the server.
        comparison: What the methods found; None once it was dropped.
        truths: True masks by the pictures' positions.
        size_bytes: Memory that it takes.
        chosen: Position of the picture that is looked at.
        limit: Limit of its regions: ``calibrated`` or a percentile.
    """

    key: str = ""
    comparison: Comparison | None = None
    truths: dict[int, Truth] = field(default_factory=dict[int, Truth])
    size_bytes: int = 0
    chosen: int = 0
    limit: str = "calibrated"

    def drop(self) -> None:
        """Let go of the pictures and maps."""
        self.comparison = None
        self.truths.clear()
        self.size_bytes = 0


def comparison_bytes(comparison: Comparison) -> int:
    """Return the memory that a comparison takes."""
    return sum(size_of(run.inspection) for run in comparison.runs)


@dataclass(frozen=True, slots=True)
class CompareLayout:
    """All components of the tab."""

    examples: gr.HTML
    pictures: gr.HTML
    methods: gr.CheckboxGroup
    run: gr.Button
    stop: gr.Button
    progress: gr.HTML
    held: gr.State
    strip: gr.HTML
    rows: gr.CheckboxGroup
    limit: gr.Radio
    opacity: gr.Slider
    grid: gr.HTML
    table: gr.HTML
    masks: gr.UploadButton
    truth_note: gr.HTML
    exports: dict[str, gr.Button]
    download: gr.DownloadButton

    def drawn(self) -> list[gr.blocks.Block]:
        """Return what a redraw may change."""
        return [self.strip, self.grid, self.table]
