"""How times are taken: side by side, without the first round."""

import pytest

from adapp.methods import benchmarking
from adapp.methods.benchmarking import BenchPlan, interleaved, timed


class Clock:
    """A clock that moves only when a task says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_tasks_take_turns_and_the_first_round_does_not_count(monkeypatch):
    clock, calls = Clock(), []
    monkeypatch.setattr(benchmarking.time, "perf_counter", clock)
    lengths = {"slow": iter([90.0, 1.0, 5.0, 2.0]), "fast": iter([70.0, 0.5, 0.1, 0.2])}

    def work(name):
        calls.append(name)
        clock.now += next(lengths[name])

    seconds = interleaved({"slow": lambda: work("slow"), "fast": lambda: work("fast")}, 3)
    assert calls == ["slow", "fast"] * 4
    assert {name: round(value, 9) for name, value in seconds.items()} == {"slow": 2.0, "fast": 0.2}


def test_a_timed_call_keeps_arguments_and_result(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(benchmarking.time, "perf_counter", clock)

    def add(first, *, second):
        clock.now += 3.0
        return first + second

    assert timed(add, 1, second=2) == (3.0, 3)


@pytest.mark.parametrize("pictures", [(), (8, 1)])
def test_a_plan_with_too_few_pictures_is_refused(pictures):
    with pytest.raises(ValueError, match="two pictures a category"):
        BenchPlan(pictures=pictures)
