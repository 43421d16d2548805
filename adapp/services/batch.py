"""Inspect folders of any size: streamed in flat memory, resumable, and able to run again."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from adapp.core.detector import FittedDetector, Report, SupportSet
from adapp.core.errors import BadImage
from adapp.data.images import RunReader
from adapp.methods.registry import METHODS
from adapp.services.advice import advice, method_notes
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import Journal, Tally, read_lines
from adapp.services.batch_manifest import (
    BatchRequest,
    Manifest,
    agreement_of,
    differences,
    versions,
    write_manifest,
)
from adapp.services.batch_outputs import write_outputs
from adapp.services.batch_picture import PictureWork, ReadPicture, read_picture
from adapp.services.batch_start import begun, continued, refuse
from adapp.services.batch_thumbnails import Thumbnails, write_support
from adapp.services.export import run_json
from adapp.services.inspection import Inspection, check_method, check_support
from adapp.services.pool import DetectorPool
from adapp.services.regions import Thresholds

Item = TypeVar("Item")

_MOST_TOLD = 20  # refusals told one by one
_STAND_BEHIND = ("provenance", "calibration", "thresholds")


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What a batch came to.

    Attributes:
        tally: Counts over all its pictures, those of an interrupted run among them.
        resumed: Pictures that were done before.
        files: What was written for people and other programs.
    """

    tally: Tally
    resumed: int
    files: tuple[Path, ...]


def run_batch(
    request: BatchRequest,
    out: Path,
    pool: DetectorPool,
    *,
    resume: bool = False,
    command: str = "",
    recorded: Manifest | None = None,
    pictures: Iterable[str] | None = None,
    report: Report,
    tell: Callable[[str], None],
) -> BatchSummary:
    """Inspect picture by picture into the folder ``out``.

    Every finished picture is in the journal before the next one begins. However the run ends,
    the outputs hold what is finished; with ``resume`` it goes on with the next picture.

    Args:
        request: What to inspect, with which method.
        out: Folder of the batch.
        pool: Where the detector comes from.
        resume: Go on with the batch in ``out`` if there is one.
        command: The command to tell in the manifest.
        recorded: Manifest of a batch that this one repeats; what differs is told.
        pictures: Paths of the pictures; None looks for them in what the request gives.
        report: Told the stage and the pictures done of all.
        tell: Given remarks, one line each.

    Raises:
        UsageError: If ``out`` holds a batch already, or another than the one to go on with.
        BadImage: If no picture could be read.
        AdappError: As ``inspect``.
    """
    request.check()
    check_method(request.inspection())
    folder = BatchFolder(out)
    if resume and folder.manifest.exists():
        manifest = continued(request, folder)
        for change in differences(manifest, {"versions": versions()}, ("versions",)):
            tell(f"Since the batch was begun, {change}.")
    else:
        manifest = begun(request, folder, pictures, command, report)
    with Journal(folder.journal) as journal:
        run = _BatchRun(request, folder, manifest, journal, pool, report, tell)
        return run.result(recorded)


