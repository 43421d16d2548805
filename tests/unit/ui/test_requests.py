"""What Compare and Batch ask for, given the form of the Inspect tab."""

import pytest

from adapp.core.errors import UsageError
from adapp.ui import batch_run, compare_run
from adapp.ui.form import Form


def _form(pictures, **changes):
    normals, queries = pictures
    given = Form(
        support=[(str(path), None) for path in normals],
        support_originals={},
        query=[(str(path), None) for path in queries],
        query_originals={},
        method="raid",
        category="plate",
        preset="tiny",
        checkpoint="open",
        tune=False,
    )
    return given._replace(**changes)


def test_both_take_over_the_inputs(pictures):
    compared = compare_run.request_of(_form(pictures), ["raid"])
    assert compared.support == tuple(pictures[0])
    assert compared.methods == ("raid",)
    batch = batch_run.request_of(_form(pictures, tune=True), [str(pictures[1][0])])
    assert batch.query == (pictures[1][0],)
    assert batch.tune
    assert batch.support == tuple(pictures[0])


def test_tiles_are_refused_where_they_would_be_left_out(pictures):
    for request in (
        lambda form: compare_run.request_of(form, ["raid"]),
        lambda form: batch_run.request_of(form, [str(pictures[1][0])]),
    ):
        with pytest.raises(UsageError, match="Switch tiling off"):
            request(_form(pictures, tiles=2))


def test_too_many_or_too_large_batches_name_the_command(pictures, monkeypatch):
    monkeypatch.setattr(batch_run, "MOST_PICTURES", 1)
    given = [str(path) for path in pictures[1]]
    with pytest.raises(UsageError, match="adapp batch"):
        batch_run.request_of(_form(pictures), given)
    monkeypatch.setattr(batch_run, "MOST_PICTURES", 9)
    monkeypatch.setattr(batch_run, "MOST_PIXELS", 100)
    with pytest.raises(UsageError, match="megapixels"):
        batch_run.request_of(_form(pictures), given)
    with pytest.raises(UsageError, match="Add pictures"):
        batch_run.request_of(_form(pictures), [])


def test_comparison_needs_methods_and_room(pictures, monkeypatch):
    asked = compare_run.request_of(_form(pictures), [])
    with pytest.raises(UsageError, match="Tick at least one"):
        compare_run.check_comparison(asked)
    monkeypatch.setattr("adapp.ui.form.MOST_PIXELS", 30_000)  # five pictures of 72 x 96
    one, three = ["raid"], ["raid", "h2vlr", "kanoclip"]
    compare_run.check_comparison(compare_run.request_of(_form(pictures, support=[]), one))
    with pytest.raises(UsageError, match="megapixels"):
        compare_run.check_comparison(compare_run.request_of(_form(pictures), three))
