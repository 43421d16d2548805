"""Runs into a folder: each query written before the next, remarks told once."""

import json
from dataclasses import replace

import cv2
import pytest

from adapp.core.errors import BadImage
from adapp.services.detection import detect
from adapp.services.export import ResultsWriter
from adapp.services.inspection import InspectionRequest
from adapp.services.pool import DetectorPool
from tests.fakes import FakeFitted, FakeLoader, part


@pytest.fixture
def run(tmp_path):
    """Return a function that runs ``detect`` on named pictures and keeps what it told."""
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), part(number))
    (tmp_path / "broken.png").write_text("no picture")

    class Run:
        out = tmp_path / "out"

        def __call__(self, support, query, show=None):
            self.told, self.shown, self.stages = [], [], []
            request = InspectionRequest(
                "raid",
                "tiny",
                "open",
                "plate",
                tuple(tmp_path / name for name in support),
                tuple(tmp_path / name for name in query),
            )
            return detect(
                request,
                DetectorPool(FakeLoader()),
                ResultsWriter(self.out),
                report=lambda *step: self.stages.append(step),
                show=show or self.shown.append,
                tell=self.told.append,
            )

        def report(self):
            return json.loads((self.out / "results.json").read_text(encoding="utf-8"))

    return Run()


def test_each_query_is_written_before_it_is_shown(run):
    seen = []

    def show(query):
        seen.append(query["name"])
        assert all((run.out / name).is_file() for name in query["files"].values())
        assert not (run.out / "results.json").exists()

    assert run(["0.png"], ["1.png", "2.png"], show) == run.out / "results.json"
    assert seen == ["1.png", "2.png"]


def test_shown_queries_are_those_of_the_report(run):
    run(["0.png"], ["1.png", "2.png"])
    assert [dict(query) for query in run.shown] == run.report()["queries"]


def test_every_refusal_is_told_once_wherever_it_stands(run):
    run(["0.png", "broken.png"], ["broken.png", "1.png", "broken.png"])
    refusals = [line for line in run.told if line.startswith("broken.png: ")]
    assert len(refusals) == 3
    roles = [item["role"] for item in run.report()["rejected"]]
    assert roles == ["support", "query", "query"]


def test_flags_carry_the_pictures_name_and_notes_come_last(run):
    run(["0.png"], ["0.png"])
    assert any(line.startswith("0.png: Nearly identical to support") for line in run.told[:-1])
    assert run.told[-1].startswith("Threshold is a guess")


def test_fallbacks_are_told(run, monkeypatch):
    monkeypatch.setattr(FakeFitted, "provenance", _fallen_back(FakeFitted.provenance))
    run(["0.png", "1.png"], ["2.png"])
    assert "The training-free variant runs." in run.told


def _fallen_back(plain):
    told = ("The training-free variant runs.",)
    return property(lambda fitted: replace(plain.fget(fitted), fallbacks=told))


def test_progress_counts_the_queries(run):
    run(["0.png"], ["1.png", "2.png"])
    counted = [(done, total) for stage, done, total in run.stages if "Inspecting" in stage]
    assert counted == [(0, 2), (1, 2)]
    assert run.stages[-1] == ("Done", 2, 2)


def test_a_run_that_breaks_off_keeps_what_is_finished(run):
    def show(query):
        if query["name"] == "2.png":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["0.png"], ["1.png", "2.png"], show)
    report = run.report()
    assert report["stopped"] is True
    assert report["queries"][0]["name"] == "1.png"


def test_a_run_without_any_result_leaves_no_report(run):
    with pytest.raises(BadImage, match="No picture to inspect could be read"):
        run(["0.png"], ["broken.png"])
    assert not (run.out / "results.json").exists()
