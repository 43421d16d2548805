"""Our figures in the app are those of the methods' READMEs: neither changes without the other."""

import re

import pytest

from adapp.core.errors import UsageError
from adapp.core.settings import PROJECT_ROOT
from adapp.services.own_figures import own_tables

TABLES = own_tables()
FIGURES = [figure for table in TABLES for figure in table.figures]


def readme(method):
    return (PROJECT_ROOT / "adapp" / "methods" / method / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "figure", FIGURES, ids=lambda one: f"{one.variant}, {one.normals} normals, {one.metric}"
)
def test_figure_stands_in_the_readme_that_it_names(figure):
    lines = [one for one in readme(figure.readme).splitlines() if one.startswith(figure.line)]
    assert lines, f"no line of the README begins with {figure.line}"
    exact = re.compile(rf"(?<![\d.]){re.escape(figure.value)}(?![\d.]| ±)")
    assert any(exact.search(line) for line in lines), (
        f"{figure.value} is not in the README's line: change assets/measured/left-out.json too"
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda one: one.title)
def test_code_that_ran_is_named_in_the_readmes(table):
    stated = "".join(readme(method) for method in {one.readme for one in table.figures})
    for commit in table.commits:
        assert commit in stated
    assert table.seeds
    assert table.setting
    assert table.data


def test_each_figure_is_told_once():
    keys = [(one.variant, one.normals, one.metric) for one in FIGURES]
    assert len(set(keys)) == len(keys)


def test_every_method_has_a_figure():
    assert {one.readme for one in FIGURES} == {"raid", "h2vlr", "kanoclip", "adseeker"}
    assert {one.variant for one in FIGURES} >= {"linear floor", "RAID full", "H2VLR full"}


def test_missing_file_is_told(tmp_path):
    with pytest.raises(UsageError, match="run from a complete checkout"):
        own_tables(tmp_path)
