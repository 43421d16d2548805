"""Running an inspection from the tab: start, progress, stop, and whether a result is current."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

import gradio as gr

from adapp.core.errors import AdappError
from adapp.services.inspection import Inspection, InspectionRequest, inspect
from adapp.ui import page_view, session_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.form import form_of, problems, refuse
from adapp.ui.inspect_draw import Drawing, Updates, first_look
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.state import Held, Look


class RunHandlers:
    """Handlers of everything that starts, ends or outdates a run.

    Args:
        services: What the app is built from.
        layout: The tab's components.
    """

    def __init__(self, services: AppServices, layout: InspectLayout) -> None:
        self._services = services
        self._layout = layout
        self._results = layout.results
        self._draw = Drawing(layout)

    def on_detect(
        self,
        browser: gr.Request,
        older: Held | None,
        kind: str,
        colors: str,
        *inputs: object,
    ) -> Iterator[Updates]:
        """Yield the page's updates while an inspection runs; a result shows once it is there."""
        request = form_of(inputs).request()
        held = self._services.shelf.hold(len(request.query), other_tuning(older, request))
        held.shapes = () if older is None else older.shapes
        session = str(browser.session_hash)
        stop = self._services.runs.begin(session)
        try:
            refuse(problems(request.method, request.support, request.query))
            yield from self._steps(request, held, (kind, colors), stop.is_set)
        except Exception as failure:
            held.running = False
            shown = older if held.inspection is None else held
            told = str(failure) if isinstance(failure, AdappError) else ""
            yield {
                self._results.progress: page_view.message_html(told, "error"),
                self._results.stale: self.on_settings(shown, *inputs),
                **self.on_idle(),
            }
            raise
        finally:
            held.running = False
            self._services.runs.end(session, stop)

    def _steps(
        self,
        request: InspectionRequest,
        held: Held,
        shown: tuple[str, str],
        stopped: Callable[[], bool],
    ) -> Iterator[Updates]:
        finished = 0
        for update in inspect(request, self._services.pool, stopped):
            progress = page_view.progress_html(update.stage, update.done, update.total)
            updates: Updates = {self._results.progress: progress}
            if update.inspection is not None:
                self._services.shelf.fill(held, update.inspection)
                if len(update.inspection.outcomes) > finished:
                    updates |= self._arrived(held, update.inspection, shown, first=finished == 0)
                finished = len(update.inspection.outcomes)
            yield updates
        yield {self._results.progress: page_view.message_html(ending(held)), **self.on_idle()}

    def _arrived(
        self, held: Held, found: Inspection, shown: tuple[str, str], *, first: bool
    ) -> Updates:
        """Return the updates for a result that has just come in."""
        self._services.paces.note(found)
        found = held.seen() or found
        if not first and held.look is not None:
            return self._draw.overview(held, found, held.look)
        look = first_look(found, *shown)
        return {**self._fresh(held, found, look), self._results.held: held}

    def _fresh(self, held: Held, found: Inspection, look: Look) -> Updates:
        return {
            **self._draw.whole(held, found, look),
            **self._draw.maps(found, look),
            **self._draw.sliders(found),
            self._results.chosen: look.chosen,
            self._results.stale: "",
            self._results.empty: "",
        }

    def on_prepared(
        self, ready: Inspection, older: Held | None, kind: str, colors: str
    ) -> tuple[Held, Updates]:
        """Return a holder of a result that was made before, and what shows its map at once."""
        asked = ready.request
        held = self._services.shelf.hold(len(asked.query), other_tuning(older, asked))
        held.shapes = () if older is None else older.shapes
        held.running = False
        self._services.shelf.fill(held, ready)
        found = held.seen() or ready
        look = first_look(found, kind, colors)
        updates = self._fresh(held, found, look)
        return held, {
            **{part: updates[part] for part in self._layout.at_first() if part in updates},
            self._results.held: held,
            self._results.progress: page_view.message_html(texts.PREPARED),
            **self.on_idle(),
        }

    def on_rest(self, held: Held | None) -> Updates:
        """Return what a prepared result shows besides its map."""
        found = None if held is None else held.seen()
        if held is None or found is None or held.look is None:
            return {}
        updates = self._fresh(held, found, held.look)
        first = self._layout.at_first()
        return {part: told for part, told in updates.items() if part not in first}

    def on_stop(self, browser: gr.Request, held: Held | None, *inputs: object) -> Updates:
        """End the session's run; what it has finished stays."""
        self._services.runs.stop(str(browser.session_hash))
        told = texts.STOPPED_EMPTY
        if held is not None and held.running and held.inspection is not None:
            held.running = False
            held.inspection = replace(held.inspection, stopped=True)
            told = ending(held)
        return {
            self._results.progress: page_view.message_html(told),
            self._results.stale: self.on_settings(held, *inputs),
            **self.on_idle(),
        }

    def on_leave(self, browser: gr.Request) -> None:
        """End run and batch of a session whose tab was closed."""
        self._services.runs.stop(str(browser.session_hash))
        self._services.runs.stop(f"{browser.session_hash} batch")

    def on_run(self, *values: object) -> Updates:
        """Answer a press on Run; what is missing has been told by then."""
        return self.on_busy(cast("Held | None", values[-1]))

    def on_busy(self, held: Held | None) -> Updates:
        """Return the buttons while a run is in progress or waits for its turn."""
        actions = self._layout.actions
        earlier = held is not None and held.inspection is not None
        return {
            actions.run: gr.Button(interactive=False),
            actions.stop: gr.Button(interactive=True),
            self._results.progress: page_view.progress_html(texts.WAITING, 0, 0),
            self._results.stale: page_view.message_html(texts.EARLIER if earlier else "", "stale"),
        }

    def on_idle(self) -> Updates:
        """Return the buttons while none is."""
        actions = self._layout.actions
        return {
            actions.run: gr.Button(interactive=True),
            actions.stop: gr.Button(interactive=False),
        }

    def on_settings(self, held: Held | None, *inputs: object) -> str:
        """Return the remark that greys a result whose settings are no longer the chosen ones."""
        if held is None or held.inspection is None or held.running:
            return ""
        current = form_of(inputs).request() == held.inspection.request
        return "" if current else page_view.message_html(texts.STALE, "stale")

    def on_form(self, held: Held | None, *inputs: object) -> Updates:
        """Return what follows from the settings: an outdated result, and the time of a run."""
        asked = form_of(inputs).request()
        older = None if held is None else held.inspection
        seconds = self._services.paces.estimate(asked, learned=has_learned(older, asked))
        return {
            self._results.stale: self.on_settings(held, *inputs),
            self._layout.actions.estimate: session_view.estimate_html(seconds, asked),
        }

    def on_tune(self, held: Held | None, kind: str, colors: str, *inputs: object) -> Updates:
        """Bring back the result with the other tuning, if this session has made it."""
        stale = self.on_settings(held, *inputs)
        if held is None or held.inspection is None or not stale:
            return {self._results.stale: stale}
        if held.twin is None or held.twin.request != form_of(inputs).request():
            return {self._results.stale: stale}
        held.inspection, held.twin = held.twin, held.inspection
        held.pairs.clear()
        found = held.seen() or held.inspection
        look = first_look(found, kind, colors)
        return self._fresh(held, found, look)


def other_tuning(older: Held | None, request: InspectionRequest) -> Inspection | None:
    """Return what a session already knows of ``request`` with tuning switched the other way."""
    if older is None:
        return None
    wanted = replace(request, tune=not request.tune)
    known = (older.inspection, older.twin)
    return next((one for one in known if one is not None and one.request == wanted), None)


def has_learned(older: Inspection | None, asked: InspectionRequest) -> bool:
    """Return whether an earlier run of the session has learned the normal pictures of ``asked``."""
    return older is not None and older.request == replace(
        asked, query=older.request.query, tune=older.request.tune
    )


def ending(held: Held) -> str:
    """Return how a run ended, in words; empty if it simply finished."""
    if held.inspection is None:
        return texts.STOPPED_EMPTY
    done = len(held.inspection.outcomes)
    return f"Stopped: {done} of {held.asked} finished and kept." if held.inspection.stopped else ""
