"""The papers' tables: complete, consistent with themselves, misprints told."""

import statistics

import pytest

from adapp.core.errors import UsageError
from adapp.evaluation.metrics import METRICS
from adapp.services.paper_data import known_data
from adapp.services.paper_tables import TABLES, paper_table, read_json

ROUNDING = 0.5 + 1e-6  # of the last printed digit


@pytest.mark.parametrize("name", TABLES)
def test_every_line_has_a_figure_for_every_column_and_known_data(name):
    table = paper_table(name)
    assert table.own in table.columns
    assert name == f"{table.method}-{table.number}"
    for row in table.rows:
        assert len(row.values) == len(table.columns)
        assert any(value is not None for value in row.values)
        assert set(row.data) <= set(known_data())


@pytest.mark.parametrize("name", TABLES)
def test_averages_of_data_sets_are_the_means_of_their_lines(name):
    table = paper_table(name)
    single = {
        (row.data[0], row.shots, row.metric, row.label): row.values
        for row in table.rows
        if len(row.data) == 1
    }
    averages = [row for row in table.rows if len(row.data) > 1]
    assert bool(averages) == (name in {"h2vlr-1", "h2vlr-2", "adseeker-2"})
    for row in averages:
        parts = [single[key, row.shots, row.metric, row.label] for key in row.data]
        for printed, values in zip(row.values, zip(*parts, strict=True), strict=True):
            error = abs(printed - statistics.fmean(values))
            assert error <= ROUNDING * 10**-table.decimals


def test_the_misprinted_mean_of_the_ladder_is_kept_as_printed_and_told():
    table = paper_table("h2vlr-4")
    last = {row.metric: table.printed(row) for row in table.rows if row.label == "+ HSR"}
    assert last["mean_auroc"] == 92.32
    assert abs((last["image_auroc"] + last["pixel_auroc"]) / 2 - 92.32) > 0.05
    assert "92.32" in table.misprints[0]


def test_the_copied_row_of_the_question_table_is_told():
    table = paper_table("adseeker-5")
    rows = {
        (row.label, row.metric): dict(zip(table.columns, row.values, strict=True))
        for row in table.rows
    }
    copied = [
        abs(rows["vanilla", metric]["Qwen2.5-VL 7B"] - rows["seek", metric]["LLaVA-OV 7B"])
        for label, metric in rows
        if label == "seek"
    ]
    assert max(copied) < 0.011
    assert "seek row of LLaVA-OV" in table.misprints[0]


def test_tables_that_both_papers_print_agree():
    """The 4-shot row of RAID's table 4 and the last row of table 6 come again elsewhere."""
    table = paper_table("raid-2")
    few = {(row.data, row.shots, row.metric): table.printed(row) for row in table.rows}
    retrieval, ladder = paper_table("raid-4"), paper_table("raid-6")
    for metric in ("image_auroc", "pixel_auroc"):
        (four,) = [r for r in retrieval.rows if r.label.endswith("4-shot") and r.metric == metric]
        assert retrieval.printed(four) == few[("mvtec",), 4, metric]
        (whole,) = [r for r in ladder.rows if r.label == "7 all" and r.metric == metric]
        (multi,) = [
            r for r in retrieval.rows if r.label == "hierarchical, multi" and r.metric == metric
        ]
        assert ladder.printed(whole) == retrieval.printed(multi)


def test_metrics_are_those_of_the_project_or_said_to_be_others():
    others = {row.metric for name in TABLES for row in paper_table(name).rows} - set(METRICS)
    tasks = {row.metric for row in paper_table("adseeker-5").rows}
    assert others - tasks == {"mean_auroc", "gflops", "memory_gb", "seconds_per_image"}


def test_shots_choose_lines():
    table = paper_table("h2vlr-1")
    rows = table.with_shots(2)
    assert len(rows) * 3 == len(table.rows)
    assert {row.shots for row in rows} == {2}
    assert table.with_shots(None) == table.rows


@pytest.mark.parametrize(("name", "shots"), [("h2vlr-1", 3), ("raid-1", 80), ("kanoclip-1", 1)])
def test_shots_that_a_table_has_not_are_refused(name, shots):
    with pytest.raises(UsageError, match=name):
        paper_table(name).with_shots(shots)


def test_an_unknown_table_is_refused_with_the_choice():
    with pytest.raises(UsageError, match="raid-6"):
        paper_table("raid-99")


def test_an_installation_without_the_tables_says_so(tmp_path):
    with pytest.raises(UsageError, match="complete checkout"):
        read_json("raid-1", tmp_path)
