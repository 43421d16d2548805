"""The start of a batch: a new manifest after a look at every header, or the one to go on with."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from adapp.core.detector import Report
from adapp.core.errors import BadImage, UsageError
from adapp.data.images import inspect_file
from adapp.data.survey import Agreement, Survey
from adapp.services.batch_folder import BatchFolder, find_pictures, write_listing
from adapp.services.batch_manifest import (
    FORMAT,
    BatchRequest,
    Manifest,
    agreement_json,
    differences,
    file_record,
    read_manifest,
    versions,
)

_SAME = ("settings", "support", "query")


def begun(
    request: BatchRequest,
    folder: BatchFolder,
    pictures: Iterable[str] | None,
    command: str,
    report: Report,
) -> Manifest:
    """Return the manifest of a new batch, after a look at every picture's header.

    Args:
        request: What to inspect.
        folder: The folder of the batch; made if need be.
        pictures: Paths of the pictures; None looks for them in what the request gives.
        command: The command behind it.
        report: Told the headers read of all.

    Raises:
        UsageError: If the folder holds a batch already, or no picture is found.
    """
    if folder.manifest.exists():
        msg = f"{folder.root} holds a batch: go on with --resume, or choose another folder."
        raise UsageError(msg)
    if folder.journal.exists() and folder.journal.stat().st_size:
        msg = f"{folder.root} holds results without a manifest: choose another folder."
        raise UsageError(msg)
    folder.make()
    if pictures is None:
        pictures = find_pictures(request.query, recursive=request.recursive, apart=folder.root)
    count, digest = write_listing(pictures, folder.listing)
    agreement = _surveyed(request.support, folder, count, report)
    return {
        "format": FORMAT,
        "started": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "stopped": True,
        "command": command,
        "settings": request.settings(),
        "support": _records(request.support),
        "query": {
            "given": _given(request),
            "pictures": count,
            "listing_sha256": digest,
        },
        "agreement": agreement_json(agreement),
        "versions": versions(),
        "seconds": {},
    }


def continued(request: BatchRequest, folder: BatchFolder) -> Manifest:
    """Return the manifest of the batch in ``folder``, whose settings are those of the request.

    Raises:
        UsageError: If settings, normal pictures or the list of pictures are not the same.
    """
    known = read_manifest(folder.manifest)
    now = {**known, "settings": request.settings(), "support": _records(request.support)}
    now["query"] = {**known["query"], "given": _given(request)}
    refuse(differences(known, now, _SAME), folder, "was started otherwise")
    if listing_hash(folder) != known["query"]["listing_sha256"]:
        refuse([f"{folder.listing.name} was changed"], folder, "cannot go on")
    return known


def listing_hash(folder: BatchFolder) -> str | None:
    """Return the SHA-256 of the list of pictures; None if there is none."""
    try:
        with folder.listing.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def refuse(changed: Sequence[str], folder: BatchFolder, why: str) -> None:
    """Let a run pass in which nothing changed.

    Raises:
        UsageError: If something did.
    """
    if changed:
        msg = f"The batch in {folder.root} {why} ({'; '.join(changed[:3])}): choose another folder."
        raise UsageError(msg)


def _surveyed(
    support: Sequence[Path], folder: BatchFolder, count: int, report: Report
) -> Agreement:
    survey = Survey()
    for number, path in enumerate(chain(support, folder.paths())):
        report("Reading headers", number, count + len(support))
        try:
            survey.take(path, inspect_file(path))
        except BadImage:
            continue  # it is told when its turn comes
    return survey.agreement()


def _given(request: BatchRequest) -> list[str]:
    return [str(path.absolute()) for path in request.query]


def _records(paths: Sequence[Path]) -> list[dict[str, Any]]:
    return [file_record(path) for path in paths]
