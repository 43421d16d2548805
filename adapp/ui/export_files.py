"""Files that a visitor takes home: made on demand, kept only in the app's cache."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from gradio import processing_utils
from gradio.utils import get_upload_folder

from adapp.services.export import write_archive, write_results
from adapp.services.inspection import Inspection
from adapp.services.regions import Thresholds

ExportKind: TypeAlias = Literal["all", "json", "overlay"]


def export(
    inspection: Inspection, thresholds: Thresholds, kind: ExportKind, chosen: int = 0
) -> str:
    """Return the path of a file in the app's cache with what was found.

    Args:
        inspection: What was found.
        thresholds: Thresholds that decide verdicts and regions.
        kind: ``all`` is a ZIP of numbers, maps and pictures, ``json`` the numbers alone,
            ``overlay`` the picture of one query.
        chosen: Position of that query.
    """
    with _written(inspection, thresholds, map_pictures=kind == "all") as (folder, report):
        if kind == "all":
            return cached(write_archive(folder, folder.with_suffix(".zip")))
        if kind == "json":
            return cached(folder / "results.json")
        query = report["queries"][chosen]
        return cached(_named(folder / query["files"]["overlay"], query))


def report_with_overlays(
    inspection: Inspection, thresholds: Thresholds
) -> tuple[dict[str, Any], list[str]]:
    """Return the content of ``results.json`` and the path of one overlay per query."""
    with _written(inspection, thresholds, map_pictures=False) as (folder, report):
        overlays = [cached(folder / query["files"]["overlay"]) for query in report["queries"]]
    return report, overlays


@contextmanager
def _written(
    inspection: Inspection, thresholds: Thresholds, *, map_pictures: bool
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Write the results into a folder that exists only for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="adapp-export-") as name:
        folder = Path(name) / "adapp-results"
        written = write_results(inspection, folder, thresholds, map_pictures=map_pictures)
        yield folder, json.loads(written.read_text(encoding="utf-8"))


def _named(picture: Path, query: dict[str, Any]) -> Path:
    """Return ``picture`` under a name that tells the residual weight, if it was set by hand."""
    weight = query["residual_weight"]
    if weight == query["score_residual_weight"]:
        return picture
    return picture.rename(picture.with_stem(f"{picture.stem}_eta{weight:.2f}"))


def cached(path: Path) -> str:
    """Copy a file into the app's cache, under a hash of its content, and return its path."""
    return str(processing_utils.save_file_to_cache(path, cache_dir=get_upload_folder()))
