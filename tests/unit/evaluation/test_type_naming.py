"""Accuracies of named types by hand, and tables that hold them."""

import numpy as np
import pytest

from adapp.evaluation.type_naming import NamedDefect, accuracy_table, confusion_table, figures


def defect(truth, *named, none_first=False):
    return NamedDefect(truth, named, none_first)


KNOWN = ("hole", "dent", "stain", "cut", "bend", "chip", "crack", "fold", "fibre", "smear")
DEFECTS = [
    defect("hole", "hole", "dent", "stain"),
    defect("hole", "dent", "stain", "hole"),
    defect("hole", "dent", "stain", "cut", none_first=True),
    defect("stain", "stain", "hole", "dent"),
]


def test_accuracies_by_defect_and_by_type():
    found = figures(DEFECTS, KNOWN)
    assert found["defects"] == 4
    assert found["first"] == 50.0
    assert found["among_three"] == 75.0
    assert found["balanced_first"] == pytest.approx((100 / 3 + 100) / 2)
    assert found["balanced_among_three"] == pytest.approx((200 / 3 + 100) / 2)
    assert found["none_first"] == 25.0
    assert found["majority_first"] == 75.0
    assert (found["chance_first"], found["chance_among_three"]) == (10.0, 30.0)
    assert found["by_type"]["hole"]["defects"] == 3
    assert found["by_type"]["hole"]["none_first"] == pytest.approx(100 / 3)


def test_only_three_count_and_few_types_are_guessed_for_certain():
    found = figures([defect("hole", "dent", "stain", "cut", "hole")], KNOWN[:2])
    assert found["among_three"] == 0.0
    assert found["chance_among_three"] == 100.0


def test_confusion_counts_who_is_taken_for_whom():
    told = figures(DEFECTS, KNOWN)["confusion"]
    assert told["types"] == sorted(KNOWN)
    counts = np.array(told["true_by_named_first"])
    assert counts.sum() == 4
    rows = [told["types"].index(name) for name in ("dent", "hole", "stain")]
    assert counts[np.ix_(rows, rows)].tolist() == [[0, 0, 0], [2, 1, 0], [0, 0, 1]]


def test_a_type_that_the_method_does_not_know_is_missed():
    found = figures([defect("burn", "hole", "dent", "stain")], KNOWN)
    assert found["among_three"] == 0.0
    assert len(found["confusion"]["types"]) == len(KNOWN) + 1


def test_without_defects_nothing_is_claimed():
    found = figures([], KNOWN)
    assert found["defects"] == 0
    assert found["first"] is found["chance_first"] is found["majority_first"] is None
    assert found["confusion"]["true_by_named_first"] == []
    assert accuracy_table({"none": found}).splitlines()[-1].split()[:3] == ["none", "0", "0"]


def test_tables_show_the_figures():
    found = figures(DEFECTS, KNOWN)
    row = accuracy_table({"tiles": found}).splitlines()[-1].split()
    assert row[:5] == ["tiles", "4", "2", "50.0", "75.0"]
    assert row[5:] == ["10.0", "30.0", "75.0", "66.7", "83.3", "25.0"]
    lines = [line.split() for line in confusion_table(found).splitlines()]
    assert lines[0][-8:] == ["dent", "hole", "stain", "of", "3", "%", "none", "%"]
    assert ["hole", "2", "1", "0", "66.7", "33.3"] in lines
    assert ["stain", "0", "0", "1", "100.0", "0.0"] in lines
    assert len(lines) == 4, "a type that is only named has no row"