class _BatchRun:
    """A batch under way."""

    def __init__(
        self,
        request: BatchRequest,
        folder: BatchFolder,
        manifest: Manifest,
        journal: Journal,
        pool: DetectorPool,
        report: Report,
        tell: Callable[[str], None],
    ) -> None:
        self._request = request
        self._folder = folder
        self._manifest = manifest
        self._journal = journal
        self._pool = pool
        self._report = report
        self._tell = tell
        self._tally = Tally()
        for line in read_lines(folder.journal):
            self._tally.add(line)
        self._resumed = self._tally.done

    def result(self, recorded: Manifest | None) -> BatchSummary:
        """Inspect what is left and write the outputs, however it ends."""
        total = self._manifest["query"]["pictures"]
        if self._tally.done < total:
            reader, work = self._prepared(recorded)
            try:
                self._inspect(reader, work, total)
            except BaseException:  # KeyboardInterrupt too: what is finished is kept
                self._finish(total)
                raise
        files = self._finish(total)
        if self._tally.refused == self._tally.done:
            first = next(read_lines(self._folder.journal))["refused"]
            msg = f"None of the {total} pictures could be read. {first}"
            raise BadImage(msg)
        return BatchSummary(self._tally, self._resumed, files)

    def _prepared(self, recorded: Manifest | None) -> tuple[RunReader, PictureWork]:
        """Load the detector, bind it to the support and write down what stands behind the run."""
        request = self._request.inspection()
        reader = RunReader(request.support, (), agreement_of(self._manifest["agreement"]))
        check_support(request, reader)
        self._report("Loading model", 0, 1)
        detector = self._pool.detector(request.detector_key)
        self._report("Learning the normal parts", 0, len(reader.support))
        support = SupportSet(request.category, [image.pixels for image in reader.support])
        fitted = self._pool.fitted(request.detector_key, support)
        if request.tune:
            fitted = self._pool.tuned(request.detector_key, support, self._report)
        inspection = self._begun(reader, fitted, getattr(detector, "size", None))
        own = self._request
        limits = Thresholds.of(inspection.calibration, own.threshold, own.pixel_threshold)
        names = [image.name for image in reader.support]
        self._record({**run_json(inspection, limits), "support": names}, recorded)
        write_support(inspection, self._folder)
        if own.maps:
            self._folder.maps.mkdir(exist_ok=True)
        lines = read_lines(self._folder.journal)
        kept = Thumbnails(self._folder.thumbnails, own.report_pictures, lines)
        return reader, PictureWork(own, self._folder, fitted, inspection, limits, kept)

    def _begun(self, reader: RunReader, fitted: FittedDetector, size: int | None) -> Inspection:
        """Return the inspection before its first picture."""
        request, info = self._request.inspection(), METHODS[self._request.method]
        calibration = self._pool.calibration(fitted)
        remarks = method_notes(info, request.category, len(reader.support))
        return Inspection(
            request=request,
            support=reader.support,
            rejected=reader.rejected,
            outcomes=(),
            calibration=calibration,
            provenance=fitted.provenance,
            notes=(*reader.notes, *remarks, *advice(calibration)),
            seconds={},
            size=size,
        )

    def _record(self, run: dict[str, Any], recorded: Manifest | None) -> None:
        """Put what stands behind the run into the manifest, or hold it against what is there."""
        if recorded is not None:
            for change in differences(recorded.get("run", {}), run, _STAND_BEHIND):
                self._tell(f"Unlike in the recorded batch: {change}.")
        before = self._manifest.get("run")
        if before is not None:
            changed = differences(before, run, _STAND_BEHIND)
            refuse(changed, self._folder, "cannot go on, it would mix numbers")
            return
        self._manifest["run"] = run
        write_manifest(self._manifest, self._folder.manifest)
        for note in (*run["provenance"]["fallbacks"], *run["notes"]):
            self._tell(note)

    def _inspect(self, reader: RunReader, work: PictureWork, total: int) -> None:
        self._report("Inspecting", self._tally.done, total)
        for read in _ahead(self._read(reader)):
            line = work.line(read)
            self._journal.append(line)
            self._tally.add(line)
            if "refused" in line and self._tally.refused <= _MOST_TOLD:
                self._tell(line["refused"])
            self._report("Inspecting", self._tally.done, total)

    def _read(self, reader: RunReader) -> Iterator[ReadPicture]:
        first = self._tally.done
        for number, path in enumerate(self._folder.paths(first), first + 1):
            yield read_picture(number, path, reader)

    def _finish(self, total: int) -> tuple[Path, ...]:
        """Write the outputs for what is finished."""
        manifest = self._manifest
        manifest["stopped"] = self._tally.done < total
        manifest["seconds"] = {"inspect": self._tally.seconds}
        write_manifest(manifest, self._folder.manifest)
        return write_outputs(self._folder, manifest)


def _ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield ``items``, the next one being made in a thread while the last one is used."""
    end = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="adapp-read") as executor:
        coming = executor.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = executor.submit(next, items, end)
            yield item  # type: ignore[misc]  # not ``end``
