"""What MMAD's answers add up to: lines of ADSeeker's table 5, paired gains, letters, remarks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from adapp.evaluation.multiple_choice import (
    AVERAGE,
    Graded,
    accuracies,
    by_dataset,
    gains,
    recalls,
)
from adapp.reasoning.choose import Choice
from adapp.reasoning.letters import LETTERS
from adapp.services.mmad_asking import Answered, Asking, OptionOrder
from adapp.services.mmad_questions import FILE, QUESTIONS, MmadFile
from adapp.services.mmad_settings import SEEK, VANILLA, Setting
from adapp.services.paper_tables import PaperRow, PaperTable

Json: TypeAlias = dict[str, Any]
_NAMED = 4  # categories named before "and N more"


@dataclass(frozen=True, slots=True, eq=False)
class MmadRun:
    """A finished run.

    Attributes:
        file: The questions there were.
        asking: How they were asked.
        choice: Who was asked.
        mode: In which orders options were shown.
        seed: Seed of what was drawn.
        settings: Settings that were asked, vanilla first.
        answers: Answers by setting, to the same questions in the same order.
    """

    file: MmadFile
    asking: Asking
    choice: Choice
    mode: OptionOrder
    seed: int
    settings: tuple[Setting, ...]
    answers: Mapping[str, Sequence[Answered]]

    @property
    def whole(self) -> bool:
        """Whether all of MMAD's questions were asked in its own order of the options."""
        asked = len(self.answers[VANILLA.name])
        return self.mode == "file" and asked == self.file.total == QUESTIONS

    @property
    def models(self) -> dict[str, int]:
        """Number of answers by the model that wrote them."""
        return dict(Counter(one.model for told in self.answers.values() for one in told))


def empty_result(table: PaperTable, reason: str) -> Json:
    """Return the parts of a table none of whose lines can be measured."""
    return {
        "rows": [{**_line(table, row), "reason": reason} for row in table.rows],
        "remarks": [],
        "own": table.own,
        "evaluations": {"measured": 0, "reused": 0},
        "mmad": None,
    }


def result(table: PaperTable, run: MmadRun, reasons: Mapping[str, str], limit: int | None) -> Json:
    """Return the parts of a table's JSON that a run fills.

    Args:
        table: The table.
        run: The run.
        reasons: Why a setting could not be asked, by name.
        limit: Largest number of pictures a category; None if all were taken.
    """
    graded = {name: [_graded(one) for one in told] for name, told in run.answers.items()}
    figures = {name: accuracies(answers) for name, answers in graded.items()}
    column = _column(run.models, table.columns)
    rows = []
    for row in table.rows:
        line = _line(table, row)
        if row.label in figures:
            printed = line["paper"].get(column) if run.whole else None
            rows.append(line | _filled(row, run, figures[row.label].get(row.metric), printed))
        else:
            rows.append({**line, "reason": reasons.get(row.label) or "it was not asked"})
    return {
        "rows": rows,
        "remarks": _remarks(run, column, limit),
        "own": column or table.own,
        "evaluations": {"measured": run.asking.asked, "reused": run.asking.kept},
        "mmad": _details(run, graded),
    }


def _line(table: PaperTable, row: PaperRow) -> Json:
    """Return a line without a figure."""
    return {
        "label": row.label,
        "data": ["MMAD"],
        "shots": row.shots,
        "variant": row.variant,
        "metric": row.metric,
        "paper": dict(zip(table.columns, row.values, strict=True)),
        "measured": None,
        "sd": None,
        "difference": None,
        "categories": 0,
        "complete": False,
        "reason": "",
    }


def _filled(row: PaperRow, run: MmadRun, measured: float | None, printed: float | None) -> Json:
    if measured is None:
        return {"reason": f"{row.label}: none of the questions asked tells of {row.metric}"}
    asked = (one.question for one in run.answers[row.label])
    groups = {(q.dataset, q.category) for q in asked if row.metric in {AVERAGE, q.task}}
    return {
        "measured": measured,
        "difference": None if printed is None else measured - printed,
        "categories": len(groups),
        "complete": run.whole,
    }


