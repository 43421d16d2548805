"""Looking through a batch: threshold, labels, single pictures, files; no model runs here."""

import gradio as gr

from adapp.core.errors import UsageError
from adapp.services.batch_review import write_review
from adapp.ui import texts
from adapp.ui.batch_draw import BatchDrawing, limit_of
from adapp.ui.batch_parts import BatchLayout, HeldBatch
from adapp.ui.export_files import cached
from adapp.ui.inspect_draw import Updates, on_slider


class ReviewHandlers:
    """Handlers of everything that changes how a batch is judged or shown.

    Args:
        layout: The tab's components.
    """

    def __init__(self, layout: BatchLayout) -> None:
        self._draw = BatchDrawing(layout)

    def on_threshold(self, held: HeldBatch | None, value: float) -> Updates:
        """Judge every picture anew."""
        batch = _alive(held)
        own = float(batch.run["thresholds"]["image"])
        batch.threshold = own if float(value) == on_slider(own) else float(value)
        return self._draw.whole(batch)

    def on_reset(self, held: HeldBatch | None) -> Updates:
        """Judge by the calibrated threshold again."""
        batch = _alive(held)
        batch.threshold = float(batch.run["thresholds"]["image"])
        return {**self._draw.slider(batch), **self._draw.whole(batch)}

    def on_pick(self, event: gr.EventData, held: HeldBatch | None) -> Updates:
        """Show one picture."""
        batch = _alive(held)
        return self._draw.detail(batch, _number(batch, event.key))

    def on_mark(self, event: gr.EventData, held: HeldBatch | None) -> Updates:
        """Take a person's label, or take it away."""
        batch = _alive(held)
        number = _number(batch, event.key)
        if event.label == "good" or event.label == "bad":  # noqa: PLR1714 - narrows the type
            batch.labels[number] = event.label
        else:
            batch.labels.pop(number, None)
        return self._draw.figures(batch)

    def on_export(self, kind: str, held: HeldBatch | None) -> str:
        """Return a file that follows threshold and labels."""
        batch = _alive(held)
        if batch.folder is None or batch.root is None:
            raise UsageError(texts.BATCH_DROPPED)
        with batch.guard:
            out = batch.root / "review"
            files = write_review(batch.folder, out, limit_of(batch), batch.labels)
            return cached(files[kind])


def _alive(held: HeldBatch | None) -> HeldBatch:
    if held is None or held.root is None or not held.lines:
        raise UsageError(texts.BATCH_DROPPED)
    return held


def _number(held: HeldBatch, given: object) -> int:
    number = int(str(given))
    if number not in held.lines:
        raise UsageError(texts.BATCH_DROPPED)
    return number
