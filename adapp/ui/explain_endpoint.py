"""The public endpoint that explains: one inspection, one question, one answer with its pages."""

from pathlib import Path
from typing import Any

from adapp.core.errors import UsageError
from adapp.services.case import case_of
from adapp.services.explaining import Question, answer, answer_json
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.regions import Thresholds
from adapp.ui.app_services import AppServices
from adapp.ui.form import problems, refuse

MOST_CHARACTERS = 1000


class ExplainEndpoint:
    """The function behind the endpoint.

    Args:
        services: What the app is built from.
    """

    def __init__(self, services: AppServices) -> None:
        self._services = services

    def explain(
        self,
        support: list[str] | None,
        query: list[str] | None,
        method: str,
        category: str,
        question: str,
        pages: list[str] | None,
        preset: str,
        checkpoint: str,
        seed: int,
    ) -> dict[str, Any]:
        """Inspect one picture and answer a question about it from findings and knowledge pages.

        Args:
            support: Pictures of normal parts, 1 to 16; zero-shot methods need none.
            query: The picture to ask about, exactly one.
            method: Name of the method; see the methods endpoint.
            category: Name of the part; may be empty. It helps to find the right pages.
            question: What to answer, in English, German, Chinese or Japanese.
            pages: Pages of your own for this question alone: Markdown, text, PDF or pictures.
                They are marked as not checked and only ever quoted.
            preset: Frozen encoder behind the method.
            checkpoint: "open" (usable in a plant) or "research" (evaluation only).
            seed: Seed of everything random.

        Returns:
            The detector's verdict, the answer, the cited pages with their scores, who wrote it,
            tokens and seconds, flags on whatever a reader has to know, and, from methods that name
            them, the types of defect it rests on. The verdict is the detector's, whatever the
            answer says.
        """
        request = InspectionRequest(
            method=method,
            preset=preset,
            checkpoint=checkpoint,
            category=category.strip(),
            support=_paths(support),
            query=_paths(query),
            seed=int(seed),
        )
        refuse(problems(method, request.support, request.query))
        if len(request.query) != 1:
            msg = f"Ask about one picture at a time, here are {len(request.query)}."
            raise UsageError(msg)
        if not question.strip() or len(question) > MOST_CHARACTERS:
            msg = f"Give a question of 1 to {MOST_CHARACTERS} characters."
            raise UsageError(msg)
        explainer = self._services.explainer
        own = explainer.read(_paths(pages)) if pages else None
        found = drain(inspect(request, self._services.pool))
        case = case_of(found, 0, Thresholds.of(found.calibration))
        asked = Question(question.strip())
        return answer_json(case, asked.text, answer(explainer.ask(case, asked, own)))


def _paths(files: list[str] | None) -> tuple[Path, ...]:
    return tuple(Path(file) for file in files or ())
