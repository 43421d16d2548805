"""What a batch leaves behind: CSV, JSON, COCO and the report, made from manifest and journal.

Nothing here runs a model or holds more than a line at a time, so it can be done again at will.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from adapp.services.batch_coco import write_coco, write_items
from adapp.services.batch_folder import BatchFolder, replacing
from adapp.services.batch_journal import Line, read_lines
from adapp.services.batch_manifest import Manifest
from adapp.services.batch_report import write_report
from adapp.services.region_types import (
    likely_types,
    names_types,
    only_if_anomalous,
    types_json,
)

COLUMNS = (
    "number",
    "name",
    "path",
    "verdict",
    "label",
    "score",
    "threshold",
    "unlikeness",
    "regions",
    "area_percent",
    "height",
    "width",
    "mask",
    "remarks",
    "seconds",
    "sha256",
)
TYPE_COLUMNS = ("type", "type_probability", "region_types")
"""Further columns where the method tells types of defect."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def write_outputs(folder: BatchFolder, manifest: Manifest) -> tuple[Path, ...]:
    """Write everything that is made at the end of a batch and return the files.

    Raises:
        UsageError: If the folder cannot be written to.
    """
    outputs: dict[str, Callable[[BatchFolder, Manifest, TextIO], None]] = {
        "results.csv": _write_csv,
        "results.json": _write_results,
        "coco.json": _write_coco,
        "report.html": write_report,
    }
    for name, write in outputs.items():
        with replacing(folder.root / name) as file:
            write(folder, manifest, file)
    return tuple(folder.root / name for name in outputs)


def safe_cell(text: str) -> str:
    """Return ``text`` as no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def csv_row(line: Line, columns: Sequence[str] = COLUMNS) -> list[str]:
    """Return the cells of one picture, in the order of ``columns``."""
    known: dict[str, Any] = {"number": line["number"], "sha256": line["sha256"]}
    told = {"name": line["name"], "path": line["path"], "label": line.get("label", "")}
    if "refused" in line:
        told |= {"verdict": "refused", "remarks": line["refused"]}
    else:
        query = line["query"]
        same = ("score", "threshold", "unlikeness", "area_percent", "height", "width", "seconds")
        known |= {name: query[name] for name in same}
        known["regions"] = len(query["regions"])
        told |= {"verdict": query["verdict"], "mask": line["files"]["mask"]}
        told["remarks"] = " ".join([*query["notes"], *query["flags"]])
        known |= _type_cells(query)
    cells = {name: "" if value is None else str(value) for name, value in known.items()}
    cells |= {name: safe_cell(text) for name, text in told.items()}
    return [cells.get(name, "") for name in columns]


def _type_cells(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the type of the picture and those of its regions in order; nothing if none is told."""
    types = types_json(likely_types(query)[:1])
    if not types:
        return {}
    firsts = (region["types"][0] for region in query["regions"])
    return {
        "type": types[0]["type"],
        "type_probability": types[0]["probability"],
        "region_types": "; ".join(f"{one['type']} {one['probability']:.3f}" for one in firsts),
    }


def _write_csv(folder: BatchFolder, _: Manifest, file: TextIO) -> None:
    rows = csv.writer(file)
    typed = names_types(read_lines(folder.journal))
    columns = (*COLUMNS, *TYPE_COLUMNS) if typed else COLUMNS
    rows.writerow(columns)
    rows.writerows(csv_row(line, columns) for line in read_lines(folder.journal))


def _write_results(folder: BatchFolder, manifest: Manifest, file: TextIO) -> None:
    """Write what ``detect`` writes, with a hash for every picture."""
    streamed = {"queries", "rejected"}
    run = {key: value for key, value in manifest["run"].items() if key not in streamed}
    head = json.dumps({**run, "seconds": manifest["seconds"], "stopped": manifest["stopped"]})
    file.write(f'{head[:-1]},\n"queries": [\n')
    write_items(_queries(folder), file)
    file.write('],\n"rejected": [\n')
    write_items(_rejected(folder, manifest["run"]["rejected"]), file)
    file.write("]}\n")


def _queries(folder: BatchFolder) -> Iterator[dict[str, Any]]:
    for line in read_lines(folder.journal):
        if "refused" not in line:
            known = {"name": line["path"], "sha256": line["sha256"], "files": line["files"]}
            yield known | only_if_anomalous(line["query"])


def _rejected(folder: BatchFolder, support: Sequence[Any]) -> Iterator[Any]:
    yield from support
    for line in read_lines(folder.journal):
        if "refused" in line:
            yield {"name": line["path"], "role": "query", "reason": line["refused"]}


def _write_coco(folder: BatchFolder, manifest: Manifest, file: TextIO) -> None:
    roots = [Path(path) for path in manifest["query"]["given"]]

    def name(path: str) -> str:
        """Return a path as seen from the folder that was given, if it lies in one."""
        place = Path(path)
        inside = [root for root in roots if root in place.parents]
        return place.relative_to(inside[0]).as_posix() if inside else place.as_posix()

    category = manifest["settings"]["category"]
    write_coco(lambda: read_lines(folder.journal), name, category, manifest["started"], file)
