"""From a model's pieces of text to updates that are safe to show: what all models share."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from adapp.core.errors import ReasonerUnavailable
from adapp.core.reasoner import (
    Explanation,
    Flag,
    ReasoningRequest,
    ReasoningUpdate,
    Source,
    TokenCount,
)
from adapp.reasoning.checks import review, shown
from adapp.reasoning.question import language_of


@dataclass(frozen=True, slots=True)
class Ending:
    """How a model's answer ended.

    Attributes:
        tokens: What it read and wrote; None if it does not tell.
        flags: What to add to the flags of the text itself.
        model: The model that answered, if it says so itself.
    """

    tokens: TokenCount | None = None
    flags: tuple[Flag, ...] = ()
    model: str | None = None


STOPPED = Flag("stopped", "The answer was stopped before its end.")
SHORTENED = Flag("shortened", "The answer reached its longest permitted length and was cut there.")


def narrate(
    pieces: Generator[str, None, Ending],
    request: ReasoningRequest,
    *,
    source: Source,
    model: Callable[[], str],
    licence: str = "",
) -> Generator[ReasoningUpdate, None, None]:
    """Yield an update for each piece of an answer, then one with the checked explanation.

    Args:
        pieces: The answer as it is written; closing this generator closes them.
        request: What was asked.
        source: Who writes.
        model: Name of the model, asked for when the answer is complete.
        licence: What the model may be used for.

    Raises:
        ReasonerUnavailable: If ``pieces`` fails before the first word; later it becomes a flag.
    """
    begun = time.perf_counter()
    known = [passage.id for passage in request.passages]
    raw = ""
    try:
        while True:
            try:
                raw += next(pieces)
            except StopIteration as finished:
                ending: Ending = finished.value
                break
            except ReasonerUnavailable as failure:
                if not raw.strip():
                    raise
                ending = Ending(flags=(Flag("interrupted", str(failure)),))
                break
            yield ReasoningUpdate(shown(raw, known))
    finally:
        pieces.close()
    reviewed = review(raw, request)
    explanation = Explanation(
        text=reviewed.text,
        source=source,
        model=ending.model or model(),
        cited=reviewed.cited,
        seconds=time.perf_counter() - begun,
        tokens=ending.tokens,
        language=language_of(request),
        licence=licence,
        flags=(*reviewed.flags, *ending.flags),
    )
    yield ReasoningUpdate(reviewed.text, explanation)
