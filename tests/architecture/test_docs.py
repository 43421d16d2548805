"""The pages beside the code keep up with it."""

import re
import tomllib

import pytest

import adapp
from tests.architecture.cli_page import PAGE, page
from tests.architecture.tree import ROOT

ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def test_every_requirement_has_its_licence_listed():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    required = {re.split(r"[<>=!~\[]", line)[0] for line in lines}
    table = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([a-zA-Z0-9_-]+) \|[^|]+\|[^|]+\|$", table, re.MULTILINE))
    assert required - listed == set()


def test_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert adapp.__version__ == project["version"]


def test_decisions_are_numbered_without_gap_and_indexed():
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in ADRS if f"({path.name})" not in index] == []


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_decision_has_its_three_parts_on_one_page(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    positions = [text.find(f"**{part}.**") for part in ("Context", "Decision", "Consequences")]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert len(text.splitlines()) <= 60


def test_page_of_commands_is_what_the_parser_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.architecture.cli_page"
