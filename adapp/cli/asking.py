"""``ask``: a question about one inspected part."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from adapp.cli.terminal import Progress, show
from adapp.core.errors import UsageError
from adapp.data.images import expand_paths
from adapp.methods.registry import METHODS
from adapp.reasoning.choose import ReasonerOptions, choose
from adapp.services.benchmark import write_json
from adapp.services.case import Case, case_of
from adapp.services.explaining import Answer, Explainer, Question, answer, answer_json
from adapp.services.inspection import (
    Inspection,
    InspectionRequest,
    InspectionUpdate,
    drain,
    inspect,
)
from adapp.services.pool import DetectorPool
from adapp.services.region_types import type_words
from adapp.services.regions import Thresholds


def run(arguments: argparse.Namespace) -> None:
    """Inspect, answer, print; write the JSON if asked for."""
    if not arguments.question.strip():
        msg = "The question is empty: give --question a sentence."
        raise UsageError(msg)
    files = _own_pages(arguments)
    options = ReasonerOptions(base_url=arguments.base_url, download=arguments.download)
    choice = choose(arguments.reasoner, options)  # refuses before anything is computed
    explainer = Explainer(
        arguments.preset, checkpoint=arguments.checkpoint, reasoner=lambda: choice
    )
    with Progress() as progress:
        found = _inspected(arguments, progress)
        limits = Thresholds.of(found.calibration, arguments.threshold, arguments.pixel_threshold)
        case = case_of(found, 0, limits)
        progress("Looking up pages", 0, 0)
        own = explainer.read(files) if files else None
        try:
            told = answer(explainer.ask(case, Question(arguments.question), own))
        finally:
            explainer.close()
        for note in (*found.provenance.fallbacks, *found.notes):
            progress.tell(note)
    if arguments.json is not None:
        write_json(answer_json(case, arguments.question, told), arguments.json)
    show(_text(case, told))


def after_stop(_: argparse.Namespace) -> str:
    """Return what is kept: nothing."""
    return "Nothing was written."


def _own_pages(arguments: argparse.Namespace) -> tuple[Path, ...]:
    """Return the files of ``--pages``.

    Raises:
        UsageError: If one of them does not exist.
    """
    for path in arguments.pages:
        if not path.is_file():
            msg = f"{path} is no file: give --pages Markdown, text, PDF or picture files."
            raise UsageError(msg)
    return tuple(arguments.pages)


def _inspected(arguments: argparse.Namespace, progress: Progress) -> Inspection:
    query = expand_paths([arguments.query])
    if len(query) != 1:
        msg = f"{arguments.query} holds {len(query)} pictures: ask about one at a time."
        raise UsageError(msg)
    request = InspectionRequest(
        method=arguments.method or _method(with_support=bool(arguments.support)),
        preset=arguments.preset,
        checkpoint=arguments.checkpoint,
        category=arguments.category,
        support=expand_paths(arguments.support) if arguments.support else (),
        query=query,
        variant=arguments.variant,
        seed=arguments.seed,
        size=arguments.size,
    )
    return drain(_told(inspect(request, DetectorPool()), progress))


def _told(updates: Iterator[InspectionUpdate], progress: Progress) -> Iterator[InspectionUpdate]:
    for update in updates:
        progress(update.stage, update.done, update.total)
        yield update


def _method(*, with_support: bool) -> str:
    """Return the first method that works with what is given.

    Raises:
        UsageError: If none works without normal pictures and none were given.
    """
    for info in METHODS.values():
        if info.learns_support if with_support else not info.needs_support:
            return info.name
    msg = "Every method here compares with normal parts: give --support pictures of good parts."
    raise UsageError(msg)


def _text(case: Case, told: Answer) -> str:
    facts, words = case.facts, told.explanation
    pages = [
        f"{one.score:.3f}\t{'cited' if one.cited else '-'}\t{one.page.id}\t{one.page.title}"
        for one in told.pages
    ]
    tokens = "" if words.tokens is None else f", {words.tokens.answer} tokens"
    fallback = words.fallback_reason
    reasons = [told.why, *([fallback] if fallback and fallback not in told.why else [])]
    reasons += [told.hint] if told.hint else []
    return "\n".join(
        [
            f"verdict\t{facts.label}\tscore {facts.score:.4f}\tthreshold {facts.threshold:.4f}",
            *(f"type\t{type_words(kind)}" for kind in facts.types),
            "",
            words.text,
            "",
            *pages,
            "",
            f"written by\t{words.source}\t{words.model}\t{words.seconds:.2f} s{tokens}",
            *([f"licence\t{words.licence}"] if words.licence else []),
            *(f"note\t{reason}" for reason in reasons),
            *(f"flag\t{flag.kind}\t{flag.detail}" for flag in words.flags),
        ]
    )
