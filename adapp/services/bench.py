"""Measure speed and memory on this machine: ratios, each with the absolute values beside it."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import adapp
from adapp.auxiliary.page_keys import load_key_encoder, shipped
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.methods import registry
from adapp.methods.benchmarking import BenchPlan, Json
from adapp.methods.registry import METHODS
from adapp.services import bench_knowledge
from adapp.services.bench_app import AppPlan, measure_app
from adapp.services.bench_memory import available_bytes, total_bytes
from adapp.services.bench_redraw import measure_redraw
from adapp.services.bench_table import table
from adapp.services.benchmark import write_json

_PACKAGES = ("torch", "faiss-cpu", "numpy", "gradio")
_RESERVE = 0.8  # share of the free memory that a database may take


def run(
    *,
    methods: Sequence[str],
    preset: str,
    json_path: Path | None,
    report: Report | None = None,
    plan: BenchPlan | None = None,
    app_plan: AppPlan | None = None,
) -> str:
    """Measure everything, write the JSON and return it as a table.

    Args:
        methods: Registry keys.
        preset: Frozen encoder behind them.
        json_path: File to write; None writes none.
        report: Told the stage and how far it is.
        plan: Sizes of what is measured of the methods; None takes the full ones within the
            memory that is free.
        app_plan: Sizes of what is measured of the app; None takes the full ones.

    Raises:
        UsageError: If a method or the preset does not exist, the place for the JSON cannot be
            written to, or the app does not start.
        ModelUnavailable: If the preset's weights are not on this machine.
        Cancelled: If ``report`` raises it.
    """
    _check(methods, json_path)
    told = report or _silent
    settings = Settings()
    sizes, outside = plan or BenchPlan(memory=_free()), app_plan or AppPlan()
    result: Json = {"preset": preset, "machine": _machine(), "methods": {}}
    result["app"] = {
        **measure_app(methods[0], preset, outside, told),
        "redraw": measure_redraw(
            methods[0], preset, settings.checkpoint, told, outside.redraw_side, outside.redraws
        ),
    }
    told("Finding knowledge pages", 0, 0)
    result["knowledge"] = {
        **bench_knowledge.retrieval(outside.pages),
        "encoding": bench_knowledge.encoding(
            load_key_encoder(preset, settings, shipped(preset, settings))
        ),
    }
    for method in dict.fromkeys(methods):
        result["methods"][method] = registry.benchmark(
            method, preset=preset, checkpoint=settings.checkpoint, plan=sizes, report=told
        )
    if json_path is not None:
        write_json(result, json_path)
    return table(result)


def _silent(stage: str, done: int, total: int) -> None:
    """Report to nobody."""


def _free() -> int | None:
    free = available_bytes()
    return None if free is None else int(_RESERVE * free)


def _check(methods: Sequence[str], json_path: Path | None) -> None:
    """Refuse at once what would fail after minutes."""
    if not methods:
        msg = "No method given: name at least one."
        raise UsageError(msg)
    for method in methods:
        if method not in METHODS:
            msg = f"method {method!r} does not exist; choose one of {', '.join(METHODS)}"
            raise UsageError(msg)
    if json_path is None:
        return
    try:
        json_path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{json_path.parent} cannot be made ({error.strerror}); choose another place."
        raise UsageError(msg) from error
    if not os.access(json_path.parent, os.W_OK) or json_path.is_dir():
        msg = f"{json_path} cannot be written; choose another place."
        raise UsageError(msg)


def _machine() -> Json:
    """Return what the figures were taken on."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "threads_asked": os.environ.get("OMP_NUM_THREADS"),
        "memory_bytes": total_bytes(),
        "python": platform.python_version(),
        "adapp": adapp.__version__,
        **{name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """Return the processor's name."""
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
