"""A finished batch under a person's eyes: other threshold, labels, and files that follow both."""

import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from adapp.core.errors import UsageError
from adapp.services.batch_folder import BatchFolder, replacing
from adapp.services.batch_journal import Line, read_lines
from adapp.services.batch_manifest import Manifest, read_manifest, write_manifest
from adapp.services.batch_outputs import write_outputs

Label: TypeAlias = Literal["good", "bad"]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Verdicts against a person's labels; only labelled pictures count.

    Attributes:
        bad_found: Bad parts called anomalous.
        bad_missed: Bad parts called normal.
        good_passed: Good parts called normal.
        false_alarms: Good parts called anomalous.
    """

    bad_found: int = 0
    bad_missed: int = 0
    good_passed: int = 0
    false_alarms: int = 0

    @property
    def labelled(self) -> int:
        """Number of labelled pictures."""
        return self.bad_found + self.bad_missed + self.good_passed + self.false_alarms

    @property
    def f1(self) -> float | None:
        """F1 of the verdict "anomalous" in [0, 1]; None without a bad part or an alarm."""
        either = 2 * self.bad_found + self.bad_missed + self.false_alarms
        return 2 * self.bad_found / either if either else None


def confusion(
    scores: Mapping[int, float], labels: Mapping[int, Label], threshold: float
) -> Confusion:
    """Return how verdicts at ``threshold`` compare with the labels, by picture number."""
    counts = {"bad_found": 0, "bad_missed": 0, "good_passed": 0, "false_alarms": 0}
    for number, label in labels.items():
        if number not in scores:
            continue
        anomalous = scores[number] > threshold
        if label == "bad":
            counts["bad_found" if anomalous else "bad_missed"] += 1
        else:
            counts["false_alarms" if anomalous else "good_passed"] += 1
    return Confusion(**counts)


def judged(line: Line, threshold: float, label: Label | None) -> Line:
    """Return a journal line with its verdict at ``threshold`` and the person's label."""
    told = {**line, "label": label or ""}
    if "query" in line:
        score = line["query"]["score"]
        verdict = "anomalous" if score > threshold else "normal"
        told["query"] = {**line["query"], "verdict": verdict, "threshold": threshold}
    return told


def write_review(
    folder: BatchFolder, out: Path, threshold: float, labels: Mapping[int, Label]
) -> dict[str, Path]:
    """Write CSV, JSON, COCO, report, manifest and a ZIP of all for another threshold.

    Masks, maps and small pictures are those of the batch itself.

    Args:
        folder: The batch.
        out: Folder of the files; made if need be.
        threshold: Score above which a picture is anomalous.
        labels: What a person says, by picture number.

    Raises:
        UsageError: If a folder cannot be read or written to.
    """
    manifest = read_manifest(folder.manifest)
    if "run" not in manifest:
        msg = "The batch was stopped before its first picture; there is nothing to export."
        raise UsageError(msg)
    review = BatchFolder(out)
    out.mkdir(parents=True, exist_ok=True)
    for shared in (folder.masks, folder.maps, folder.thumbnails):
        link = out / shared.name
        if shared.is_dir() and not link.exists():
            link.symlink_to(shared, target_is_directory=True)
    lines = (
        judged(line, threshold, labels.get(line["number"])) for line in read_lines(folder.journal)
    )
    _write_journal(lines, review.journal)
    moved = _with_threshold(manifest, threshold, labels)
    write_manifest(moved, review.manifest)
    files = {path.suffix.lstrip("."): path for path in write_outputs(review, moved)}
    named = {"csv": "results.csv", "json": "results.json", "coco": "coco.json"}
    found = {kind: out / name for kind, name in named.items()}
    found |= {"html": files["html"], "manifest": review.manifest}
    found["zip"] = _pack(out, out.with_name("adapp-batch.zip"))
    return found


def _pack(folder: Path, archive: Path) -> Path:
    """Pack everything in ``folder``, linked folders too, and return the archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for place, folders, names in os.walk(folder, followlinks=True):
            folders.sort()
            for name in sorted(names):
                path = Path(place) / name
                packed.write(path, path.relative_to(folder))
    return archive


def _with_threshold(manifest: Manifest, threshold: float, labels: Mapping[int, Label]) -> Manifest:
    """Return the manifest of a batch as reviewed; run again it gives the same verdicts."""
    own = manifest["run"]["thresholds"]["image"]
    settings = dict(manifest["settings"])
    if threshold != own:
        settings["threshold"] = threshold
    run = {**manifest["run"], "thresholds": {**manifest["run"]["thresholds"], "image": threshold}}
    told = {str(number): label for number, label in sorted(labels.items())}
    return {**manifest, "settings": settings, "run": run, "labels": told}


def _write_journal(lines: Iterable[Line], path: Path) -> None:
    with replacing(path) as file:
        for line in lines:
            file.write(json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n")
