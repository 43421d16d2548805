"""A reproduced table as text: the paper's figures, ours, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapp.evaluation.table import TITLES, aligned
from adapp.services.mmad_text import mmad_text

_TITLES = TITLES | {
    "mean_auroc": "mean",
    "gflops": "GFLOPs",
    "memory_gb": "GB",
    "seconds_per_image": "s/image",
}
_DIGITS = {"seconds_per_image": 3, "memory_gb": 2}
_ABSENT = "-"


def reproduced_table(found: Mapping[str, Any]) -> str:
    """Return the result of ``reproduce`` as text."""
    heads = _conditions(found)
    header = [*heads, "metric", *found["columns"], "measured", "difference", "categories"]
    rows = [_row(line, heads, found) for line in found["rows"]]
    title = f"{found['paper']}, table {found['number']}: {found['shows']}"
    lines = [title, _setting(found), *aligned(header, rows)]
    if found.get("mmad"):
        lines += mmad_text(found["mmad"])
    for kind, key in (
        ("not measured", "missing"),
        ("remark", "remarks"),
        ("misprint", "misprints"),
        ("note", "notes"),
    ):
        lines += [f"{kind}: {text}" for text in found[key]]
    return "\n".join(lines)


def _setting(found: Mapping[str, Any]) -> str:
    seeds = " ".join(map(str, found["seeds"]))
    spread = ", mean ± sd" if len(found["seeds"]) > 1 else ""
    tuned = ", tuned on the normal pictures" if found["tuned"] else ""
    partial = any(_partial(line) for line in found["rows"])
    starred = ", * incomplete: not comparable" if partial else ""
    return (
        f"measured: {found['method']}, {found['preset']}, checkpoint {found['checkpoint']}, "
        f"seed {seeds}{spread}{tuned}{starred}"
    )


def _conditions(found: Mapping[str, Any]) -> list[str]:
    """Return the columns in which the lines differ from one another."""
    heads = []
    for head in ("label", "data", "shots"):
        values = {str(line[head]) for line in found["rows"]}
        if len(values) > 1 or head == "data":
            heads.append(head)
    return heads


def _row(line: Mapping[str, Any], heads: Sequence[str], found: Mapping[str, Any]) -> list[str]:
    digits = _DIGITS.get(line["metric"], found["decimals"])
    told = {
        "label": line["label"],
        "data": ", ".join(line["data"])
        if len(line["data"]) < 3
        else f"mean of {len(line['data'])}",
        "shots": str(line["shots"]),
    }
    measured = _number(line["measured"], digits)
    if line["sd"] is not None:
        measured += f" ± {line['sd']:.{digits}f}"
    if _partial(line):
        measured += " *"
    return [
        *(told[head] for head in heads),
        _TITLES.get(line["metric"], line["metric"].replace("_", " ")),
        *(_number(line["paper"][column], digits) for column in found["columns"]),
        measured,
        _ABSENT if line["difference"] is None else f"{line['difference']:+.{digits}f}",
        str(line["categories"] or _ABSENT),
    ]


def _partial(line: Mapping[str, Any]) -> bool:
    return line["measured"] is not None and not line["complete"]


def _number(value: float | None, digits: int) -> str:
    return _ABSENT if value is None else f"{value:.{digits}f}"
