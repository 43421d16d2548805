"""The comparison as HTML: nothing of a user's gets in unescaped, meaning is in words too."""

from dataclasses import replace

import pytest

from adapp.methods.registry import METHODS
from adapp.services.comparison_table import agreement, compare_rows
from adapp.services.ground_truth import METRICS
from adapp.ui import compare_view
from adapp.ui.compare_parts import HeldComparison, comparison_bytes
from adapp.ui.compare_run import percentile, votes
from adapp.ui.state import ResultShelf
from tests.fakes import FAKE_METHODS
from tests.page import read
from tests.unit.services.compared import compared

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def found(pictures, monkeypatch):
    for name, info in FAKE_METHODS.items():
        monkeypatch.setitem(METHODS, name, info)
    return compared(*pictures)


def test_grid_names_every_map_for_readers_who_do_not_see_it(found):
    rows = compare_rows(found, 0)
    html = compare_view.grid_html(0, rows, agreement(rows))
    assert html.count('role="img"') == 2 + 3 * 3
    for title in ("RAID", "H2VLR", "KAnoCLIP"):
        for kind in ("fused", "base", "residual"):
            assert f"{title}: {kind} map, anomalous" in html
    assert "all 3 methods mark" in html


def test_colour_bar_tells_percentiles_or_that_there_are_none(found, pictures):
    rows = compare_rows(found, 0)
    assert "99.9 %" in compare_view.grid_html(0, rows, agreement(rows))
    alone = compare_rows(compared([], pictures[1]), 0)
    generic = compare_view.grid_html(0, alone, agreement(alone))
    assert "99.9 %" not in generic
    assert "No normals: general limit" in generic


def test_names_from_users_are_escaped(found):
    rows = compare_rows(found, 0)
    evil = replace(rows[0].outcome, image=replace(rows[0].outcome.image, name=EVIL))
    marked = (replace(rows[0], outcome=evil), *rows[1:])
    run = found.runs[0]
    renamed = replace(run, inspection=replace(run.inspection, outcomes=(evil, evil)))
    pages = [
        compare_view.grid_html(0, marked, agreement(marked)),
        compare_view.strip_html(replace(found, runs=(renamed, *found.runs[1:])), [1, 2], 0),
        compare_view.table_html(marked, {"raid": EVIL}),
    ]
    for page in pages:
        assert "script" not in read(page).tags


def test_table_has_a_row_per_method_and_metrics_only_with_a_mask(found):
    rows = compare_rows(found, 0)
    plain = compare_view.table_html(rows, found.absent)
    assert plain.count('<th scope="row">') == 3
    assert "AUPRO" not in plain
    measured = [replace(row, metrics=dict.fromkeys(METRICS, 50.0)) for row in rows]
    assert "AUPRO" in compare_view.table_html(measured, {})


def test_single_picture_needs_no_strip(found, pictures):
    assert compare_view.strip_html(found, votes(found), 0).count("<button") == 2
    single = compared(pictures[0], pictures[1][:1])
    assert compare_view.strip_html(single, votes(single), 0) == ""


def test_votes_count_the_methods_that_call_a_picture_anomalous(found):
    assert votes(found)[0] == 3
    assert votes(found)[1] < 3


def test_limit_is_calibrated_or_a_percentile():
    assert percentile("calibrated") is None
    assert percentile("99.9") == 99.9


def test_comparison_takes_part_in_the_memory_budget(found):
    size = comparison_bytes(found)
    shelf = ResultShelf(budget_bytes=int(1.5 * size))
    first, second = shelf.take(HeldComparison()), shelf.take(HeldComparison())
    first.comparison = second.comparison = found
    shelf.grown(first, size)
    shelf.grown(second, size)
    assert first.comparison is None
    assert second.comparison is found
    assert first.key != second.key


def test_types_have_a_column_where_a_method_tells_them(found, pictures):
    typed = compared(*pictures, methods=("raid", "adseeker"))
    told = read(compare_view.table_html(compare_rows(typed, 0), {})).text
    assert "looks most like" in told
    assert "scratch" in told
    plain = read(compare_view.table_html(compare_rows(found, 0), {})).text
    assert "looks most like" not in plain
