"""The ZeroGPU decorator: nothing off Spaces, a bounded declaration on them, quota in words."""

import sys
from types import ModuleType

import gradio as gr
import pytest

from adapp.ui import gpu
from adapp.ui.errors import as_message


def _work(value):
    return value + 1


@pytest.fixture
def space(monkeypatch):
    """A machine that looks like a ZeroGPU Space; returns the durations declared on it."""
    declared = []
    module = ModuleType("spaces")

    def decorator(duration):
        declared.append(duration)
        return lambda function: lambda *given: ("gpu", function(*given))

    module.GPU = decorator
    monkeypatch.setitem(sys.modules, "spaces", module)
    monkeypatch.setattr(gpu, "find_spec", lambda name: name)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    return declared


def test_decorator_does_nothing_elsewhere(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert gpu.on_gpu(_work, 30) is _work


def test_without_the_package_it_does_nothing_either(monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setattr(gpu, "find_spec", lambda name: None)  # noqa: ARG005 - as the original
    assert gpu.on_gpu(_work, 30) is _work


def test_on_a_space_the_call_gets_a_gpu_and_declares_a_minute_at_most(space):
    assert gpu.on_gpu(_work, 300)(1) == ("gpu", 2)
    assert space == [gpu.LONGEST_SECONDS]


def test_declared_time_grows_with_the_work_up_to_a_minute():
    assert gpu.declared_seconds(1) < gpu.declared_seconds(8) < gpu.declared_seconds(8, 3)
    assert gpu.declared_seconds(1000) == 60


def test_used_up_quota_is_told_with_what_to_do_next():
    told = as_message(gr.Error("You have exceeded your GPU quota (60s requested vs 56s left)."))
    assert "duplicate this Space" in str(told)
    assert "duplicate" not in str(as_message(gr.Error("another message")))
