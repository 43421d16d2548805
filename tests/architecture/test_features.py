"""The page of features names only tests that exist."""

import ast
import re

import pytest

from tests.architecture.tree import ROOT

ROWS = [
    line.split("|")[1:4]
    for line in (ROOT / "docs" / "features.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and "`tests/" in line
]


def test_page_has_a_row_for_each_feature():
    assert len(ROWS) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip()[:60])
def test_row_says_its_state_and_names_a_test_that_exists(row):
    _, state, test = (cell.strip() for cell in row)
    assert re.match(r"(holds|partly: )", state)
    path, _, name = test.strip("`").partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    if name:
        functions = {
            node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)
        }
        assert name in functions
