"""A paper's table beside what was measured: kept, resumed, and missing things named."""

import json
from dataclasses import dataclass, replace

import pytest

from adapp.core.errors import ModelUnavailable, UsageError
from adapp.services import reproduce_lines
from adapp.services.benchmark import evaluate
from adapp.services.reproduce import reproduce
from adapp.services.reproduce_lines import ReproduceRequest
from adapp.services.reproduce_table import reproduced_table
from tests.fakes import FakeDetector
from tests.unit.services.papers import write_category


@dataclass
class Factory:
    """Loads fakes; ``loaded`` holds the variant and seed of each."""

    def __post_init__(self):
        self.loaded = []
        self.broken = None

    def __call__(self, name, *, preset, checkpoint, variant, size, seed):
        assert checkpoint in {"open", "research"}
        if self.broken:
            raise self.broken
        self.loaded.append((variant, seed))
        return FakeDetector(name, variant or "full", preset, seed, size or 64)


@pytest.fixture
def factory(monkeypatch):
    info = reproduce_lines.METHODS["raid"]
    ladder = replace(info, name="h2vlr", variants=("sab", "full"))
    monkeypatch.setattr(reproduce_lines, "METHODS", {"raid": info, "h2vlr": ladder})
    return Factory()


@pytest.fixture
def run(tmp_path, factory):
    for name in ("bottle", "cable"):
        write_category(tmp_path / "data" / "mvtec" / name)
    for name in ("01", "02", "03"):
        write_category(tmp_path / "data" / "btad" / name)

    def run(table="h2vlr-1", **options):
        report = options.pop("report", None)
        given = {"roots": (tmp_path / "data",), "cells": tmp_path / "cells", "preset": "tiny"}
        request = ReproduceRequest(table, **{**given, **options})
        return reproduce(request, factory=factory, report=report)

    return run


def line(found, data, metric=None, shots=1):
    (only,) = [
        row
        for row in found["rows"]
        if row["data"] == [data] and row["shots"] == shots and metric in {None, row["metric"]}
    ]
    return only


def test_a_measured_line_is_what_evaluate_says(run, tmp_path, factory):
    found = line(run(shots=1), "BTAD")
    alone = evaluate(
        "h2vlr", preset="tiny", roots=[tmp_path / "data" / "btad"], shots=1, factory=factory
    )
    assert found["measured"] == alone["mean"]["image_auroc"]
    assert found["paper"]["H2VLR"] == 94.61
    assert found["difference"] == found["measured"] - 94.61
    assert found["complete"]
    assert found["categories"] == 3


def test_an_incomplete_set_has_a_figure_but_no_difference(run):
    found = line(run(shots=1), "MVTec AD")
    assert found["measured"] is not None
    assert (found["categories"], found["complete"], found["difference"]) == (2, False, None)


def test_missing_and_private_data_are_named_and_averages_over_them_stay_empty(run):
    found = run(shots=1)
    reasons = {row["data"][0]: row["reason"] for row in found["rows"] if len(row["data"]) == 1}
    assert "VisA is not there" in reasons["VisA"]
    assert "private" in reasons["BeltAD"]
    averages = [row for row in found["rows"] if len(row["data"]) > 1]
    assert [row["measured"] for row in averages] == [None, None]
    assert "BeltAD" in averages[0]["reason"]


def test_nothing_is_measured_twice(run, factory):
    first = run(shots=1)
    again = run(shots=1)
    assert first["evaluations"] == {"measured": 5, "reused": 0}
    assert again["evaluations"] == {"measured": 0, "reused": 5}
    assert again["rows"] == first["rows"]
    assert len(factory.loaded) == 1


def test_pixel_table_reuses_the_evaluations_of_the_image_table(run):
    run("h2vlr-1", shots=1)
    assert run("h2vlr-2", shots=1)["evaluations"] == {"measured": 0, "reused": 5}


def test_changed_data_are_measured_again(run, tmp_path):
    run(shots=1)
    changed = tmp_path / "data" / "btad" / "01" / "test" / "good" / "0.png"
    changed.write_bytes(changed.read_bytes() + b"\0")
    assert run(shots=1)["evaluations"] == {"measured": 1, "reused": 4}


@pytest.mark.parametrize("option", [{"seeds": (1,)}, {"limit": 3}, {"checkpoint": "research"}])
def test_another_setting_is_measured_anew(run, option):
    run(shots=1)
    assert run(shots=1, **option)["evaluations"]["reused"] == 0


