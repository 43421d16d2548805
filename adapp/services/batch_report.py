"""The report of a batch: one HTML file without script or link, of bounded size, made to print."""

import base64
import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final, TextIO

from adapp.rendering.score_bars import ScoreBins, score_bars_svg
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import Line, Tally, read_lines
from adapp.services.batch_manifest import Manifest
from adapp.services.batch_report_style import STYLE
from adapp.services.batch_thumbnails import name_of
from adapp.services.region_types import (
    likely_types,
    names_types,
    told_note,
    type_words,
    types_of,
)

_MOST_REFUSED: Final = 100
_MOST_TYPES: Final = 6  # of a picture's regions
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(slots=True)
class _Gathered:
    """What one pass over the journal leaves in memory, bounded whatever its length."""

    most: int
    tally: Tally = field(default_factory=Tally)
    bins: ScoreBins = field(default_factory=lambda: ScoreBins(0.0, 1.0))
    top: list[tuple[float, int, Line]] = field(default_factory=list[tuple[float, int, Line]])
    refused: list[Line] = field(default_factory=list[Line])

    def add(self, line: Line) -> None:
        """Take one line."""
        self.tally.add(line)
        if "refused" in line:
            if len(self.refused) < _MOST_REFUSED:
                self.refused.append(line)
            return
        query = line["query"]
        low, high = query["score_range"]
        if (low, high) != (self.bins.low, self.bins.high):
            self.bins = ScoreBins(low, high)  # the same for every picture of a method
        self.bins.add(query["score"])
        brief = {key: line[key] for key in ("number", "name", "query")}
        entry = (query["score"], -line["number"], brief)
        push = heapq.heappush if len(self.top) < self.most else heapq.heappushpop
        push(self.top, entry)

    def highest(self) -> list[Line]:
        """Return the lines with the highest scores, highest first."""
        return [line for _, _, line in sorted(self.top, key=lambda entry: entry[:2], reverse=True)]


def write_report(folder: BatchFolder, manifest: Manifest, file: TextIO) -> None:
    """Write the report of a batch."""
    gathered = _Gathered(manifest["settings"]["report_pictures"])
    for line in read_lines(folder.journal):
        gathered.add(line)
    run, category = manifest["run"], manifest["settings"]["category"]
    title = f"Inspection report{f': {category}' if category else ''}"
    file.write(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}'
        f'</title><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>\n<h1>{_text(title)}</h1>\n"
    )
    file.write(_head(manifest, gathered.tally))
    bars = score_bars_svg(
        gathered.bins, run["calibration"]["normal_scores"], run["thresholds"]["image"]
    )
    file.write(f"<h2>Scores</h2>\n<figure>{bars}</figure>\n")
    file.write(f"<p>{_text(run['calibration']['note'])} {_text(' '.join(run['notes']))}</p>\n")
    _write_support(folder, run["support"], file)
    _write_pictures(folder, gathered, run, file)
    _write_refused(gathered, run["rejected"], file)
    file.write(_origin(manifest))
    file.write("</main></body></html>\n")


def _head(manifest: Manifest, tally: Tally) -> str:
    run = manifest["run"]
    good = tally.done - tally.anomalous - tally.refused
    inspected = tally.done - tally.refused
    each = f"{tally.seconds / inspected:.2f} s" if inspected else "-"
    tiles = (
        ("pictures", tally.done),
        ("anomalous", tally.anomalous),
        ("normal", good),
        ("refused", tally.refused),
        ("a picture", each),
    )
    shown = "".join(f"<div><b>{_text(value)}</b><span>{name}</span></div>" for name, value in tiles)
    stopped = (
        f'<p class="warn">Stopped after {tally.done} of {manifest["query"]["pictures"]} '
        "pictures; --resume goes on.</p>"
        if manifest["stopped"]
        else ""
    )
    date = manifest["started"].replace("T", " ").replace("+00:00", " UTC")
    checkpoint = f", checkpoint {run['checkpoint']}" if run["checkpoint"] else ""
    return (
        f"<p>{_text(date)} &middot; {_text(run['method'])} "
        f"({_text(run['variant'])}, {_text(run['preset'])}{_text(checkpoint)})</p>\n{stopped}"
        f'<div class="tiles">{shown}</div>\n<p>{_text(run["licence"])} A score ranks the pictures '
        "of one run; it is not a probability of a defect.</p>\n"
    )


def _write_support(folder: BatchFolder, names: Sequence[str], file: TextIO) -> None:
    """Write the normal pictures that everything was compared with."""
    if not names:
        return
    file.write('<h2>Normal pictures</h2>\n<div class="support">')
    for position, name in enumerate(names):
        picture = _picture(folder, f"support_{position}.jpg", "")
        if picture:
            file.write(f"<figure>{picture}<figcaption>{_text(name)}</figcaption></figure>")
    more = len(names) - len(list(folder.thumbnails.glob("support_*.jpg")))
    file.write(f"<p>and {more} more</p>" if more > 0 else "")
    file.write("</div>\n")


