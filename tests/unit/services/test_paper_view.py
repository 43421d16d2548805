"""The papers' tables with ours beside them: only what was measured has a figure."""

import json
import shutil

import pytest

from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.services.method_cards import method_cards
from adapp.services.paper_tables import TABLES
from adapp.services.paper_view import table_choices, viewed_table


@pytest.fixture
def assets(tmp_path):
    shutil.copytree(Settings().assets_dir / "papers", tmp_path / "papers")
    (tmp_path / "measured").mkdir()
    return tmp_path


def _measured(assets, change=None):
    """Write a result as ``reproduce --json`` does, with a figure for the first line only."""
    printed = viewed_table("raid-1", assets).table
    rows = [
        {
            "label": row.label,
            "shots": row.shots,
            "variant": row.variant,
            "metric": row.metric,
            "paper": dict(zip(printed.columns, row.values, strict=True)),
            "measured": 91.25 if number == 0 else None,
            "complete": number == 0,
        }
        for number, row in enumerate(printed.rows)
    ]
    told = {"method": "raid", "preset": "embedded", "checkpoint": "open", "seeds": [0]}
    told |= {"remarks": ["Other encoder."], "rows": rows, **(change or {})}
    (assets / "measured" / "raid-1.json").write_text(json.dumps(told))


def test_nothing_is_shown_as_ours_before_it_was_measured(assets):
    viewed = viewed_table("raid-1", assets)
    assert {line.ours for line in viewed.lines} == {None}
    assert viewed.setting == ""
    assert viewed.command == (
        "python -m adapp reproduce --table raid-1 --data FOLDER --json assets/measured/raid-1.json"
    )


def test_measured_figures_stand_in_their_own_lines(assets):
    _measured(assets)
    viewed = viewed_table("raid-1", assets)
    assert [line.ours for line in viewed.lines[:2]] == [91.25, None]
    assert viewed.lines[0].complete
    assert "preset embedded" in viewed.setting
    assert "Other encoder." in viewed.setting


def test_broken_file_is_told(assets):
    (assets / "measured" / "raid-1.json").write_text("{")
    with pytest.raises(UsageError, match=r"raid-1\.json cannot be understood"):
        viewed_table("raid-1", assets)


def test_every_table_can_be_chosen():
    assert [name for _, name in table_choices()] == list(TABLES)


def test_cards_tell_what_ships_and_what_does_not(tmp_path):
    assert [card.checkpoints for card in method_cards(folder=tmp_path)] == [()] * len(
        method_cards(folder=tmp_path)
    )
    (tmp_path / "raid-embedded-open.safetensors").write_bytes(b"weights")
    told = {"trained_on": ["a", "b"], "licence": "Free."}
    (tmp_path / "raid-embedded-open.json").write_text(json.dumps(told))
    (shipped,) = next(c for c in method_cards(folder=tmp_path) if c.info.name == "raid").checkpoints
    assert (shipped.name, shipped.trained_on, shipped.licence) == ("open", ("a", "b"), "Free.")
    assert len(shipped.sha256) == 64
