"""Run a batch again from its manifest, and hold the new numbers against the recorded ones."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.services.batch import BatchSummary, run_batch
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import Line, read_lines
from adapp.services.batch_manifest import BatchRequest, Manifest, file_record, read_manifest
from adapp.services.batch_start import listing_hash
from adapp.services.pool import DetectorPool

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Repetition:
    """How a batch that ran again compares with the recorded one.

    Attributes:
        same: Pictures with the same score, or refused both times.
        changed: Pictures whose file is not the one of then, or that only one batch has.
        different: Unchanged pictures with another score.
        largest: Largest difference of scores among unchanged pictures.
    """

    same: int
    changed: int
    different: int
    largest: float


def repeat_batch(
    manifest: Path,
    out: Path,
    pool: DetectorPool,
    *,
    resume: bool = False,
    command: str = "",
    report: Report,
    tell: Callable[[str], None],
) -> tuple[BatchSummary, Repetition | None]:
    """Run the batch of a manifest again into ``out`` and compare.

    The list of pictures and the recorded results are read from beside the manifest.

    Args:
        manifest: The ``manifest.json`` of a batch.
        out: Folder of the new batch; not that of the old one.
        pool: This and the next four as for ``run_batch``.
        resume: See there.
        command: See there.
        report: See there.
        tell: See there.

    Returns:
        The summary, and the comparison; None where no recorded results lie beside the manifest.

    Raises:
        UsageError: If the manifest cannot be used or normal pictures are not those of then.
        AdappError: As ``run_batch``.
    """
    recorded = read_manifest(manifest)
    old = BatchFolder(manifest.parent)
    if old.root.resolve() == out.resolve():
        msg = f"{out} is the folder of the recorded batch: give another one with --out."
        raise UsageError(msg)
    _check_support(recorded)
    pictures = None
    if listing_hash(old) == recorded["query"]["listing_sha256"]:
        pictures = (str(path) for path in old.paths())
    else:
        tell("The recorded list of pictures is not beside the manifest: the folders are read anew.")
    summary = run_batch(
        BatchRequest.of(recorded),
        out,
        pool,
        resume=resume,
        command=command,
        recorded=recorded,
        pictures=pictures,
        report=report,
        tell=tell,
    )
    if not old.journal.is_file():
        return summary, None
    return summary, compare(old, BatchFolder(out))


def compare(old: BatchFolder, new: BatchFolder) -> Repetition:
    """Return how the results of two batches of the same pictures compare."""
    same = changed = different = 0
    largest = 0.0
    for before, after in zip_longest(read_lines(old.journal), read_lines(new.journal)):
        if before is None or after is None or _file(before) != _file(after):
            changed += 1
            continue
        difference = _difference(before, after)
        largest = max(largest, difference)
        if difference <= TOLERANCE:
            same += 1
        else:
            different += 1
    return Repetition(same, changed, different, largest)


def _file(line: Line) -> tuple[str, str | None]:
    return line["path"], line["sha256"]


def _difference(before: Line, after: Line) -> float:
    """Return how far two scores of one picture lie apart; infinity if only one has a score."""
    refused = [("refused" in line) for line in (before, after)]
    if all(refused):
        return 0.0
    if any(refused):
        return float("inf")
    return abs(float(before["query"]["score"]) - float(after["query"]["score"]))


def _check_support(recorded: Manifest) -> None:
    for item in recorded["support"]:
        if file_record(Path(item["path"]))["sha256"] != item["sha256"]:
            msg = f"The normal picture {item['path']} is not the one of then; put it back first."
            raise UsageError(msg)
