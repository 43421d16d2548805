"""What keeps a run from starting, told where it is missing."""

import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import UsageError
from adapp.methods.registry import METHODS
from adapp.ui import form, intake
from adapp.ui.form import Form, problems, refuse, validate
from tests.fakes import FAKE_METHODS


def _values(support, query, **changes):
    given = Form(
        support=[(str(path), None) for path in support],
        support_originals={},
        query=[(str(path), None) for path in query],
        query_originals={},
        method="raid",
        category=" plate ",
        preset="tiny",
        checkpoint="open",
        tune=False,
    )
    return tuple(given._replace(**changes))


def _invalid(values):
    """Return the message per input that is not valid."""
    checks = zip(Form._fields, validate(*values), strict=True)
    return {name: check["message"] for name, check in checks if not check["is_valid"]}


def test_complete_form_passes(pictures):
    assert _invalid(_values(*pictures)) == {}


def test_request_takes_over_every_setting(pictures):
    normals, queries = pictures
    request = Form(*_values(normals, queries, tune=True)).request()
    assert request.support == tuple(normals)
    assert request.query == tuple(queries)
    assert (request.category, request.preset, request.tune) == ("plate", "tiny", True)


def test_missing_pictures_are_told_where_they_are_missing():
    told = _invalid(_values([], []))
    assert set(told) == {"support", "query"}
    assert "RAID compares with normal parts" in told["support"]
    assert "Add at least one picture to inspect" in told["query"]


def test_zero_shot_method_runs_without_normal_pictures(pictures, monkeypatch):
    monkeypatch.setitem(METHODS, "kanoclip", FAKE_METHODS["kanoclip"])
    assert _invalid(_values([], pictures[1], method="kanoclip")) == {}
    told = _invalid(_values([], pictures[1]))["support"]
    assert told.endswith("(box 1), or choose KAnoCLIP, which needs none.")


def test_too_many_pictures_are_counted(pictures):
    normals, queries = pictures
    told = _invalid(_values(normals * 6, queries * 17))
    assert f"up to {intake.MOST_SUPPORT} normal pictures, here are 18" in told["support"]
    assert f"up to {intake.MOST_QUERY} pictures at once, here are 34" in told["query"]


def test_pictures_too_large_together_are_refused_by_their_headers(pictures, monkeypatch):
    monkeypatch.setattr(form, "MOST_PIXELS", 5 * 72 * 96 - 1)
    assert "megapixels together" in _invalid(_values(*pictures))["query"]
    monkeypatch.setattr(form, "MOST_PIXELS", 5 * 72 * 96)
    assert _invalid(_values(*pictures)) == {}


def test_unreadable_file_does_not_stop_the_others(pictures, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    normals, queries = pictures
    assert _invalid(_values(normals, [*queries, tmp_path / "text.png"])) == {}


def test_unknown_method_is_refused_with_those_that_exist(pictures):
    normals, queries = (tuple(paths) for paths in pictures)
    with pytest.raises(UsageError, match="Choose one of: raid"):
        refuse(problems("magic", normals, queries))


def test_header_alone_decides_the_size(tmp_path):
    path = tmp_path / "wide.png"
    Image.fromarray(np.zeros((100, 300), np.uint8)).save(path)
    assert form.problems("raid", (path,), (path,)) == ("", "")