def _write_pictures(
    folder: BatchFolder, gathered: _Gathered, run: Mapping[str, Any], file: TextIO
) -> None:
    rows = gathered.highest()
    inspected = gathered.tally.done - gathered.tally.refused
    if not rows:
        return
    typed = names_types(rows)
    of = "" if len(rows) == inspected else f": the {len(rows)} highest of {inspected}"
    file.write(
        f'<h2>Pictures by score{of}</h2>\n<table class="pictures"><thead><tr><th>No.</th>'
        "<th>picture and fused map</th><th>file</th><th>verdict</th><th>score</th>"
        f"<th>regions</th><th>area</th>{'<th>looks most like</th>' if typed else ''}"
        "</tr></thead><tbody>\n"
    )
    for line in rows:
        query = line["query"]
        alt = f"{line['name']} beside its overlay"
        remarks = "".join(f"<br><small>{_text(flag)}</small>" for flag in query["flags"])
        file.write(
            f"<tr><td>{line['number']}</td><td>{_picture(folder, name_of(line['number']), alt)}"
            f"</td><td>{_text(line['name'])}{remarks}</td>"
            f'<td class="{_text(query["verdict"])}">{_text(query["verdict"])}</td>'
            f"<td>{query['score']:.4f}</td><td>{len(query['regions'])}</td>"
            f"<td>{query['area_percent']:.2f} %</td>"
            f"{_types(query) if typed else ''}</tr>\n"
        )
    file.write("</tbody></table>\n")
    if typed:
        file.write(f"<p>{_text(told_note(run['provenance']))}</p>\n")


def _types(query: Mapping[str, Any]) -> str:
    """Return the cell with the type of each region, or of the picture where it has none."""
    likely = likely_types(query)
    if not likely:
        return "<td></td>"
    regions = query["regions"]
    if not regions:
        return f"<td>{_text(type_words(likely[0]))}</td>"
    firsts = [types_of(region["types"][:1])[0] for region in regions[:_MOST_TYPES]]
    lines = [f"{number}. {type_words(one)}" for number, one in enumerate(firsts, start=1)]
    more = len(regions) - len(lines)
    lines += [f"and {more} more"] if more else []
    return f"<td>{'<br>'.join(_text(line) for line in lines)}</td>"


def _write_refused(gathered: _Gathered, support: Sequence[Any], file: TextIO) -> None:
    told = [f"{item['reason']} (normal picture)" for item in support]
    told += [line["refused"] for line in gathered.refused]
    if not told:
        return
    more = gathered.tally.refused - len(gathered.refused)
    items = "".join(f"<li>{_text(reason)}</li>" for reason in told)
    rest = f"<li>and {more} more in results.csv</li>" if more else ""
    file.write(f"<h2>Refused</h2>\n<ul>{items}{rest}</ul>\n")


def _origin(manifest: Manifest) -> str:
    """Return what a reader needs to check the numbers or to run the batch again."""
    run = manifest["run"]
    provenance = run["provenance"]
    facts = {
        "encoder": provenance["backbone"],
        "checkpoint SHA-256": run["checkpoint_sha256"] or "none",
        "trained on": ", ".join(provenance["trained_on"]) or "nothing",
        "fallbacks": " ".join(provenance["fallbacks"]) or "none",
        "seed": run["seed"],
        "size": f"{run['size']} px" if run["size"] else "-",
        "thresholds": f"score {run['thresholds']['image']!r}, pixel {run['thresholds']['pixel']!r}",
        "device": f"{provenance['device']}, {provenance['dtype']}",
        "versions": ", ".join(f"{name} {value}" for name, value in manifest["versions"].items()),
        "normal pictures, SHA-256": ", ".join(str(s["sha256"])[:16] for s in manifest["support"]),
        "list of pictures, SHA-256": manifest["query"]["listing_sha256"],
        "settings": json.dumps(manifest["settings"]),
        "command": manifest["command"],
        "again": "python -m adapp batch --manifest manifest.json --out NEW_FOLDER",
    }
    rows = "".join(
        f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in facts.items()
    )
    return f'<h2>How it was made</h2>\n<table class="facts"><tbody>{rows}</tbody></table>\n'


def _picture(folder: BatchFolder, name: str, alt: str) -> str:
    """Return a kept small picture as an element; empty if there is none."""
    path = folder.thumbnails / name
    if not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{_text(alt)}" src="data:image/jpeg;base64,{data}">'


def _text(value: object) -> str:
    return escape(str(value))
