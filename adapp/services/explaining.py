"""Answer a question about an inspected part: find pages, ask a reasoner, stream the words.

Light to import: encoders and models are loaded with the first question and then shared.
"""

import importlib
import re
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from adapp.core.reasoner import (
    Explanation,
    Passage,
    ReasoningRequest,
    Topic,
    Turn,
    never,
)
from adapp.core.results import RgbImage
from adapp.core.settings import Settings
from adapp.knowledge.pages import Page
from adapp.reasoning.choose import Choice, ReasonerOptions, choose
from adapp.reasoning.question import QUICK_QUESTIONS, read_language, read_topics
from adapp.services.case import Case
from adapp.services.page_query import search_text
from adapp.services.page_shelf import PageShelf, shelf
from adapp.services.region_types import types_json

if TYPE_CHECKING:
    from adapp.knowledge.sampling import SamplingConfig
    from adapp.services.page_library import OwnPages, PageLibrary

Json: TypeAlias = dict[str, Any]

NO_NAME = (
    "No part name was given, so the pages were chosen by the picture and the question alone. Give "
    "the part's name to find the pages about it."
)
_QUICK = {text for told in QUICK_QUESTIONS.values() for text in told.values()}


@dataclass(frozen=True, slots=True)
class Question:
    """What a user asks.

    Attributes:
        text: The question.
        topic: Which quick question it is; None reads it off the words.
        history: Earlier turns about the same part, oldest first.
    """

    text: str
    topic: Topic | None = None
    history: tuple[Turn, ...] = ()

    def search_words(self, case: Case, known: re.Pattern[str] | None = None) -> str:
        """Return the words to search pages with.

        The text encoders read English: what was asked in another language, or by a button, is
        searched for by its topic. Words that name no part lead away from what the picture shows
        where the user has not named it either, so they are left out then.

        Args:
            case: The part that is asked about.
            known: Finds names of parts and defects; None takes every word for one.
        """
        plain = self.text in _QUICK or read_language(self.text) != "en"
        facts = case.facts
        if not facts.category.strip() and known is not None and not known.search(self.text):
            plain = True
        topics = (self.topic,) if self.topic else read_topics(self.text)
        return search_text(facts.category, facts.types, "" if plain else self.text, topics)


