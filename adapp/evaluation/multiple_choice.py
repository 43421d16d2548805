"""Accuracy on MMAD's multiple-choice questions, and the paired gain of one setting over another.

Protocol: accuracy of a task within each data set, then the unweighted mean over data sets;
anomaly discrimination is the mean of the recalls on normal and on anomalous pictures; the average
of a data set is the mean over its tasks. An answer that cannot be read counts as wrong (Deviation:
MMAD's script drops some of them). Intervals resample whole pictures within each data set, since
questions about one picture are not independent. Percent everywhere.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

TASKS: Final = (
    "discrimination",
    "defect_classification",
    "defect_localization",
    "defect_description",
    "defect_analysis",
    "object_classification",
    "object_analysis",
)
AVERAGE: Final = "average"
_DISCRIMINATION = TASKS[0]
_RESAMPLES = 2000
_BATCH = 100  # resamples at a time; bounds the memory
_LEVEL = 0.95

Accuracies: TypeAlias = dict[str, float | None]
_Sums: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Graded:
    """One answered question.

    Attributes:
        picture: What the question is about; questions about one picture are resampled together.
        dataset: Data set of the picture.
        normal: Whether the picture shows a sound part.
        task: One of ``TASKS``.
        right: 1 if right, 0 if wrong; in between the share over several orders of the options.
    """

    picture: str
    dataset: str
    normal: bool
    task: str
    right: float


@dataclass(frozen=True, slots=True)
class Gain:
    """A paired difference in percent and its 95 % interval; None where it cannot be had."""

    difference: float
    low: float | None
    high: float | None
    questions: int


def accuracies(answers: Sequence[Graded]) -> Accuracies:
    """Return the accuracy of each task and ``average``; None for a task without questions."""
    return _mean_over_sets(by_dataset(answers))


def by_dataset(answers: Sequence[Graded]) -> dict[str, Accuracies]:
    """Return the same for each data set, by name."""
    names = sorted({answer.dataset for answer in answers})
    return {name: _of_one_set([a for a in answers if a.dataset == name]) for name in names}


def recalls(answers: Sequence[Graded]) -> tuple[float | None, float | None]:
    """Return the recall on normal and on anomalous pictures, mean over data sets."""
    asked = [answer for answer in answers if answer.task == _DISCRIMINATION]
    found: list[float | None] = []
    for normal in (True, False):
        sets: dict[str, list[float]] = {}
        for answer in asked:
            if answer.normal == normal:
                sets.setdefault(answer.dataset, []).append(answer.right)
        means = [statistics.fmean(values) for values in sets.values()]
        found.append(100 * statistics.fmean(means) if means else None)
    return found[0], found[1]


def gains(first: Sequence[Graded], second: Sequence[Graded], *, seed: int = 0) -> dict[str, Gain]:
    """Return how much better ``second`` is than ``first``, by task and on average.

    Args:
        first: Answers under one setting.
        second: Answers to the same questions under another, in the same order.
        seed: Seed of the resampling.

    Raises:
        ValueError: If the two do not answer the same questions.
    """
    if [_question(answer) for answer in first] != [_question(answer) for answer in second]:
        msg = "paired settings must answer the same questions in the same order"
        raise ValueError(msg)
    before, after = accuracies(first), accuracies(second)
    found = {}
    for task in (*TASKS, AVERAGE):
        old, new = before[task], after[task]
        if old is None or new is None:
            continue
        chosen = [at for at, answer in enumerate(first) if task in (answer.task, AVERAGE)]
        pair = _Pair.of([first[at] for at in chosen], [second[at] for at in chosen])
        low, high = pair.interval(task, seed)
        found[task] = Gain(new - old, low, high, len(chosen))
    return found


def _question(answer: Graded) -> tuple[str, str, bool, str]:
    return answer.picture, answer.dataset, answer.normal, answer.task


def _of_one_set(answers: Sequence[Graded]) -> Accuracies:
    counts, right = np.zeros((2, len(TASKS))), np.zeros((2, len(TASKS)))
    for answer in answers:
        place = int(answer.normal), TASKS.index(answer.task)
        counts[place] += 1
        right[place] += answer.right
    return _told(_accuracies(right, counts))


def _mean_over_sets(sets: Mapping[str, Accuracies]) -> Accuracies:
    found: Accuracies = {}
    for task in (*TASKS, AVERAGE):
        told = [value for one in sets.values() if (value := one[task]) is not None]
        found[task] = statistics.fmean(told) if told else None
    return found


def _accuracies(right: _Sums, counts: _Sums) -> _Sums:
    """Return the accuracy of each task and their mean, [..., tasks + 1]; NaN where there is none.

    Args:
        right: Right answers about anomalous (0) and normal (1) pictures, [..., 2, tasks].
        counts: Questions, likewise.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        each = right.sum(axis=-2) / counts.sum(axis=-2)
        each[..., 0] = (right[..., 0] / counts[..., 0]).mean(axis=-1)  # discrimination
    return 100 * np.concatenate([each, _mean(each, -1)[..., None]], axis=-1)


