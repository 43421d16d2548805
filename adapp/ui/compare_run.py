"""Handlers of the Compare tab: run, stop, look, masks, files."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from adapp.core.errors import AdappError, UsageError
from adapp.services.comparison import CompareRequest, Comparison, compare
from adapp.services.comparison_figure import write_comparison
from adapp.services.comparison_table import agreement, compare_rows
from adapp.services.ground_truth import read_truths
from adapp.services.regions import verdict
from adapp.ui import compare_view, page_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.compare_parts import CompareLayout, HeldComparison, comparison_bytes
from adapp.ui.export_files import cached
from adapp.ui.form import Form, form_of, query_problem, refuse, size_problem
from adapp.ui.inspect_draw import Updates
from adapp.ui.inspect_inputs import InputHandlers
from adapp.ui.inspect_parts import InspectLayout


class CompareHandlers:
    """What answers the events of the tab.

    Args:
        services: What the app is built from.
        layout: The tab's components.
        entry: Handlers of the Inspect tab's inputs, whose pictures are compared.
        inspecting: The Inspect tab's components.
    """

    def __init__(
        self,
        services: AppServices,
        layout: CompareLayout,
        entry: InputHandlers,
        inspecting: InspectLayout,
    ) -> None:
        self._services = services
        self._layout = layout
        self._entry = entry
        inputs, notes = inspecting.inputs, inspecting.actions
        self.filled: list[gr.blocks.Block] = [
            *(inputs.support, inputs.query, inputs.category, inputs.tune),
            *(notes.support_note, notes.query_note),
        ]
        self._method = inputs.method

    def on_pictures(self, *inputs: object) -> str:
        """Tell which pictures a comparison will use."""
        form = form_of(inputs)
        return compare_view.pictures_html(len(form.support or ()), len(form.query or ()))

    def on_example(self, event: gr.EventData, method: str) -> Updates:
        """Fill the shared inputs with an example."""
        found = self._entry.on_example(event, None, method)
        return {part: found[part] for part in self.filled if part in found} | self._busy()

    def on_compare(
        self, browser: gr.Request, methods: Sequence[str], limit: str, *inputs: object
    ) -> Iterator[Updates]:
        """Yield the page's updates while the methods run, one after the other."""
        session = str(browser.session_hash)
        stop = self._services.runs.begin(session)
        held = self._services.shelf.take(HeldComparison())
        held.limit = limit
        told = ""
        try:
            request = request_of(form_of(inputs), methods)
            check_comparison(request)
            yield {**self._busy(), self._layout.pictures: self.on_pictures(*inputs)}
            shown = 0
            for update in compare(request, self._services.pool, stop.is_set):
                bar = page_view.progress_html(update.stage, update.done, update.total)
                updates: Updates = {self._layout.progress: bar}
                found = update.comparison
                if found is not None:
                    held.comparison = found
                    if len(found.runs) > shown:
                        self._services.paces.note(found.runs[-1].inspection)
                        self._services.shelf.grown(held, comparison_bytes(found))
                        updates |= {
                            self._layout.held: held,
                            **self._draw(held, found),
                            self._layout.truth_note: page_view.message_html(texts.TRUTH_HINT),
                        }
                    shown = len(found.runs)
                    told = texts.COMPARE_STOPPED.format(done=shown) if found.stopped else ""
                elif update.stage == "Stopped":
                    told = texts.STOPPED_EMPTY
                yield updates
            yield {self._layout.progress: page_view.message_html(told), **self._idle()}
        except Exception as failure:
            sentence = str(failure) if isinstance(failure, AdappError) else ""
            yield {self._layout.progress: page_view.message_html(sentence, "error"), **self._idle()}
            raise
        finally:
            self._services.runs.end(session, stop)

    def on_stop(self, browser: gr.Request, held: HeldComparison | None) -> Updates:
        """End the session's run; the methods that are done stay."""
        self._services.runs.stop(str(browser.session_hash))
        told = texts.STOPPED_EMPTY
        if held is not None and held.comparison is not None:
            held.comparison = replace(held.comparison, stopped=True)
            told = texts.COMPARE_STOPPED.format(done=len(held.comparison.runs))
        return {self._layout.progress: page_view.message_html(told), **self._idle()}

    def on_choose(self, event: gr.EventData, held: HeldComparison | None, limit: str) -> Updates:
        """Show another picture."""
        holder, found = _alive(held)
        holder.chosen = min(max(int(event.key), 0), found.queries - 1)
        holder.limit = limit
        return self._draw(holder, found)

    def on_limit(self, held: HeldComparison | None, limit: str) -> Updates:
        """Show the regions above another limit."""
        holder, found = _alive(held)
        holder.limit = limit
        return self._draw(holder, found)

    def on_masks(self, held: HeldComparison | None, limit: str, files: list[str] | None) -> Updates:
        """Take true masks and show what the maps are worth by them."""
        if held is None or held.comparison is None:
            return {}
        pictures = [one.image for one in held.comparison.runs[0].inspection.outcomes]
        held.limit = limit
        held.truths |= read_truths([Path(file) for file in files or ()], pictures)
        names = ", ".join(truth.name for truth in held.truths.values())
        told = texts.TRUTH_READ.format(names=names) if names else texts.TRUTH_HINT
        return {
            **self._draw(held, held.comparison),
            self._layout.truth_note: page_view.message_html(told),
        }

    def on_export(self, kind: str, held: HeldComparison | None, limit: str) -> str:
        """Return a file with the comparison of the picture that is shown."""
        holder, found = _alive(held)
        with tempfile.TemporaryDirectory(prefix="adapp-compare-") as name:
            files = write_comparison(
                found, holder.chosen, percentile(limit), holder.truths, Path(name)
            )
            return cached(files[kind])

    def _draw(self, held: HeldComparison, found: Comparison) -> Updates:
        chosen = held.chosen
        rows = compare_rows(found, chosen, percentile(held.limit), held.truths.get(chosen))
        return {
            self._layout.strip: compare_view.strip_html(found, votes(found), chosen),
            self._layout.grid: compare_view.grid_html(chosen, rows, agreement(rows)),
            self._layout.table: compare_view.table_html(rows, found.absent),
        }

    def _busy(self) -> Updates:
        return {
            self._layout.run: gr.Button(interactive=False),
            self._layout.stop: gr.Button(interactive=True),
            self._layout.progress: page_view.progress_html(texts.WAITING, 0, 0),
        }

    def _idle(self) -> dict[gr.blocks.Block, Any]:
        return {
            self._layout.run: gr.Button(interactive=True),
            self._layout.stop: gr.Button(interactive=False),
        }