def test_a_file_of_another_evaluation_is_never_taken(run, tmp_path):
    run(shots=1)
    for path in (tmp_path / "cells").iterdir():
        kept = json.loads(path.read_text())
        kept["key"]["code"] = "of another day"
        path.write_text(json.dumps(kept))
    assert run(shots=1)["evaluations"]["reused"] == 0


def test_an_interrupted_run_keeps_what_is_finished(run):
    def interrupt(stage, *_):
        if "btad/03" in stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(shots=1, report=interrupt)
    assert run(shots=1)["evaluations"] == {"measured": 1, "reused": 4}


def test_several_seeds_give_mean_and_deviation(run):
    both = line(run(shots=1, seeds=(0, 1)), "BTAD", "image_auroc")
    singles = [line(run(shots=1, seeds=(seed,)), "BTAD")["measured"] for seed in (0, 1)]
    assert both["measured"] == pytest.approx(sum(singles) / 2)
    assert both["sd"] == pytest.approx(abs(singles[0] - singles[1]) / 2**0.5)


def test_limited_pictures_are_never_compared(run):
    found = run(shots=1, limit=3)
    assert line(found, "BTAD")["difference"] is None
    assert any("At most 3 test pictures" in remark for remark in found["remarks"])


def test_absent_weights_are_named_in_every_line(run, factory):
    factory.broken = ModelUnavailable("The weights of X are not here.")
    found = run(shots=1)
    assert "The weights of X are not here." in line(found, "BTAD")["reason"]
    assert found["provenance"] is None


def test_absent_methods_and_variants_are_named(run, monkeypatch, tmp_path):
    write_category(tmp_path / "data" / "visa" / "candle")
    ladder = {row["variant"]: row["reason"] for row in run("h2vlr-4")["rows"]}
    assert ladder["sab"] == ladder["full"] == ""
    assert ladder["dsi"] == "h2vlr has no variant dsi"
    monkeypatch.setattr(reproduce_lines, "METHODS", {})
    assert "H2VLR is not among" in run("h2vlr-4")["missing"][0]


def test_the_mean_of_both_aurocs_is_that_of_the_measured_ones(run, tmp_path):
    write_category(tmp_path / "data" / "visa" / "candle")
    steps = [row for row in run("h2vlr-4")["rows"] if row["variant"] == "sab"]
    image, pixel, mean = (row["measured"] for row in steps)
    assert mean == pytest.approx((image + pixel) / 2)


def test_a_checkpoint_trained_on_the_data_is_told(run, monkeypatch):
    from tests import fakes

    plain = fakes.FakeFitted.provenance.fget
    seen = property(lambda fitted: replace(plain(fitted), trained_on=("btad/02",)))
    monkeypatch.setattr(fakes.FakeFitted, "provenance", seen)
    assert any("trained on btad/02: no fair" in remark for remark in run(shots=1)["remarks"])


def test_text_shows_both_figures_and_what_is_missing(run):
    text = reproduced_table(run(shots=1))
    (row,) = [found for found in text.splitlines() if found.startswith("BTAD")]
    assert "94.61" in row
    assert row.split()[-1] == "3"
    (partial,) = [found for found in text.splitlines() if found.startswith("MVTec AD")]
    assert " * " in partial
    assert "not measured: VisA is not there" in text
    assert "remark: MVTec AD: 2 of 15 categories" in text


def test_raid_measures_its_tables_with_one_database(tmp_path):
    for name in ("01", "02", "03"):
        write_category(tmp_path / "btad" / name, normals=2, anomalous=1)
    request = ReproduceRequest("raid-1", (tmp_path,), preset="tiny", cells=tmp_path / "cells")
    found = reproduce(request, json_path=tmp_path / "t.json")
    rows = [row for row in found["rows"] if row["data"] == ["BTAD"]]
    assert {row["metric"] for row in rows if row["complete"]} == {row["metric"] for row in rows}
    assert found["evaluations"] == {"measured": 1, "reused": 0}
    kept = json.loads((tmp_path / "t.json").read_text())
    assert kept["rows"] == found["rows"]
    (cell,) = (tmp_path / "cells").iterdir()
    result = json.loads(cell.read_text())["result"]
    assert result["setting"] == "multi_class"
    assert {len(row["support"]) for row in result["categories"].values()} == {2}


def test_a_table_without_data_is_printed_with_all_of_it_named():
    found = reproduce(ReproduceRequest("raid-6"))
    assert all(row["measured"] is None and row["reason"] for row in found["rows"])
    with pytest.raises(UsageError, match="no choice of normal pictures"):
        reproduce(ReproduceRequest("raid-6", shots=4))
