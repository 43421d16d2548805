"""The whole benchmark on toy sizes, with an app that is only a page and a caller that counts."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from adapp.core.errors import Cancelled, UsageError
from adapp.methods.benchmarking import BenchPlan
from adapp.services import bench
from adapp.services.bench_app import AppPlan, measure_app
from adapp.services.bench_pictures import part_files
from adapp.services.bench_process import AppCommand
from adapp.services.bench_redraw import redraw
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from tests.fakes import FakeLoader
from tests.unit.services.bench_page import BARE, SERVER

PLAN = BenchPlan(
    categories=2, pictures=(2, 3), queries=1, faiss_repeats=1, probes=(1,), ladder_pictures=1,
    batches=(1,), repeats=1, shots=1, size=70,
)  # fmt: skip
COMMAND = AppCommand(app=(sys.executable, "-c", SERVER), bare=(sys.executable, "-c", BARE))


class Caller:
    """Stands for the app's client: the model takes two looks to load, inspections do nothing."""

    def __init__(self, state="ready"):
        self.states = ["loading", "loading", state]
        self.asked = []

    def __call__(self, url, folder):
        assert url.startswith("http://127.0.0.1:")
        assert folder.is_dir()
        return self

    def predict(self, *, api_name, **values):
        if api_name == "/methods":
            state = self.states.pop(0)
            return {"model": {"state": state, "detail": "the weights are gone"}}
        assert api_name == "/detect"
        self.asked.append(values)
        return None


@pytest.fixture
def caller():
    return Caller()


@pytest.fixture
def app_plan(caller):
    return AppPlan(
        command=COMMAND,
        starts=1,
        inspections=7,
        side=64,
        redraw_side=80,
        redraws=2,
        pages=(20, 40),
        connect=caller,
    )


@pytest.fixture
def no_wait(monkeypatch):
    monkeypatch.setattr("adapp.services.bench_app.time.sleep", lambda _: None)


@pytest.mark.usefixtures("no_wait")
def test_everything_is_measured_written_and_shown(tmp_path, caller, app_plan):
    told = []
    path = tmp_path / "new" / "bench.json"
    shown = bench.run(
        methods=("raid", "raid"),
        preset="tiny",
        json_path=path,
        report=lambda stage, done, total: told.append((stage, done, total)),
        plan=PLAN,
        app_plan=app_plan,
    )
    result = json.loads(path.read_text())
    assert result["preset"] == "tiny"
    assert list(result["methods"]) == ["raid"]
    assert result["machine"]["cores"] >= 1
    assert result["machine"]["torch"]
    app = result["app"]
    assert app["start"]["ratio"] == pytest.approx(
        app["start"]["seconds"] / app["start"]["bare_seconds"]
    )
    used = app["memory_after_inspections"]
    assert (used["inspections"], used["parts"]) == (7, 5)
    if used["bytes"] is not None:  # the stand-in does nothing, so it does not grow
        assert used["bytes_after_each_part_once"] == pytest.approx(used["bytes"], rel=0.2)
        assert used["ratio"] == pytest.approx(used["bytes"] / used["bytes_after_start"])
    assert app["redraw"]["megapixels"] == pytest.approx(0.0064)
    assert app["redraw"]["ratio"] == pytest.approx(
        app["redraw"]["seconds"] / app["redraw"]["inspection_seconds"]
    )
    assert len(caller.asked) == 8  # the first map and seven inspections
    for words in ("flat over hierarchical search, 2 x 3 pictures", "bare encoder, batch 1",
                  "hierarchical - flat pixel auroc", "app start", "first map", "redraw",
                  "after 7 inspections", "lists in a category",
                  "prompt, 40 over 20 pages"):  # fmt: skip
        assert words in shown
    assert {stage.split(":")[0] for stage, _, _ in told} == {
        *("App", "RAID", "Finding knowledge pages")
    }


@pytest.mark.usefixtures("no_wait")
def test_inspections_go_through_different_parts_and_pictures(caller, app_plan):
    measure_app("raid", "tiny", replace(app_plan, inspections=10), lambda *_: None)
    later = caller.asked[1:]
    assert len({values["category"] for values in later}) == 5
    assert len({values["query"][0]["path"] for values in later}) == 10
    assert all(len(values["support"]) == 4 for values in later)
    first = later[0]
    assert (first["method"], first["preset"], first["tune"]) == ("raid", "tiny", False)


@pytest.mark.usefixtures("no_wait")
def test_a_model_that_does_not_load_is_told(app_plan):
    failing = replace(app_plan, connect=Caller("failed"))
    with pytest.raises(UsageError, match="could not load its model: the weights are gone"):
        measure_app("raid", "tiny", failing, lambda *_: None)


def test_nothing_is_written_when_the_user_stops(tmp_path, app_plan):
    def stop(stage, done, total):
        del done, total
        if stage == "App: threshold redraw":
            message = "The run was stopped."
            raise Cancelled(message)

    path = tmp_path / "bench.json"
    with pytest.raises(Cancelled):
        bench.run(
            methods=("raid",), preset="tiny", json_path=path, report=stop, plan=PLAN,
            app_plan=app_plan,
        )  # fmt: skip
    assert not path.exists()


@pytest.mark.parametrize(
    ("methods", "told"), [((), "name at least one"), (("radi",), "'radi' does not exist")]
)
def test_a_wrong_method_is_refused_before_anything_is_measured(methods, told):
    with pytest.raises(UsageError, match=told):
        bench.run(methods=methods, preset="tiny", json_path=None, report=_never)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        bench.run(
            methods=("raid",), preset="tiny", json_path=tmp_path / "file" / "b.json", report=_never
        )
    with pytest.raises(UsageError, match="cannot be written"):
        bench.run(methods=("raid",), preset="tiny", json_path=tmp_path, report=_never)


def _never(stage, done, total):
    message = f"measured {stage} {done} {total}"
    raise AssertionError(message)


def test_part_files_are_the_same_every_time_and_every_second_query_is_damaged(tmp_path):
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    first, again = (part_files(folder, "gasket", 64, 2, 4) for folder in folders)
    assert first.name == "gasket"
    pictures = [path.read_bytes() for path in (*first.support, *first.query)]
    assert pictures == [path.read_bytes() for path in (*again.support, *again.query)]
    assert len(set(pictures)) == 6


def test_a_redraw_follows_the_threshold_and_asks_no_model(tmp_path):
    files = part_files(tmp_path, "gasket", 64, 2, 2)
    loader = FakeLoader()
    request = InspectionRequest("raid", "tiny", "open", "gasket", files.support, files.query)
    inspection = drain(inspect(request, DetectorPool(loader)))
    calls = len(loader.detectors[0].predictions)
    low, high = redraw(inspection, 0.05), redraw(inspection, 0.95)
    assert low.shape == (64, 64, 3)
    assert not np.array_equal(low, high)
    assert len(loader.detectors[0].predictions) == calls > 0
