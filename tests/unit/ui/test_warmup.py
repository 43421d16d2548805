"""The model loads in the background and says how that went."""

import logging

import pytest

from adapp.core.errors import ModelUnavailable
from adapp.services.inspection import InspectionRequest
from adapp.services.pace import Paces
from adapp.services.pool import DetectorPool
from adapp.ui.warmup import WarmUp
from tests.fakes import FakeLoader


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
