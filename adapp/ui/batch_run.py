"""Running a batch from the tab: pictures in, progress, stop; the table fills while it runs."""

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import gradio as gr

from adapp.core.errors import AdappError, Cancelled, UsageError
from adapp.methods.registry import METHODS
from adapp.services.batch import run_batch
from adapp.services.batch_journal import read_lines
from adapp.services.batch_manifest import BatchRequest, read_manifest
from adapp.services.progress import Step, streamed
from adapp.ui import batch_view, page_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.batch_draw import BatchDrawing
from adapp.ui.batch_parts import BatchLayout, HeldBatch
from adapp.ui.form import Form, form_of, pixels, refuse, support_problem
from adapp.ui.inspect_draw import Updates
from adapp.ui.intake import SUFFIXES

MOST_PICTURES = 200
MOST_PIXELS = 200_000_000
"""Pixels that the pictures of a batch may have together; bounds the space of its maps on disk."""

_EVERY_SECONDS = 1.0  # between two drawings of the table


class BatchHandlers:
    """Handlers of everything that fills, starts or ends a batch.

    Args:
        services: What the app is built from.
        layout: The tab's components.
    """

    def __init__(self, services: AppServices, layout: BatchLayout) -> None:
        self._services = services
        self._layout = layout
        self._draw = BatchDrawing(layout)

    def on_files(self, given: list[str], files: list[str] | None, *inputs: object) -> Updates:
        """Add pictures; what is no picture by its name is left out, by content it is told later."""
        added = [file for file in files or () if file.lower().endswith(SUFFIXES)]
        known = list(dict.fromkeys([*given, *added]))
        return {self._layout.given: known, **self.on_settings(known, *inputs)}

    def on_clear(self, *inputs: object) -> Updates:
        """Take all pictures away."""
        return {self._layout.given: [], **self.on_settings([], *inputs)}

    def on_settings(self, given: list[str], *inputs: object) -> Updates:
        """Tell what a batch would inspect, and with what."""
        form = form_of(inputs)
        title = METHODS[form.method].title if form.method in METHODS else form.method
        told = batch_view.settings_html(len(given), len(form.support or ()), title)
        return {self._layout.settings: told}

    def on_run(
        self, browser: gr.Request, older: HeldBatch | None, given: list[str], *inputs: object
    ) -> Iterator[Updates]:
        """Yield the page's updates while the batch runs."""
        session = f"{browser.session_hash} batch"
        stop = self._services.runs.begin(session)
        held: HeldBatch | None = None
        try:
            request = request_of(form_of(inputs), given)
            if older is not None:
                older.drop()
            held = HeldBatch(
                Path(tempfile.mkdtemp(prefix="adapp-batch-")), total=len(request.query)
            )
            yield {**self._busy(), self._layout.held: held, self._layout.detail: ""}
            yield from self._steps(request, held, stop.is_set)
        except Exception as failure:
            told = str(failure) if isinstance(failure, AdappError) else ""
            yield {self._layout.progress: page_view.message_html(told, "error"), **self._idle()}
            raise
        finally:
            self._services.runs.end(session, stop)

    def on_stop(self, browser: gr.Request) -> None:
        """Tell the session's batch to end after the picture it is at; what is finished stays."""
        self._services.runs.stop(f"{browser.session_hash} batch")

    def _steps(
        self, request: BatchRequest, held: HeldBatch, stopped: Callable[[], bool]
    ) -> Iterator[Updates]:
        begun = time.monotonic()
        drawn = 0.0
        pace: tuple[float, int] | None = None
        try:
            with closing(_work(request, held, self._services, stopped)) as steps:
                for step in steps:
                    if step.stage != "Inspecting":
                        bar = page_view.progress_html(step.stage, step.done, step.total)
                        yield {self._layout.progress: bar}
                        continue
                    now = time.monotonic()
                    pace = pace or (now, step.done)
                    left = _left(now - pace[0], step.done - pace[1], step.total - step.done)
                    bar = batch_view.progress_html(step.done, step.total, left)
                    updates: Updates = {self._layout.progress: bar}
                    if now - drawn >= _EVERY_SECONDS:
                        drawn = now
                        updates |= self._arrived(held)
                    yield updates
            spent = batch_view.duration(time.monotonic() - begun)
            told = texts.BATCH_ENDED.format(done=held.total, total=held.total, seconds=spent)
        except Cancelled:
            told = ""
        updates = self._arrived(held)
        told = told or texts.BATCH_STOPPED.format(done=len(held.lines), total=held.total)
        yield {**updates, self._layout.progress: page_view.message_html(told), **self._idle()}

    def _arrived(self, held: HeldBatch) -> Updates:
        """Take what the journal holds by now and return the updates that show it."""
        if held.folder is None:
            return {}
        first = not held.lines
        for line in read_lines(held.folder.journal):
            if line["number"] not in held.lines:
                held.lines[line["number"]] = {
                    key: told for key, told in line.items() if key != "segmentations"
                }
        if not held.run and held.folder.manifest.exists():
            held.run = read_manifest(held.folder.manifest).get("run", {})
        if not held.lines or not held.run:
            return {}
        if held.threshold is None:
            held.threshold = float(held.run["thresholds"]["image"])
        return {**(self._draw.slider(held) if first else {}), **self._draw.whole(held)}

    def _busy(self) -> Updates:
        return {
            self._layout.run: gr.Button(interactive=False),
            self._layout.stop: gr.Button(interactive=True),
            self._layout.progress: page_view.progress_html(texts.WAITING, 0, 0),
            self._layout.table: "",
            self._layout.figures: "",
            self._layout.histogram: "",
        }

    def _idle(self) -> Updates:
        return {
            self._layout.run: gr.Button(interactive=True),
            self._layout.stop: gr.Button(interactive=False),
        }


def request_of(form: Form, given: list[str]) -> BatchRequest:
    """Return the batch that is asked for: given pictures, everything else of the Inspect tab.

    Raises:
        UsageError: If pictures or normals are missing or too many.
    """
    asked = form.request()
    query = tuple(Path(file) for file in given)
    if not query:
        raise UsageError(texts.BATCH_EMPTY)
    if asked.tiles > 1:
        raise UsageError(texts.NO_TILES_HERE)
    if len(query) > MOST_PICTURES:
        raise UsageError(texts.BATCH_TOO_MANY.format(most=MOST_PICTURES, count=len(query)))
    size = sum(pixels(path) for path in query)
    if size > MOST_PIXELS:
        raise UsageError(texts.BATCH_TOO_LARGE.format(size=size / 1e6, most=MOST_PIXELS / 1e6))
    refuse((support_problem(asked.method, asked.support), ""))
    return BatchRequest(
        method=asked.method,
        preset=asked.preset,
        checkpoint=asked.checkpoint,
        category=asked.category,
        support=asked.support,
        query=query,
        tune=asked.tune,
        maps=("fused",),
    )


def _work(
    request: BatchRequest, held: HeldBatch, services: AppServices, stopped: Callable[[], bool]
) -> Generator[Step, None, object]:
    folder = held.folder
    if folder is None:
        raise UsageError(texts.BATCH_DROPPED)
    return streamed(
        lambda report: run_batch(
            request, folder.root, services.pool, report=report, tell=lambda _: None
        ),
        stopped,
    )


def _left(spent_s: float, done: int, left: int) -> float | None:
    """Return the time that is left at the pace so far; None while there is no pace."""
    return None if done < 1 else spent_s / done * left
