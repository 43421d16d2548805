"""MMAD's questions put to a reasoner, each under every setting, with a journal of the answers.

A journal holds one line a question and one setting. Its name holds a hash of everything that
decides an answer, so a run that was ended or killed goes on where it was, and answers to another
file, by another model or of other code are never taken. What was written is kept as it came and
read anew each time.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from adapp.core.detector import Report
from adapp.core.errors import BadImage, ReasonerUnavailable
from adapp.core.reasoner import Explanation, Reasoner, ReasoningRequest, explain
from adapp.reasoning.letters import LETTERS, read_letter
from adapp.services.batch_journal import Journal, Line, read_lines
from adapp.services.mmad_questions import MmadQuestion
from adapp.services.mmad_settings import Evidence, Setting

OptionOrder: TypeAlias = Literal["file", "shuffled", "circular"]
ORDERS: Final[tuple[OptionOrder, ...]] = ("file", "shuffled", "circular")
Order: TypeAlias = tuple[int, ...]
"""Position in the file of the option behind each letter."""


@dataclass(frozen=True, slots=True)
class AskingOptions:
    """Who is asked, and how.

    Attributes:
        reasoner: One of ``reasoning.choose.REASONERS``; the evidence report cannot choose letters.
        base_url: Server given by the user; None takes the environment's.
        mode: In which orders options are shown.
        ablation: Whether pages alone and the expert alone are asked too.
        download: Whether absent weights of a local model may be fetched.
    """

    reasoner: str = "auto"
    base_url: str | None = None
    mode: OptionOrder = "file"
    ablation: bool = False
    download: bool = False


def orders(question: MmadQuestion, mode: OptionOrder, seed: int) -> tuple[Order, ...]:
    """Return the orders in which a question's options are shown, one for each time it is asked.

    ``file`` is MMAD's own; ``shuffled`` draws one from ``seed``, the same under every setting;
    ``circular`` turns them so that each option stands behind each letter once.
    """
    places = tuple(range(len(question.options)))
    if mode == "circular":
        return tuple(places[turn:] + places[:turn] for turn in places)
    if mode == "file":
        return (places,)
    drawn = hashlib.sha256(question.id.encode("utf-8", "backslashreplace")).digest()
    rng = np.random.default_rng([seed, int.from_bytes(drawn[:8], "big")])
    return (tuple(int(place) for place in rng.permutation(len(places))),)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to one question under one setting.

    Attributes:
        question: The question.
        orders: Orders of the options, one for each time it was asked.
        texts: What was written each time.
        model: Who wrote.
        seconds: Time of all the writing.
    """

    question: MmadQuestion
    orders: tuple[Order, ...]
    texts: tuple[str, ...]
    model: str
    seconds: float

    @property
    def letters(self) -> tuple[int | None, ...]:
        """Place of the letter that each answer names; None if it cannot be read."""
        options = self.question.options
        return tuple(
            read_letter(text, [options[place] for place in order])
            for text, order in zip(self.texts, self.orders, strict=True)
        )

    @property
    def right_letters(self) -> tuple[int, ...]:
        """Place of the right letter each time."""
        return tuple(order.index(self.question.answer) for order in self.orders)

    @property
    def right(self) -> float:
        """Share of the answers that are right; one that cannot be read is not."""
        pairs = zip(self.letters, self.right_letters, strict=True)
        return sum(said == wanted for said, wanted in pairs) / len(self.texts)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What decides every answer of a run.

    Attributes:
        digest: Hash of the question file.
        mode: In which orders options are shown.
        seed: Seed of shuffled orders.
        traits: What else decides an answer under a setting, JSON.
    """

    digest: str
    mode: OptionOrder
    seed: int
    traits: Callable[[Setting], Mapping[str, Any]]


@dataclass(slots=True, eq=False)
class Asking:
    """A run over questions.

    Attributes:
        conditions: What decides the answers.
        evidence: Finds what is shown.
        reasoner: Who answers.
        root: Folder that paths of pictures start in.
        folder: Where journals lie.
        report: Told the answers done of all; may be None.
        refused: Pictures that could not be read -> why.
        asked: Answers that were written in this run.
        kept: Answers that were there before.
    """

    conditions: Conditions
    evidence: Evidence
    reasoner: Reasoner
    root: Path
    folder: Path
    report: Report | None = None
    refused: dict[str, str] = field(default_factory=dict[str, str])
    asked: int = 0
    kept: int = 0

    def journal(self, setting: Setting) -> Path:
        """Return where the answers under a setting are kept."""
        told = json.dumps(self._key(setting), sort_keys=True).encode()
        digest = hashlib.sha256(told).hexdigest()[:16]
        return self.folder / f"mmad-{setting.name}-{digest}.jsonl"

    def answers(
        self, questions: Sequence[MmadQuestion], settings: Sequence[Setting]
    ) -> dict[str, list[Answered]]:
        """Return the answers under each setting by name, to the same questions in their order.

        A question whose pictures cannot be read is left out under all settings.

        Raises:
            ReasonerUnavailable: If the reasoner fails; what was answered before is kept.
            UsageError: If another run writes the same journal.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, list[Answered]] = {setting.name: [] for setting in settings}
        total = len(questions) * len(settings)
        with ExitStack() as stack:
            kept = {setting.name: self._read(setting) for setting in settings}
            journals = {
                setting.name: stack.enter_context(self._opened(setting)) for setting in settings
            }
            for number, question in enumerate(questions):
                self._tell(number * len(settings), total)
                try:
                    told = [
                        self._answer(question, setting, kept[setting.name], journals[setting.name])
                        for setting in settings
                    ]
                except BadImage as error:
                    self.refused[question.image] = str(error)
                    continue
                for setting, answered in zip(settings, told, strict=True):
                    found[setting.name].append(answered)
            self._tell(total, total)
        return found

    def _key(self, setting: Setting) -> dict[str, Any]:
        held = self.conditions
        return {
            "questions": held.digest,
            "options": held.mode,
            "seed": held.seed if held.mode == "shuffled" else None,
            "source": self.reasoner.source,
            "setting": asdict(setting),
            **held.traits(setting),
        }

    def _opened(self, setting: Setting) -> Journal:
        path = self.journal(setting)
        new = not path.is_file()
        journal = Journal(path)
        if new:
            journal.append({"key": self._key(setting)})
        return journal

    def _read(self, setting: Setting) -> dict[str, Line]:
        """Return what the journal of a setting holds, by question."""
        return {line["id"]: line for line in read_lines(self.journal(setting)) if "id" in line}

    def _tell(self, done: int, total: int) -> None:
        if self.report is not None:
            self.report("Asking", done, total)

    def _answer(
        self, question: MmadQuestion, setting: Setting, kept: Mapping[str, Line], journal: Journal
    ) -> Answered:
        wanted = orders(question, self.conditions.mode, self.conditions.seed)
        stamp = self._stamp(question)
        line = kept.get(question.id)
        if line is not None and line["picture"] == stamp:
            self.kept += 1
            return Answered(
                question, wanted, tuple(line["answers"]), line["model"], line["seconds"]
            )
        begun = time.perf_counter()
        request = self.evidence.request(setting, question)
        told = [
            self._explained(
                replace(request, options=tuple(question.options[place] for place in order))
            )
            for order in wanted
        ]
        seconds = time.perf_counter() - begun
        answered = Answered(
            question, wanted, tuple(one.text for one in told), told[-1].model, seconds
        )
        journal.append(
            {
                "id": question.id,
                "picture": stamp,
                "answers": answered.texts,
                "letters": [None if at is None else LETTERS[at] for at in answered.letters],
                "right": [LETTERS[at] for at in answered.right_letters],
                "model": answered.model,
                "seconds": seconds,
            }
        )
        self.asked += 1
        return answered

    def _explained(self, request: ReasoningRequest) -> Explanation:
        """Return a whole answer of the reasoner that was chosen, and of no other.

        Raises:
            ReasonerUnavailable: If there is none.
        """
        try:
            found = explain(self.reasoner, request)
        except ReasonerUnavailable as error:
            raise self._failure(str(error)) from error
        if found.source != self.reasoner.source:
            raise self._failure(found.fallback_reason or f"{found.model} answered instead")
        broken = next((flag.detail for flag in found.flags if flag.kind == "interrupted"), None)
        if broken is not None:
            raise self._failure(broken)
        return found

    def _failure(self, why: str) -> ReasonerUnavailable:
        done = self.asked + self.kept
        return ReasonerUnavailable(
            f"{why.rstrip('.')}; {done} answers are kept, the same command goes on from there"
        )

    def _stamp(self, question: MmadQuestion) -> list[int]:
        """Return size and time of a question's two pictures: changed ones are asked about anew."""
        found = [(self.root / path).stat() for path in (question.image, question.template)]
        return [number for one in found for number in (one.st_size, one.st_mtime_ns)]