@dataclass(frozen=True, slots=True, eq=False)
class FoundPage:
    """A page that was retrieved, its score, and whether the answer cites it."""

    page: Page
    score: float
    cited: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A finished answer.

    Attributes:
        explanation: The words and who wrote them.
        pages: Retrieved pages, best first.
        why: Why this reasoner answered, one sentence.
        search_seconds: Time to find the pages.
        first_words_seconds: From the question to the first words.
        hint: What the user can give for better pages, one sentence; empty if nothing is missing.
    """

    explanation: Explanation
    pages: tuple[FoundPage, ...]
    why: str
    search_seconds: float
    first_words_seconds: float
    hint: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AnswerUpdate:
    """A step of a running answer: the words so far, the pages, at the end the whole answer."""

    text: str
    pages: tuple[FoundPage, ...]
    answer: Answer | None = None


class Explainer:
    """Answers questions about parts; one for all sessions.

    Args:
        preset: Whose encoders find pages.
        checkpoint: ``research`` takes the keys that all pictures taught; None follows the settings.
        library: Returns the knowledge base; None loads the project's with the first question.
        reasoner: Returns who answers; None chooses with the first question.
    """

    def __init__(
        self,
        preset: str,
        *,
        checkpoint: str | None = None,
        library: "Callable[[], PageLibrary] | None" = None,
        reasoner: Callable[[], Choice] | None = None,
    ) -> None:
        self._preset = preset
        self._settings = Settings()
        if checkpoint is not None:
            self._settings = replace(self._settings, checkpoint=checkpoint)
        self._load = library
        self._choose = reasoner or (lambda: choose("auto", ReasonerOptions()))
        self._choice: Choice | None = None
        self._guard = threading.Lock()

    @property
    def library(self) -> "PageLibrary":
        """The knowledge base; the first look loads the encoders.

        Raises:
            ModelUnavailable: If their weights are not on this machine.
            BadPage: If the pages are damaged.
        """
        if self._load is not None:
            return self._load()
        heavy = importlib.import_module("adapp.services.page_library")  # torch, faiss, sklearn
        return cast("PageLibrary", heavy.library(self._preset, self._settings))

    @property
    def shelf(self) -> PageShelf:
        """The pages to browse and to open; no encoder is loaded.

        Raises:
            BadPage: If the pages are damaged.
        """
        return shelf(self._preset, self._settings) if self._load is None else self._load().shelf

    @property
    def choice(self) -> Choice:
        """Who answers, chosen once."""
        with self._guard:
            if self._choice is None:
                self._choice = self._choose()
            return self._choice

    def ask(
        self,
        case: Case,
        question: Question,
        own: "OwnPages | None" = None,
        stop: Callable[[], bool] = never,
        sampling: "SamplingConfig | None" = None,
    ) -> Generator[AnswerUpdate, None, None]:
        """Yield the answer as it grows: first the pages without words, at last the whole answer.

        Args:
            case: The part; its verdict stays what it is.
            question: What is asked.
            own: Pages of the session.
            stop: Tells whether the user has stopped this answer.
            sampling: How pages are chosen.

        Raises:
            BadPage: If no page can be compared with the part.
            ReasonerUnavailable: If no word could be written.
            ModelUnavailable: If weights are not on this machine.
        """
        begun = time.perf_counter()
        found = self.search(case, question, own, sampling)
        searched = first = time.perf_counter() - begun
        yield AnswerUpdate("", found)
        request = self.request(case, question, found)
        choice, text = self.choice, ""
        for update in choice.reasoner.stream(request, stop):
            if update.text and not text:
                first = time.perf_counter() - begun
            text = update.text
            if update.explanation is None:
                yield AnswerUpdate(text, found)
                continue
            cited = set(update.explanation.cited)
            marked = tuple(replace(one, cited=one.page.id in cited) for one in found)
            hint = "" if case.facts.category.strip() else NO_NAME
            told = Answer(update.explanation, marked, choice.why, searched, first, hint)
            yield AnswerUpdate(text, marked, told)

    def prepare(self, case: Case) -> None:
        """Load and run once what the first question about a part would wait for.

        Whoever can see is shown pages as pictures: they are all drawn now, once for good.

        Raises:
            BadPage: If the pages are damaged.
            ModelUnavailable: If weights are not on this machine.
        """
        first = Question(QUICK_QUESTIONS["en"]["what"], topic="what")
        self.request(case, first, self.search(case, first))
        if self.choice.reasoner.source != "evidence_only":
            for page in self.shelf.pages:
                self.page_picture(page)

    def search(
        self,
        case: Case,
        question: Question,
        own: "OwnPages | None" = None,
        sampling: "SamplingConfig | None" = None,
    ) -> tuple[FoundPage, ...]:
        """Return the pages that answer a question about a part, best first.

        Raises:
            BadPage: If no page can be compared with it.
        """
        known = self.shelf.names if own is None else None
        query = case.page_query(question.search_words(case, known))
        hits = self.library.search(query, own, sampling).hits
        ranked = sorted(hits, key=lambda hit: hit.rank)
        return tuple(FoundPage(hit.page, hit.score) for hit in ranked)

    def request(
        self, case: Case, question: Question, found: Sequence[FoundPage]
    ) -> ReasoningRequest:
        """Return everything a reasoner may look at.

        Page pictures go in only for those who can see: drawing them takes time.
        """
        blind = self.choice.reasoner.source == "evidence_only"
        return ReasoningRequest(
            question=question.text,
            query=case.picture,
            facts=case.facts,
            anomaly_map=case.anomaly_map,
            regions=case.regions,
            passages=tuple(self._passage(one, blind=blind) for one in found),
            history=question.history,
            topic=question.topic,
        )

    def page(self, page_id: str, own: "OwnPages | None" = None) -> Page | None:
        """Return the page of an id, also out of a session's own; None if there is none."""
        return self.shelf.page(page_id, () if own is None else own.pages)

    def page_picture(self, page: Page) -> RgbImage:
        """Return a page as a picture, [1448, 1024, 3]."""
        return self.shelf.picture(page)

    def read(self, files: Sequence[Path], held: "OwnPages | None" = None) -> "OwnPages":
        """Return a session's pages after ``files`` came in.

        Raises:
            BadPage: If a file is no page, or the session would hold too many.
            BadImage: If a picture cannot be read.
        """
        return self.library.read(files, held)

    def close(self) -> None:
        """Let go of the reasoner's memory."""
        with self._guard:
            if self._choice is not None:
                self._choice.reasoner.close()

    def _passage(self, found: FoundPage, *, blind: bool) -> Passage:
        picture = None if blind else self.page_picture(found.page)
        return found.page.passage(found.score, picture)


def answer(updates: Generator[AnswerUpdate, None, None]) -> Answer:
    """Return the whole answer behind ``updates``."""
    final = None
    for update in updates:
        final = update.answer or final
    if final is None:
        msg = "a reasoner ended without an explanation"
        raise ValueError(msg)
    return final


def _types_json(case: Case) -> Json:
    """Return the defect types that the answer rests on; nothing where none are told."""
    if not case.facts.types:
        return {}
    accuracy = case.facts.type_accuracy
    return {
        "types": types_json(case.facts.types),
        "region_types": [
            {"box": list(region.box), "types": types_json(region.types)} for region in case.regions
        ],
        "type_accuracy": None if accuracy is None else asdict(accuracy),
    }


def answer_json(case: Case, question: str, told: Answer) -> Json:
    """Return an answer as JSON: verdict, words, pages with scores, who wrote it, cost."""
    words, facts = told.explanation, case.facts
    return {
        "question": question,
        "verdict": facts.label,
        "score": facts.score,
        "threshold": facts.threshold,
        "regions": len(case.regions),
        **_types_json(case),
        "answer": words.text,
        "language": words.language,
        "cited": list(words.cited),
        "pages": [
            {
                "id": one.page.id,
                "title": one.page.title,
                "score": one.score,
                "cited": one.cited,
                "trusted": one.page.trusted,
                "licence": one.page.licence,
            }
            for one in told.pages
        ],
        "source": words.source,
        "model": words.model,
        "model_licence": words.licence,
        "why": told.why,
        "hint": told.hint,
        "fallback_reason": words.fallback_reason,
        "tokens": None
        if words.tokens is None
        else {"prompt": words.tokens.prompt, "answer": words.tokens.answer},
        "seconds": {
            "search": told.search_seconds,
            "first_words": told.first_words_seconds,
            "answer": words.seconds,
        },
        "flags": [{"kind": flag.kind, "detail": flag.detail} for flag in words.flags],
    }
