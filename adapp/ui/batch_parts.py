"""The Batch tab's components by what they are for, and what a session holds for it."""

import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import Line
from adapp.services.batch_review import Label


@dataclass(slots=True, eq=False, weakref_slot=True)
class HeldBatch:
    """A batch in a session: its folder on disk, and the few figures that the table shows.

    Attributes:
        root: Folder of the batch; None once it was dropped.
        total: Pictures in all.
        lines: What is finished, without regions' shapes, by picture number.
        run: What the manifest says about the run; empty before the first picture.
        labels: What the person says, by picture number.
        threshold: Score above which a picture is anomalous; None before the first picture.
        thumbs: Addresses of small pictures, by picture number.
        guard: Held while files are written.
    """

    root: Path | None
    total: int = 0
    lines: dict[int, Line] = field(default_factory=dict[int, Line])
    run: dict[str, Any] = field(default_factory=dict[str, Any])
    labels: dict[int, Label] = field(default_factory=dict[int, Label])
    threshold: float | None = None
    thumbs: dict[int, str] = field(default_factory=dict[int, str])
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def folder(self) -> BatchFolder | None:
        """The folder of the batch, if it is still there."""
        return None if self.root is None else BatchFolder(self.root / "batch")

    def scores(self) -> dict[int, float]:
        """Return the score of every picture that has one, by its number."""
        return {
            number: line["query"]["score"] for number, line in self.lines.items() if "query" in line
        }

    def drop(self) -> None:
        """Remove the folder with everything in it."""
        if self.root is not None:
            shutil.rmtree(self.root, ignore_errors=True)
        self.root = None
        self.lines.clear()
        self.thumbs.clear()


def drop_batch(held: HeldBatch | None) -> None:
    """Let go of a session's batch; the app calls this when a session ends."""
    if held is not None:
        held.drop()


@dataclass(frozen=True, slots=True)
class BatchLayout:
    """All components of the tab."""

    files: gr.UploadButton
    folder: gr.UploadButton
    clear: gr.Button
    given: gr.State
    settings: gr.HTML
    run: gr.Button
    stop: gr.Button
    progress: gr.HTML
    held: gr.State
    threshold: gr.Slider
    reset: gr.Button
    histogram: gr.HTML
    figures: gr.HTML
    table: gr.HTML
    detail: gr.HTML
    exports: dict[str, gr.Button]
    download: gr.DownloadButton

    def drawn(self) -> list[gr.blocks.Block]:
        """Return what follows from the threshold and the labels."""
        return [self.table, self.figures, self.histogram]
