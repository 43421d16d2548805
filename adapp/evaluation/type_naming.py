"""How often the right type of defect is named: accuracies in percent, and who is taken for whom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sklearn.metrics import confusion_matrix

from adapp.evaluation.table import aligned

Figures: TypeAlias = dict[str, Any]
CHANCE: Final = "any of the types that the method knows, one as likely as another"
"""What guessing means here."""
AMONG: Final = 3
"""Types that count beside the first."""
_ABSENT = "-"


@dataclass(frozen=True, slots=True)
class NamedDefect:
    """One defect and what it was taken for.

    Attributes:
        truth: Its type.
        named: The types named, most probable first, without "none of these".
        none_first: Whether "none of these" was more probable than all of them.
    """

    truth: str
    named: tuple[str, ...]
    none_first: bool

    @property
    def first(self) -> bool:
        """Whether the right type was named first."""
        return self.named[:1] == (self.truth,)

    @property
    def among(self) -> bool:
        """Whether the right type was among the first ``AMONG``."""
        return self.truth in self.named[:AMONG]


def figures(defects: Sequence[NamedDefect], known: Sequence[str]) -> Figures:
    """Return accuracies, what guessing reaches of them, and the confusion matrix.

    ``first`` and ``among_three`` weigh every defect the same, ``balanced_*`` every type that
    occurs; both are among the named types, ``none_first`` tells how often "none of these" came
    before all of them. ``majority_first`` is what always naming the commonest type of these very
    defects reaches. Percent, None without defects.

    Args:
        defects: What was measured.
        known: Types that the method could have named.
    """
    count = Counter(defect.truth for defect in defects)
    by_type = {name: _shares([d for d in defects if d.truth == name]) for name in sorted(count)}
    alone = {name: _mean([row[name] for row in by_type.values()]) for name in ("first", "among")}
    labels = sorted({*known, *count})
    truths, firsts = [d.truth for d in defects], [d.named[0] for d in defects]
    counts = confusion_matrix(truths, firsts, labels=labels).tolist() if defects else []
    told = _shares(defects)
    return {
        "defects": len(defects),
        "first": told["first"],
        "among_three": told["among"],
        "balanced_first": alone["first"],
        "balanced_among_three": alone["among"],
        "none_first": told["none_first"],
        "chance_first": 100.0 / len(known) if defects else None,
        "chance_among_three": 100.0 * min(AMONG / len(known), 1.0) if defects else None,
        "majority_first": 100.0 * max(count.values()) / len(defects) if defects else None,
        "by_type": {
            name: {
                "defects": count[name],
                "first": row["first"],
                "among_three": row["among"],
                "none_first": row["none_first"],
            }
            for name, row in by_type.items()
        },
        "confusion": {"types": labels, "true_by_named_first": counts},
    }


def accuracy_table(rows: Mapping[str, Figures]) -> str:
    """Return a row of accuracies for each label of ``rows``."""
    header = ["percent", "defects", "types", "first", "of 3", "chance", "of 3"]
    header += ["commonest", "by type", "of 3", "none first"]
    names = ["first", "among_three", "chance_first", "chance_among_three", "majority_first"]
    names += ["balanced_first", "balanced_among_three", "none_first"]
    cells = [
        [
            label,
            str(row["defects"]),
            str(len(row["by_type"])),
            *(_cell(row[name]) for name in names),
        ]
        for label, row in rows.items()
    ]
    return "\n".join(aligned(header, cells))


def confusion_table(found: Figures) -> str:
    """Return the confusion matrix: a row for each true type, a column for each named first.

    Types that do not occur have no row, types never named no column; the last two columns tell in
    percent how often the right type was among the first three and how often "none of these" came
    before all types.
    """
    types, counts = found["confusion"]["types"], found["confusion"]["true_by_named_first"]
    named = [place for place in range(len(types)) if any(row[place] for row in counts)]
    rows = []
    for name, row in found["by_type"].items():
        own = counts[types.index(name)]
        told = [str(own[place]) for place in named]
        rows.append([name, *told, _cell(row["among_three"]), _cell(row["none_first"])])
    header = ["true, by named first", *(types[place] for place in named), "of 3 %", "none %"]
    return "\n".join(aligned(header, rows))


def _shares(defects: Sequence[NamedDefect]) -> dict[str, float | None]:
    return {
        "first": _mean([100.0 * defect.first for defect in defects]),
        "among": _mean([100.0 * defect.among for defect in defects]),
        "none_first": _mean([100.0 * defect.none_first for defect in defects]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _cell(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:.1f}"