def request_of(form: Form, methods: Sequence[str]) -> CompareRequest:
    """Return the comparison that is asked for: the inputs of the Inspect tab, several methods.

    Raises:
        UsageError: If pictures are to be cut into tiles, for which there is no common scale.
    """
    asked = form.request()
    if asked.tiles > 1:
        raise UsageError(texts.NO_TILES_HERE)
    return CompareRequest(
        methods=tuple(methods),
        preset=asked.preset,
        checkpoint=asked.checkpoint,
        category=asked.category,
        support=asked.support,
        query=asked.query,
    )


def votes(found: Comparison) -> list[int]:
    """Return how many methods call each picture anomalous."""
    return [
        sum(
            verdict(
                run.inspection.outcomes[number].result.score, run.inspection.calibration
            ).anomalous
            for run in found.runs
        )
        for number in range(found.queries)
    ]


def percentile(limit: str) -> float | None:
    """Return the percentile that a choice of the limit stands for; None is the calibrated one."""
    return None if limit == "calibrated" else float(limit)


def check_comparison(request: CompareRequest) -> None:
    """Let a request pass that fits into a session.

    Raises:
        UsageError: If there is no method or no picture, or there are too many.
    """
    if not request.methods:
        raise UsageError(texts.NO_METHOD_CHOSEN)
    problem = query_problem(request.query)
    refuse(("", problem or size_problem(request.support, request.query, len(request.methods))))


def _alive(held: HeldComparison | None) -> tuple[HeldComparison, Comparison]:
    if held is None or held.comparison is None:
        raise UsageError(texts.COMPARISON_DROPPED)
    return held, held.comparison
