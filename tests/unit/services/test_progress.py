"""Blocking work as a generator: its reports, its result, its end."""

import threading

import pytest

from adapp.core.errors import Cancelled
from adapp.services.progress import Step, never, streamed


def consumed(work, cancelled=never):
    """Return the steps and the result of streamed work."""
    generator = streamed(work, cancelled)
    steps = []
    while True:
        try:
            steps.append(next(generator))
        except StopIteration as finished:
            return steps, finished.value


def test_reports_come_out_in_order_and_the_result_last():
    def work(report):
        report("Epoch", 1, 2)
        report("Epoch", 2, 2)
        return "tuned"

    assert consumed(work) == ([Step("Epoch", 1, 2), Step("Epoch", 2, 2)], "tuned")


def test_failure_of_the_work_reaches_the_caller():
    def work(report):
        report("Epoch", 1, 2)
        msg = "broken"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="broken"):
        consumed(work)


def test_cancelled_work_ends_at_its_next_report():
    reached = []

    def work(report):
        for step in range(10):
            report("Epoch", step, 10)
            reached.append(step)

    calls = iter(range(100))
    with pytest.raises(Cancelled):
        consumed(work, lambda: next(calls) >= 3)
    assert reached == [0, 1, 2]


def test_closing_the_generator_ends_the_thread():
    go, ended = threading.Event(), threading.Event()

    def work(report):
        try:
            report("Epoch", 0, 2)
            assert go.wait(10)
            report("Epoch", 1, 2)
        finally:
            ended.set()

    generator = streamed(work, never)
    assert next(generator) == Step("Epoch", 0, 2)
    threading.Timer(0.05, go.set).start()
    generator.close()
    assert ended.is_set()
