"""Several methods on the same pictures, held against the same normals."""

import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapp.core.detector import SupportSet
from adapp.core.errors import (
    Cancelled,
    CheckpointMismatch,
    ModelUnavailable,
    UnsupportedRegime,
    UsageError,
)
from adapp.methods.registry import METHODS, MethodInfo
from adapp.services.bench_memory import resident_bytes
from adapp.services.inspection import Inspection, InspectionRequest, inspect
from adapp.services.normal_scale import MapScales, map_scales
from adapp.services.pool import DetectorPool, content_hash
from adapp.services.progress import never

_ABSENT = (UnsupportedRegime, ModelUnavailable, CheckpointMismatch)
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """What to compare: as ``InspectionRequest``, with several methods."""

    methods: tuple[str, ...]
    preset: str
    checkpoint: str
    category: str
    support: tuple[Path, ...]
    query: tuple[Path, ...]
    seed: int = 0

    def inspection(self, method: str) -> InspectionRequest:
        """Return the run of one method."""
        return InspectionRequest(
            method=method,
            preset=self.preset,
            checkpoint=self.checkpoint,
            category=self.category,
            support=self.support,
            query=self.query,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class MethodRun:
    """What one method found.

    Attributes:
        info: The method.
        inspection: Its run; the same as in the Inspect tab and on the command line.
        scales: Where its values stand among those of the normal pixels.
        memory_bytes: Largest resident memory of this process during the run; None if unknown.
    """

    info: MethodInfo
    inspection: Inspection
    scales: MapScales
    memory_bytes: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What all methods found.

    Attributes:
        request: What was asked for.
        runs: One per method that could run, in the order asked for.
        absent: Why a method could not run, by its name.
        stopped: Whether the user stopped it before the last method.
    """

    request: CompareRequest
    runs: tuple[MethodRun, ...]
    absent: dict[str, str] = field(default_factory=dict[str, str])
    stopped: bool = False

    @property
    def queries(self) -> int:
        """Number of pictures that every method has inspected."""
        return min((len(run.inspection.outcomes) for run in self.runs), default=0)


@dataclass(frozen=True, slots=True, eq=False)
class CompareUpdate:
    """A step of a running comparison; it holds what is finished so far."""

    stage: str
    done: int
    total: int
    comparison: Comparison | None


def compare(
    request: CompareRequest, pool: DetectorPool, cancelled: Callable[[], bool] = never
) -> Generator[CompareUpdate, None, None]:
    """Yield the steps of a comparison, method by method; the last update holds all of it.

    A method that cannot run with these pictures or on this machine is named in ``absent``; it
    does not keep the others from running.

    Raises:
        UsageError: If no method was chosen, or none of them can run.
        AdappError: As ``inspect``.
    """
    if not request.methods:
        msg = "No method is chosen. Choose at least one to compare."
        raise UsageError(msg)
    shown = Comparison(request, ())
    for number, method in enumerate(request.methods):
        title = METHODS[method].title if method in METHODS else method
        try:
            with closing(_method(request, method, pool, cancelled)) as steps:
                for stage, run in steps:
                    if run is not None:
                        shown = replace(shown, runs=(*shown.runs, run))
                    finished = shown if shown.runs else None
                    total = len(request.methods)
                    yield CompareUpdate(f"{title}: {stage}", number, total, finished)
        except _ABSENT as reason:
            shown = replace(shown, absent={**shown.absent, method: str(reason)})
        except Cancelled:
            kept = replace(shown, stopped=True) if shown.runs else None
            yield CompareUpdate("Stopped", number, len(request.methods), kept)
            return
    if not shown.runs:
        raise UsageError(" ".join(dict.fromkeys(shown.absent.values())))
    yield CompareUpdate("Done", len(request.methods), len(request.methods), shown)


def drain_comparison(updates: Iterator[CompareUpdate]) -> Comparison:
    """Return the complete comparison behind ``updates``.

    Raises:
        Cancelled: If it was stopped before the first method was done.
    """
    comparison = None
    for update in updates:
        comparison = update.comparison
    if comparison is None:
        msg = "The comparison was stopped before the first method was done; press Compare again."
        raise Cancelled(msg)
    return comparison


def _method(
    request: CompareRequest, method: str, pool: DetectorPool, cancelled: Callable[[], bool]
) -> Generator[tuple[str, MethodRun | None], None, None]:
    """Yield the stages of one method's run, the last with what it found."""
    asked = request.inspection(method)
    found: Inspection | None = None
    with _memory() as peak:
        for update in inspect(asked, pool, cancelled):
            found = update.inspection
            yield update.stage, None
        if found is None or found.stopped or cancelled():
            msg = "The comparison was stopped."
            raise Cancelled(msg)
        yield "Scoring your normals", None
        scales = _scales_of(found, pool, cancelled)
        if cancelled():
            msg = "The comparison was stopped."
            raise Cancelled(msg)
    yield "Done", MethodRun(METHODS[method], found, scales, peak[0] or None)


def _scales_of(found: Inspection, pool: DetectorPool, cancelled: Callable[[], bool]) -> MapScales:
    """Return the scales of a method under the normals of ``found``, made once."""
    request = found.request
    support = SupportSet(request.category, [image.pixels for image in found.support])
    key = request.detector_key

    def build() -> MapScales:
        made = map_scales(
            pool.detector(key),
            support,
            found.calibration,
            learns_support=METHODS[request.method].learns_support,
            cancelled=cancelled,
        )
        if cancelled():  # half of the normals are no scale: do not keep it
            msg = "The comparison was stopped."
            raise Cancelled(msg)
        return made

    return pool.derived((key, content_hash(support), "scales"), build, cancelled)


@contextmanager
def _memory() -> Iterator[list[int]]:
    """Watch this process; the list's one entry is the largest resident memory seen, in bytes."""
    peak = [0]
    ended = threading.Event()

    def look() -> None:
        peak[0] = max(peak[0], resident_bytes(os.getpid()) or 0)

    def watch() -> None:
        while not ended.wait(_POLL_SECONDS):
            look()

    look()
    watcher = threading.Thread(target=watch, name="adapp-memory", daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
        look()