def _mean(values: _Sums, axis: int) -> _Sums:
    """Return the mean over an axis without its NaN; NaN where nothing is left."""
    having = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        found: _Sums = np.where(having, values, 0.0).sum(axis=axis) / having.sum(axis=axis)
    return found


def _told(values: _Sums) -> Accuracies:
    pairs = zip((*TASKS, AVERAGE), values.tolist(), strict=True)
    return {task: None if np.isnan(value) else value for task, value in pairs}


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two settings' sums per picture, sorted into strata of one data set and one label.

    Attributes:
        strata: Data set and label (1 normal) of each stratum.
        sums: Right answers under the first and the second setting, and questions, of each
            stratum: [pictures, 3, tasks].
    """

    strata: tuple[tuple[str, int], ...]
    sums: tuple[_Sums, ...]

    @classmethod
    def of(cls, first: Sequence[Graded], second: Sequence[Graded]) -> "_Pair":
        """Return the sums of two settings that answer the same questions."""
        rows: dict[tuple[str, int], dict[str, int]] = {}
        for answer in first:
            pictures = rows.setdefault((answer.dataset, int(answer.normal)), {})
            pictures.setdefault(answer.picture, len(pictures))
        sums = {key: np.zeros((len(rows[key]), 3, len(TASKS))) for key in rows}
        for old, new in zip(first, second, strict=True):
            key = (old.dataset, int(old.normal))
            sums[key][rows[key][old.picture], :, TASKS.index(old.task)] += (old.right, new.right, 1)
        strata = tuple(sorted(sums))
        return cls(strata, tuple(sums[key] for key in strata))

    def interval(self, task: str, seed: int) -> tuple[float | None, float | None]:
        """Return the percentile bootstrap interval of the gain in ``task``; None if it has none.

        A stratum of a single picture cannot be resampled.
        """
        if min(len(rows) for rows in self.sums) < 2:
            return None, None
        place = (*TASKS, AVERAGE).index(task)
        found = stats.bootstrap(
            tuple(np.arange(len(rows)) for rows in self.sums),
            lambda *drawn, axis: self._gains(drawn)[..., place],  # noqa: ARG005 - scipy names it
            n_resamples=_RESAMPLES,
            vectorized=True,
            batch=_BATCH,
            method="percentile",
            confidence_level=_LEVEL,
            rng=np.random.default_rng(seed),
        ).confidence_interval
        return float(found.low), float(found.high)

    def _gains(self, drawn: Sequence[NDArray[np.int64]]) -> _Sums:
        """Return the gains over resamples, [..., tasks + 1].

        Args:
            drawn: Rows of each stratum, with repetition, [..., pictures].
        """
        shape = drawn[0].shape[:-1]
        sets = {name: np.zeros((*shape, 3, 2, len(TASKS))) for name, _ in self.strata}
        for (name, normal), sums, rows in zip(self.strata, self.sums, drawn, strict=True):
            flat = sums.reshape(len(sums), -1)
            total = _times(rows, len(sums)) @ flat
            sets[name][..., :, normal, :] = total.reshape(*shape, 3, len(TASKS))
        held = np.stack(list(sets.values()))  # [sets, ..., 3, 2, tasks]
        before, after, counts = (held[..., row, :, :] for row in range(3))
        return _mean(_accuracies(after, counts), 0) - _mean(_accuracies(before, counts), 0)


def _times(drawn: NDArray[np.int64], size: int) -> _Sums:
    """Return how often each of ``size`` rows was drawn, [..., size]."""
    flat = drawn.reshape(-1, drawn.shape[-1])
    offsets = size * np.arange(len(flat))[:, None]
    counted = np.bincount((flat + offsets).ravel(), minlength=size * len(flat))
    return counted.reshape(*drawn.shape[:-1], size).astype(np.float64)
