"""ZeroGPU: the decorator that asks for a GPU on such a Space, and does nothing anywhere else."""

import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import ParamSpec, TypeVar, cast

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

LONGEST_SECONDS = 60
"""Most that a call may declare: a visitor without an account has two minutes a day."""

_START = 5.0
_EACH = 1.5

QUOTA = (
    "Free GPU time is used up for today (it comes back within 24 h). Go on with the bundled "
    "examples, run adapp on your own machine, or duplicate this Space."
)


def on_gpu(function: Callable[Arguments, Answer], seconds: int) -> Callable[Arguments, Answer]:
    """Return ``function`` so that it gets a GPU on a ZeroGPU Space, else ``function`` itself.

    Args:
        function: What runs a model.
        seconds: Time that it declares; a call is refused if less is left of the quota.
    """
    if os.environ.get("SPACES_ZERO_GPU", "").lower() not in {"1", "true"}:
        return function
    if find_spec("spaces") is None:
        return function
    decorate = import_module("spaces").GPU(duration=min(seconds, LONGEST_SECONDS))
    return cast("Callable[Arguments, Answer]", decorate(function))


def declared_seconds(pictures: int, methods: int = 1) -> int:
    """Return the time to declare for so many pictures and methods, at most a minute."""
    return min(round(_START + _EACH * pictures * methods), LONGEST_SECONDS)


def is_quota(failure: BaseException) -> bool:
    """Return whether a failure says that the visitor's GPU time is used up."""
    told = str(failure).lower()
    return "gpu" in told and "quota" in told
