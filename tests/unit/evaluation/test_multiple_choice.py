"""MMAD's accuracy by hand, and paired gains that hold what they promise."""

import csv
import io
import itertools

import numpy as np
import pytest

from adapp.evaluation.multiple_choice import (
    AVERAGE,
    TASKS,
    Graded,
    accuracies,
    by_dataset,
    gains,
    recalls,
)

STORED = """\
,discrimination,defect_classification,object_analysis,average
one,75.0,50.0,0.0,41.666666666666664
two,50.0,,100.0,75.0
mean,62.5,50.0,50.0,58.33333333333333
"""
"""Worked out by hand from ``answers``, in the form of MMAD's own csv files."""


def graded(dataset, task, rights, *, normal=False):
    """Return one answer a picture; ``rights`` is a string of 1 and 0."""
    kind = "good" if normal else "bad"
    return [
        Graded(f"{dataset}/{kind}/{number}", dataset, normal, task, float(right))
        for number, right in enumerate(rights)
    ]


def answers():
    return [
        *graded("one", "discrimination", "1", normal=True),  # 100 % of the normal ones
        *graded("one", "discrimination", "1010"),  # 50 % of the anomalous ones
        *graded("one", "defect_classification", "10"),
        *graded("one", "object_analysis", "000"),
        *graded("two", "discrimination", "00", normal=True),
        *graded("two", "discrimination", "11"),
        *graded("two", "object_analysis", "1", normal=True),
    ]


def test_accuracies_are_those_of_a_table_worked_out_by_hand():
    found = by_dataset(answers()) | {"mean": accuracies(answers())}
    stored = {row.pop(""): row for row in csv.DictReader(io.StringIO(STORED))}
    assert set(found) == set(stored)
    for name, row in stored.items():
        told = {task: value for task, value in found[name].items() if value is not None}
        assert told == pytest.approx({task: float(value) for task, value in row.items() if value})


def test_discrimination_is_the_mean_of_both_recalls_not_the_share_of_right_answers():
    many_bad = [
        *graded("one", "discrimination", "1" * 90 + "0" * 10),
        *graded("one", "discrimination", "0" * 10, normal=True),
    ]
    assert accuracies(many_bad)["discrimination"] == pytest.approx(45.0)
    assert recalls(many_bad) == pytest.approx((0.0, 90.0))


def test_discrimination_over_one_label_alone_is_no_figure():
    found = accuracies(graded("one", "discrimination", "11"))
    assert found["discrimination"] is None
    assert found[AVERAGE] is None
    assert recalls(graded("one", "discrimination", "11")) == (None, 100.0)


def test_nothing_answered_gives_no_figure():
    assert set(accuracies([]).values()) == {None}
    assert gains([], []) == {}


def flipped(wrong, every):
    return [
        Graded(a.picture, a.dataset, a.normal, a.task, 1.0 if at % every == 0 else a.right)
        for at, a in enumerate(wrong)
    ]


def made(count=200, seed=0):
    """Return answers at random, about as many right as wrong, over all tasks and two sets."""
    rng = np.random.default_rng(seed)
    return [
        Graded(f"{dataset}/{number}", dataset, number % 3 == 0, task, float(rng.random() < 0.5))
        for dataset, number, task in itertools.product(("a", "b"), range(count // 14 + 2), TASKS)
    ]


def test_a_setting_has_no_gain_over_itself():
    found = gains(made(), made())
    assert set(found) == {*TASKS, AVERAGE}
    assert {(gain.difference, gain.low, gain.high) for gain in found.values()} == {(0.0, 0.0, 0.0)}


def test_a_gain_lies_in_its_interval_and_a_clear_one_leaves_zero_out():
    before = made()
    found = gains(before, flipped(before, 2))
    for gain in found.values():
        assert gain.low <= gain.difference <= gain.high
    assert found[AVERAGE].low > 0
    assert found[AVERAGE].questions == len(before)
    back = gains(flipped(before, 2), before)
    assert back[AVERAGE].difference == pytest.approx(-found[AVERAGE].difference)
    assert back[AVERAGE].high < 0


def test_pairing_narrows_the_interval():
    before = made()
    paired = gains(before, flipped(before, 10))["defect_analysis"]
    unpaired = gains(before, made(seed=1))["defect_analysis"]
    assert paired.high - paired.low < unpaired.high - unpaired.low


def test_the_interval_depends_on_the_seed_alone():
    before, after = made(), flipped(made(), 3)
    assert gains(before, after, seed=1) == gains(before, after, seed=1)
    assert gains(before, after, seed=1) != gains(before, after, seed=2)


def test_questions_about_one_picture_are_drawn_together():
    """Ten questions about each of four pictures tell no more than one about each."""
    wrong = []
    for number, right in enumerate("0011"):
        wrong += [Graded(f"a/{number}", "a", False, "object_analysis", float(right))] * 10
    zero = [Graded(g.picture, g.dataset, g.normal, g.task, 0.0) for g in wrong]
    ten = gains(zero, wrong)["object_analysis"]
    one = gains(zero[::10], wrong[::10])["object_analysis"]
    assert (ten.low, ten.high) == (one.low, one.high)


def test_a_single_picture_has_a_difference_and_no_interval():
    before = graded("a", "object_analysis", "0")
    found = gains(before, flipped(before, 1))["object_analysis"]
    assert (found.difference, found.low, found.high) == (100.0, None, None)


def test_other_questions_are_refused():
    with pytest.raises(ValueError, match="same questions"):
        gains(made(), made()[:-1])
