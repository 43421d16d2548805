"""What the table of MMAD's questions says below its lines, as text."""

from collections.abc import Mapping
from typing import Any

from adapp.evaluation.multiple_choice import AVERAGE, TASKS
from adapp.evaluation.table import aligned

_ABSENT = "-"


def mmad_text(told: Mapping[str, Any]) -> list[str]:
    """Return the lines: who answered, gains with their intervals, recalls and letters."""
    models = ", ".join(told["models"]) or _ABSENT
    asked = f"{told['questions']} questions about {told['pictures']} pictures"
    order = {"file": "in the order of the file"}.get(told["options"], told["options"])
    lines = ["", f"answered by: {models} ({told['source']}); {asked}, options {order}"]
    for name, found in told["gains"].items():
        lines += ["", f"{name} against vanilla on the same questions, percent", *_gains(found)]
    lines += ["", *_settings(told["settings"])]
    return [*lines, *_letters(told["settings"]), ""]


def _gains(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    header = ["task", "difference", "95 % from", "to", "questions"]
    rows = [
        [
            task.replace("_", " "),
            f"{found[task]['difference']:+.2f}",
            _signed(found[task]["low"]),
            _signed(found[task]["high"]),
            str(found[task]["questions"]),
        ]
        for task in (*TASKS, AVERAGE)
        if task in found
    ]
    return aligned(header, rows)


def _settings(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    header = [
        *("setting", "average", "recall normal", "recall anomalous", "unreadable", "answers"),
        "s/answer",
    ]
    rows = [
        [
            name,
            _number(told["accuracy"][AVERAGE]),
            _number(told["recall_normal"]),
            _number(told["recall_anomalous"]),
            str(told["unreadable"]),
            str(told["answers"]),
            _number(told["seconds_per_answer"]),
        ]
        for name, told in settings.items()
    ]
    return aligned(header, rows)


def _letters(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return how often each letter was chosen and would have been right, per setting."""
    lines = []
    for name, told in settings.items():
        shares = [
            f"{letter} {count['chosen']}/{count['right']}"
            for letter, count in told["letters"].items()
        ]
        lines.append(f"letters chosen/right, {name}: {', '.join(shares) or _ABSENT}")
    return lines


def _number(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:+.2f}"
