"""The reasoner without a model: a report in complete sentences, each supported by the evidence.

Useful by itself where no language model runs, and labelled as what it is.
"""

import time
from collections.abc import Callable, Generator

from adapp.core.reasoner import (
    Explanation,
    Flag,
    ReasoningRequest,
    ReasoningUpdate,
    Source,
    never,
)
from adapp.reasoning.checks import cited_pages, shown
from adapp.reasoning.question import language_of
from adapp.reasoning.statements import Statement, statements

MODEL = "evidence report, no language model"


class EvidenceReasoner:
    """Writes a structured report from regions, types, nearest normal patches and pages."""

    @property
    def source(self) -> Source:
        """Nobody but the evidence."""
        return "evidence_only"

    @property
    def model(self) -> str:
        """Name that stands in a model's place."""
        return MODEL

    def stream(
        self, request: ReasoningRequest, stop: Callable[[], bool] = never
    ) -> Generator[ReasoningUpdate, None, None]:
        """Yield the report sentence by sentence; the first one comes at once."""
        begun = time.perf_counter()
        known = [passage.id for passage in request.passages]
        text, flags = "", list[Flag]()
        for statement in statements(request):
            if stop():
                flags.append(Flag("stopped", "The report was stopped before its end."))
                break
            flags += _withheld(statement)
            text = shown(text + _joined(text, statement), known)
            yield ReasoningUpdate(text)
        yield ReasoningUpdate(
            text,
            Explanation(
                text=text,
                source=self.source,
                model=self.model,
                cited=cited_pages(text, known),
                seconds=time.perf_counter() - begun,
                language=language_of(request),
                flags=tuple(flags),
            ),
        )

    def close(self) -> None:
        """Hold nothing, so let go of nothing."""


def _joined(text: str, statement: Statement) -> str:
    """Return a sentence with what separates it from the text before it."""
    if not text:
        return f"*{statement.text}*"
    if statement.item:
        return f"\n- {statement.text}"
    return f"\n\n{statement.text}"


def _withheld(statement: Statement) -> list[Flag]:
    if not statement.withheld:
        return []
    page = statement.support.removeprefix("page ")
    detail = f'Lines of page "{page}" were left out: they give orders or pass a verdict.'
    return [Flag("withheld", detail)]
