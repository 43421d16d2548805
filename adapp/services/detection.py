"""Inspect pictures into a folder, whatever their number: the work behind ``detect``."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from adapp.core.detector import Report
from adapp.services.export import Json, ResultsWriter
from adapp.services.inspection import (
    Inspection,
    InspectionRequest,
    InspectionUpdate,
    QueryOutcome,
    drain,
    inspect,
)
from adapp.services.pool import DetectorPool


def detect(
    request: InspectionRequest,
    pool: DetectorPool,
    writer: ResultsWriter,
    *,
    report: Report,
    show: Callable[[Mapping[str, Json]], None],
    tell: Callable[[str], None],
) -> Path:
    """Inspect query by query and return the path of ``results.json``.

    Each query is written before the next is read. If the run ends early, for whatever reason,
    ``results.json`` holds the queries that are finished and says that the run was stopped.

    Args:
        request: What to inspect, with which method.
        pool: Where the detector comes from.
        writer: Where results go.
        report: Told the stage and the steps done.
        show: Given each finished query as ``results.json`` tells it.
        tell: Given every remark on the run and its pictures, one line each.

    Raises:
        AdappError: As ``inspect`` and ``ResultsWriter``.
    """
    run = _FolderRun(writer, report, show, tell)
    try:
        with closing(inspect(request, pool, keep_last=1)) as updates:
            inspection = drain(run.follow(updates))
    except BaseException:  # KeyboardInterrupt too: what is finished is kept
        run.keep_finished()
        raise
    for note in (*inspection.provenance.fallbacks, *inspection.notes):
        tell(note)
    return writer.finish(inspection)


class _FolderRun:
    """Writes and tells each finished query once."""

    def __init__(
        self,
        writer: ResultsWriter,
        report: Report,
        show: Callable[[Mapping[str, Json]], None],
        tell: Callable[[str], None],
    ) -> None:
        self._writer = writer
        self._report = report
        self._show = show
        self._tell = tell
        self._latest: Inspection | None = None
        self._written: QueryOutcome | None = None
        self._refused = 0

    def follow(self, updates: Iterator[InspectionUpdate]) -> Iterator[InspectionUpdate]:
        """Yield ``updates`` on, each after what is new in it has been written."""
        for update in updates:
            self._report(update.stage, update.done, update.total)
            if update.inspection is not None:
                self._take(update.inspection)
            yield update

    def keep_finished(self) -> None:
        """Write ``results.json`` for the queries that are finished, if there are any."""
        if self._latest is not None:
            self._writer.finish(replace(self._latest, stopped=True))

    def _take(self, inspection: Inspection) -> None:
        for item in inspection.rejected[self._refused :]:
            self._tell(item.reason)
        self._refused = len(inspection.rejected)
        outcome = inspection.outcomes[-1]
        if outcome is not self._written:
            self._show(self._writer.add(outcome, inspection))
            self._written = outcome
            for flag in outcome.image.flags:
                self._tell(f"{outcome.image.name}: {flag}")
        self._latest = inspection
