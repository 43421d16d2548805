"""What a visitor asks for, as the page sends it, and whether it can be run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import gradio as gr

from adapp.core.errors import BadImage, UsageError
from adapp.data.images import inspect_file
from adapp.methods.registry import METHODS
from adapp.services.inspection import InspectionRequest
from adapp.ui import texts
from adapp.ui.intake import MOST_QUERY, MOST_SUPPORT, GalleryItems, paths

MOST_PIXELS = 96_000_000
"""Pixels that the pictures of one run may have together; bounds the memory of a result."""


class Form(NamedTuple):
    """The inputs of the tab, in the order of ``Inputs.all``."""

    support: GalleryItems
    support_originals: Mapping[str, str]
    query: GalleryItems
    query_originals: Mapping[str, str]
    method: str
    category: str
    preset: str
    checkpoint: str
    tune: bool
    tiles: int = 1

    def request(self) -> InspectionRequest:
        """Return the inspection that is asked for."""
        return InspectionRequest(
            method=self.method,
            preset=self.preset,
            checkpoint=self.checkpoint,
            category=self.category.strip(),
            support=paths(self.support, self.support_originals),
            query=paths(self.query, self.query_originals),
            tune=self.tune,
            tiles=int(self.tiles or 1),
        )


def form_of(values: tuple[object, ...]) -> Form:
    """Return the form that an event brought along."""
    return Form(*cast("tuple[Any, ...]", values))


def problems(method: str, support: tuple[Path, ...], query: tuple[Path, ...]) -> tuple[str, str]:
    """Return what keeps a run from starting: about the normal pictures, about the queries.

    An empty sentence means that nothing does.
    """
    return support_problem(method, support), query_problem(query) or size_problem(support, query)


def refuse(sentences: tuple[str, str]) -> None:
    """Raise the first problem that ``problems`` found, if any.

    Raises:
        UsageError: If there is one.
    """
    for sentence in sentences:
        if sentence:
            raise UsageError(sentence)


def validate(*values: object) -> list[dict[str, object]]:
    """Return one check per input of a press on Run; it takes no place in the queue."""
    form = form_of(values[: len(Form._fields)])
    request = form.request()
    support, query = problems(form.method, request.support, request.query)
    told = {"support": support, "query": query}
    sentences = [told.get(name, "") for name in Form._fields]
    sentences += [""] * (len(values) - len(sentences))
    return [gr.validate(not sentence, sentence) for sentence in sentences]


def support_problem(method: str, support: tuple[Path, ...]) -> str:
    """Return what is wrong with the number of normal pictures; empty if nothing is."""
    info = METHODS.get(method)
    if info is None:
        return texts.NO_METHOD.format(method=method, known=", ".join(METHODS))
    if not support and info.needs_support:
        others = [other.title for other in METHODS.values() if not other.needs_support]
        way_out = texts.OR_ZERO_SHOT.format(other=others[0]) if others else ""
        return texts.NEED_SUPPORT.format(method=info.title) + way_out + "."
    if len(support) > MOST_SUPPORT:
        return texts.TOO_MANY_SUPPORT.format(most=MOST_SUPPORT, count=len(support))
    return ""


def query_problem(query: tuple[Path, ...]) -> str:
    """Return what is wrong with the number of queries; empty if nothing is."""
    if not query:
        return texts.NEED_QUERY
    if len(query) > MOST_QUERY:
        return texts.TOO_MANY_QUERY.format(most=MOST_QUERY, count=len(query))
    return ""


def size_problem(support: tuple[Path, ...], query: tuple[Path, ...], methods: int = 1) -> str:
    """Return whether the pictures are too large together, the queries counted per method."""
    total = sum(pixels(path) for path in support)
    total += methods * sum(pixels(path) for path in query)
    if total <= MOST_PIXELS:
        return ""
    return texts.TOO_LARGE.format(size=total / 1e6, most=MOST_PIXELS / 1e6)


def pixels(path: Path) -> int:
    """Return how many pixels a picture has; 0 for a file that is none."""
    try:
        header = inspect_file(path)
    except BadImage:
        return 0  # the run says why it leaves this file out
    return header.width * header.height
