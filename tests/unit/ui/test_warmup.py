"""Models load in the background, and the page says how that went."""

import logging

import pytest

from adapp.core.errors import ModelUnavailable
from adapp.services.examples import examples
from adapp.services.inspection import InspectionRequest
from adapp.services.pace import Paces
from adapp.services.pool import DetectorPool
from adapp.ui.app_services import app_services
from adapp.ui.warmup import WarmUp
from tests.fakes import FakeLoader
from tests.pages import explainer


@pytest.fixture
def request_for_two(pictures):
    normals, queries = pictures
    return InspectionRequest(
        method="raid",
        preset="tiny",
        checkpoint="open",
        category="plate",
        support=tuple(normals),
        query=tuple(queries[:1]),
    )


def _done(pool, request):
    warm_up = WarmUp(pool, request, Paces())
    assert warm_up.readiness.state == "loading"
    warm_up.start()
    warm_up.start()  # a second call changes nothing
    assert warm_up.wait(30)
    return warm_up.readiness


def test_first_run_is_ready_afterwards(request_for_two):
    loader = FakeLoader()
    ready = _done(DetectorPool(loader), request_for_two)
    assert (ready.state, ready.device) == ("ready", "CPU")
    assert "fake:pixels" in ready.detail
    assert len(loader.detectors) == 1
    assert len(loader.detectors[0].predictions) == 1


def test_missing_weights_are_told(request_for_two):
    def absent(*_, **__):
        message = "The weights are missing. Get them."
        raise ModelUnavailable(message)

    ready = _done(DetectorPool(absent), request_for_two)
    assert (ready.state, ready.detail) == ("failed", "The weights are missing. Get them.")


def test_bug_goes_to_the_log(request_for_two, caplog):
    def broken(*_, **__):
        message = "internals"
        raise RuntimeError(message)

    with caplog.at_level(logging.ERROR, logger="adapp.ui"):
        ready = _done(DetectorPool(broken), request_for_two)
    assert ready.state == "failed"
    assert "internals" not in ready.detail
    assert caplog.records[0].exc_info[0] is RuntimeError


def test_without_an_example_the_first_visitor_loads_the_model():
    assert _done(DetectorPool(FakeLoader()), None).state == "ready"


def test_what_follows_sees_the_run_of_a_ready_model(request_for_two):
    seen = []

    def then(inspection):
        seen.append((warm_up.readiness.state, len(inspection.outcomes)))

    warm_up = WarmUp(DetectorPool(FakeLoader()), request_for_two, Paces(), then)
    warm_up.start()
    assert warm_up.wait(30)
    assert seen == [("ready", 1)]


def test_failure_of_what_follows_leaves_the_model_ready(request_for_two, caplog):
    def then(_):
        message = "no page"
        raise ModelUnavailable(message)

    warm_up = WarmUp(DetectorPool(FakeLoader()), request_for_two, Paces(), then)
    with caplog.at_level(logging.WARNING, logger="adapp.ui"):
        warm_up.start()
        assert warm_up.wait(30)
    assert warm_up.readiness.state == "ready"
    assert "prepared" in caplog.records[0].message


def test_nothing_follows_a_model_that_failed(request_for_two):
    def absent(*_, **__):
        message = "The weights are missing. Get them."
        raise ModelUnavailable(message)

    seen = []
    warm_up = WarmUp(DetectorPool(absent), request_for_two, Paces(), seen.append)
    warm_up.start()
    assert warm_up.wait(30)
    assert seen == []


def test_first_question_finds_pages_and_reasoner_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path))
    asked = explainer()
    loads = []
    monkeypatch.setattr(asked, "_load", lambda load=asked._load: loads.append(1) or load())
    services = app_services(
        "tiny", pool=DetectorPool(FakeLoader()), cards=examples()[:1], explainer=asked
    )
    assert asked._choice is None
    services.warm_up.start()
    assert services.warm_up.wait(60)
    assert loads
    assert asked._choice is not None


def test_what_is_kept_is_there_before_the_model_is_told_ready(request_for_two):
    seen, told = [], []

    def keep(inspection):
        seen.append((warm_up.readiness.state, len(inspection.outcomes)))

    warm_up = WarmUp(DetectorPool(FakeLoader()), request_for_two, Paces(), keep=keep)
    warm_up.when_known(lambda: told.append((warm_up.readiness.state, len(seen))))
    assert told == []
    warm_up.start()
    assert warm_up.wait(30)
    assert seen == [("loading", 1)]
    assert told == [("ready", 1)]
    warm_up.when_known(lambda: told.append("at once"))
    assert told[1:] == ["at once"]
