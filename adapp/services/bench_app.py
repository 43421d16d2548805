"""The app from outside, in a process of its own: start, first map, memory."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from gradio_client import Client, handle_file

from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.methods.benchmarking import Json, timed
from adapp.services.bench_memory import resident_bytes
from adapp.services.bench_pictures import FAMILIES, PartFiles, part_files
from adapp.services.bench_process import AppCommand, RunningApp, bare_start, running_app
from adapp.services.examples import examples

_SHOTS = 4
_QUERIES = 10
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 120  # for one answer of a busy app; gradio's own are 5


class Caller(Protocol):
    """A program that calls the app's public endpoints."""

    def predict(self, *, api_name: str, **values: Any) -> Any:  # noqa: ANN401 - the app's own JSON
        """Return what the endpoint answers."""
        ...


Connect: TypeAlias = Callable[[str, Path], Caller]
"""Returns a caller for an address; downloads go to the folder."""


def connect(url: str, folder: Path) -> Caller:
    """Return a client of the app at ``url``; it asks nobody else and takes no proxy."""
    client: Caller = Client(
        url,
        verbose=False,
        download_files=folder,
        analytics_enabled=False,
        httpx_kwargs={"trust_env": False, "timeout": _PATIENCE_SECONDS},
    )
    return client


@dataclass(frozen=True, slots=True)
class AppPlan:
    """Sizes of what is measured of the app.

    Attributes:
        command: How it is started.
        starts: Times it is started, at least 1.
        inspections: Inspections before the memory is read again.
        side: Side of the inspected pictures in pixels.
        redraw_side: Side of the picture whose threshold moves; 1000 makes one megapixel.
        redraws: Times it moves.
        pages: Numbers of knowledge pages among which some are found.
        connect: What calls the endpoints.
    """

    command: AppCommand = field(default_factory=AppCommand)
    starts: int = 2
    inspections: int = 50
    side: int = 512
    redraw_side: int = 1000
    redraws: int = 15
    pages: tuple[int, ...] = (1_000, 10_000)
    connect: Connect = connect


def measure_app(method: str, preset: str, plan: AppPlan, report: Report) -> Json:
    """Return start, first map and resident memory of the app, each as a ratio.

    The start is held against Python with the heavy packages alone (torch and gradio), which
    alternates with it; the first map against a later inspection; memory against that of the bare
    process, and after the inspections against that after the start.

    Raises:
        UsageError: If the app does not start or an inspection fails.
    """
    with tempfile.TemporaryDirectory(prefix="adapp-bench-") as name:
        folder = Path(name)
        report("App: rendering parts", 0, len(FAMILIES))
        files = [part_files(folder, family, plan.side, _SHOTS, _QUERIES) for family in FAMILIES]
        run = _Run(method, preset, plan, report, files)
        for number in range(plan.starts):
            report("App: start", number, plan.starts)
            run.bare.append(bare_start(plan.command))
            with running_app(plan.command, preset) as app:
                run.starts.append(app.seconds)
                client = plan.connect(app.url, folder)
                if number == 0:
                    run.measure_first_map(app, client)
                if number == plan.starts - 1:
                    run.measure_memory(app, client)
        return run.result()


class _Run:
    """Figures of the app as they come in."""

    def __init__(
        self, method: str, preset: str, plan: AppPlan, report: Report, files: Sequence[PartFiles]
    ) -> None:
        self._asked = {
            "method": method,
            "preset": preset,
            "checkpoint": Settings().checkpoint,
            "tune": False,
            "seed": 0,
        }
        self._plan, self._report, self._files = plan, report, files
        self.bare: list[tuple[float, int | None]] = []
        self.starts: list[float] = []
        self._first_map = 0.0
        self._later: list[float] = []
        self._memory: list[int | None] = []
        self._memory_of_parts: int | None = None

    def measure_first_map(self, app: RunningApp, client: Caller) -> None:
        """Take the time from the start of the process to the maps of the first example."""
        self._report("App: first map", 0, 1)
        shown = examples()
        if shown:
            self._detect(client, shown[0].category, shown[0].support, shown[0].query[0])
        else:
            first = self._files[0]
            self._detect(client, first.name, first.support, first.query[0])
        self._first_map = time.perf_counter() - app.started

    def measure_memory(self, app: RunningApp, client: Caller) -> None:
        """Read the memory once the model is loaded, and again after the inspections."""
        self._wait_until_loaded(client)
        self._memory.append(resident_bytes(app.pid))
        for number in range(self._plan.inspections):
            self._report("App: inspections", number, self._plan.inspections)
            part = self._files[number % len(self._files)]
            query = part.query[number // len(self._files) % len(part.query)]
            seconds, _ = timed(self._detect, client, part.name, part.support, query)
            self._later.append(seconds)
            if number == len(self._files) - 1:
                self._memory_of_parts = resident_bytes(app.pid)
        self._memory.append(resident_bytes(app.pid))

    def result(self) -> Json:
        """Return all figures."""
        start, bare = statistics.median(self.starts), statistics.median(s for s, _ in self.bare)
        later = statistics.median(self._later)
        empty, (loaded, used) = self.bare[-1][1], self._memory
        return {
            "start": {
                "ratio": start / bare,
                "seconds": start,
                "bare_seconds": bare,
                "repeats": len(self.starts),
            },
            "first_map": {
                "ratio": self._first_map / later,
                "seconds_from_start": self._first_map,
                "later_seconds": later,
            },
            "memory_after_start": {
                "ratio": _share(loaded, empty),
                "bytes": loaded,
                "bare_bytes": empty,
            },
            "memory_after_inspections": {
                "ratio": _share(used, loaded),
                "bytes": used,
                "bytes_after_start": loaded,
                "bytes_after_each_part_once": self._memory_of_parts,
                "parts": len(self._files),
                "inspections": len(self._later),
            },
        }

    def _detect(self, client: Caller, category: str, support: Sequence[Path], query: Path) -> None:
        client.predict(
            support=[handle_file(str(path)) for path in support],
            query=[handle_file(str(query))],
            category=category,
            **self._asked,
            api_name="/detect",
        )

    def _wait_until_loaded(self, client: Caller) -> None:
        """Wait for the model that the app loads in the background.

        Raises:
            UsageError: If it cannot be loaded, or not in time.
        """
        patience = self._plan.command.patience_s
        limit = time.perf_counter() + patience
        while (model := client.predict(api_name="/methods")["model"])["state"] == "loading":
            if time.perf_counter() > limit:
                msg = f"The app's model was not loaded within {patience:.0f} s; try again later."
                raise UsageError(msg)
            time.sleep(_POLL_SECONDS)
        if model["state"] == "failed":
            msg = f"The app could not load its model: {model['detail']}"
            raise UsageError(msg)


def _share(value: int | None, other: int | None) -> float | None:
    return value / other if value is not None and other else None