def _graded(answered: Answered) -> Graded:
    question = answered.question
    return Graded(question.image, question.dataset, question.normal, question.task, answered.right)


def _column(models: Mapping[str, int], columns: Sequence[str]) -> str:
    """Return the column of the one model that answered; empty if the paper has none of it."""
    if len(models) != 1:
        return ""
    (model,) = models
    return next((c for c in columns if all(w in model.lower() for w in c.lower().split())), "")


def _details(run: MmadRun, graded: Mapping[str, Sequence[Graded]]) -> Json:
    asked = [one.question for one in run.answers[VANILLA.name]]
    expert = run.asking.evidence.expert
    return {
        "file": str(run.file.root / FILE),
        "sha256": run.file.digest,
        "published_questions": QUESTIONS,
        "questions": len(asked),
        "pictures": len({question.image for question in asked}),
        "options": run.mode,
        "seed": run.seed,
        "source": run.choice.reasoner.source,
        "models": run.models,
        "why": run.choice.why,
        "expert": None if expert is None else asdict(expert),
        "settings": {
            setting.name: {
                **_told(run.answers[setting.name], graded[setting.name]),
                "journal": str(run.asking.journal(setting)),
            }
            for setting in run.settings
        },
        "gains": {
            setting.name: {
                task: asdict(gain)
                for task, gain in gains(
                    graded[VANILLA.name], graded[setting.name], seed=run.seed
                ).items()
            }
            for setting in run.settings
            if setting != VANILLA
        },
    }


def _told(answers: Sequence[Answered], graded: Sequence[Graded]) -> Json:
    """Return what one setting's answers add up to."""
    normal, anomalous = recalls(graded)
    said = Counter(letter for one in answers for letter in one.letters)
    wanted = Counter(letter for one in answers for letter in one.right_letters)
    each = sum(len(one.texts) for one in answers)
    seen = [at for at in (*said, *wanted) if at is not None]
    return {
        "accuracy": accuracies(graded),
        "by_dataset": by_dataset(graded),
        "recall_normal": normal,
        "recall_anomalous": anomalous,
        "answers": each,
        "unreadable": said[None],
        "letters": {
            LETTERS[at]: {"chosen": said[at], "right": wanted[at]}
            for at in range(max(seen, default=-1) + 1)
        },
        "right_in_every_order": sum(one.right == 1 for one in answers),
        "seconds_per_answer": sum(one.seconds for one in answers) / each if each else None,
    }


def _remarks(run: MmadRun, column: str, limit: int | None) -> list[str]:
    """Return what a reader must know before a figure is held against a printed one."""
    told = list(run.file.remarks)
    asked = len(run.answers[VANILLA.name])
    if limit is not None:
        told.append(f"At most {limit} pictures a category: not comparable with the paper.")
    if asked != QUESTIONS:
        told.append(f"{asked} of MMAD's {QUESTIONS:,} questions were asked.")
    told += [f"{name} was left out: {why}" for name, why in run.asking.refused.items()]
    if run.mode != "file":
        told.append(f"Options were {run.mode}; MMAD shows them in the order of its file.")
    if len(run.models) > 1:
        shares = ", ".join(f"{name} ({count})" for name, count in run.models.items())
        told.append(f"Several models answered: {shares}.")
    elif run.models and not column:
        told.append(f"{next(iter(run.models))} answered; the paper has no column for it.")
    if SEEK in run.settings:
        told += _expert_remarks(run)
    return told


def _expert_remarks(run: MmadRun) -> list[str]:
    evidence = run.asking.evidence
    expert = evidence.expert
    told = [] if expert is None else [f"Expert: {text}." for text in expert.fallbacks]
    if expert is not None:
        told.append(f"The expert looks through {expert.backbone}.")
    learned = {name.rsplit("/", 1)[-1] for name in evidence.learned_from}
    seen = sorted({one.question.category for one in run.answers[SEEK.name]} & learned)
    if seen:
        shown = ", ".join(seen[:_NAMED])
        rest = "" if len(seen) <= _NAMED else f" and {len(seen) - _NAMED} more"
        told.append(
            f"Expert or page search learned from pictures of {shown}{rest}: no fair figure there."
        )
    return told
