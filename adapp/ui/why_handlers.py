"""Answers in the Why panel: ask and stop; no verdict is made here."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Final

import gradio as gr

from adapp.core.errors import AdappError, UsageError
from adapp.knowledge.cleaning import visible
from adapp.services.case import case_of
from adapp.services.explaining import Question
from adapp.services.regions import Thresholds
from adapp.ui import knowledge_view, page_view, why_view
from adapp.ui.app_services import AppServices
from adapp.ui.inspect_draw import Updates
from adapp.ui.state import Held
from adapp.ui.why_layout import WhyLayout
from adapp.ui.why_state import Talk

NO_PART: Final = "There is no result to ask about: inspect a part first."
NO_QUESTION: Final = "Write a question first, or press one of the buttons."

REDRAW_SECONDS: Final = 0.1
"""Least time between two drawings of an answer: a fast model must not busy the browser."""


class WhyHandlers:
    """Handlers of the panel.

    Args:
        services: What the app is built from.
        layout: The panel's components.
    """

    def __init__(self, services: AppServices, layout: WhyLayout) -> None:
        self._explainer = services.explainer
        self._runs = services.answers
        self._layout = layout

    def on_ask(
        self, browser: gr.Request, talk: Talk, held: Held | None, chosen: int, words: str
    ) -> Iterator[Updates]:
        """Yield the panel while an answer is written."""
        session = str(browser.session_hash)
        stop = self._runs.begin(session)
        try:
            yield from self._answer(talk, held, chosen, visible(words).strip(), stop.is_set)
        except AdappError as refusal:
            yield {
                self._layout.message: page_view.message_html(str(refusal), "error"),
                **self.on_idle(),
            }
        finally:
            self._runs.end(session, stop)
        yield self.on_idle()

    def _answer(
        self,
        talk: Talk,
        held: Held | None,
        chosen: int,
        words: str,
        stopped: Callable[[], bool],
    ) -> Iterator[Updates]:
        inspection = None if held is None else held.seen()
        if held is None or inspection is None:
            raise UsageError(NO_PART)
        if not words:
            raise UsageError(NO_QUESTION)
        limits = held.look.thresholds if held.look else Thresholds.of(inspection.calibration)
        case = case_of(inspection, chosen, limits)
        key = part_key(held, chosen)
        question = Question(words, history=talk.history(key))
        exchange = talk.begin(key, words)
        talk.shown = key
        yield {**self._shown(talk), self._layout.question: "", self._layout.message: ""}
        shown = -math.inf
        try:
            for update in self._explainer.ask(case, question, talk.own, stopped):
                news = update.pages != exchange.pages
                exchange.text, exchange.pages = update.text, update.pages
                exchange.answer = update.answer
                if not news and time.monotonic() - shown < REDRAW_SECONDS:
                    continue
                shown = time.monotonic()
                chat: Updates = {self._layout.chat: why_view.chat_html(talk.about(talk.shown))}
                yield self._shown(talk) if news else chat
        finally:  # a closed tab and Stop end the generator here
            exchange.stopped = exchange.answer is None
        yield {**self._shown(talk), self._layout.talk: talk}

    def on_busy(self) -> Updates:
        """Return the buttons while an answer is written or waits for its turn."""
        layout = self._layout
        off: Updates = {button: gr.Button(interactive=False) for button in layout.asking()}
        return {**off, layout.stop: gr.Button(interactive=True)}

    def on_idle(self) -> Updates:
        """Return the buttons while none is."""
        layout = self._layout
        on: Updates = {button: gr.Button(interactive=True) for button in layout.asking()}
        return {**on, layout.stop: gr.Button(interactive=False)}

    def on_stop(self, browser: gr.Request, talk: Talk, held: Held | None, chosen: int) -> Updates:
        """End the session's answer; the words written so far stay."""
        self._runs.stop(str(browser.session_hash))
        key = "" if held is None else part_key(held, chosen)
        for exchange in talk.about(key)[-1:]:
            exchange.stopped = exchange.answer is None
        return {**self._shown(talk), **self.on_idle(), self._layout.talk: talk}

    def on_leave(self, browser: gr.Request) -> None:
        """End the answer of a session whose tab was closed."""
        self._runs.stop(str(browser.session_hash))

    def on_part(self, talk: Talk, held: Held | None, chosen: int) -> Updates:
        """Show what was asked about the part that is looked at now."""
        key = "" if held is None or held.inspection is None else part_key(held, chosen)
        talk.shown = key
        return {**self._shown(talk), self._layout.message: "", self._layout.page: ""}

    def _shown(self, talk: Talk) -> Updates:
        """Return what was asked about the part that is looked at, answered or not."""
        exchanges = talk.about(talk.shown)
        pages = exchanges[-1].pages if exchanges else ()
        return {
            self._layout.chat: why_view.chat_html(exchanges),
            self._layout.pages: knowledge_view.found_html(pages),
        }


def part_key(held: Held, chosen: int) -> str:
    """Return the name of one part of a session's result; no two runs share one."""
    return f"{held.key}-{chosen}"
