"""What a result looks like: pure functions from results to HTML.

Every text that comes from a user (file names, part names) passes ``escape``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from adapp.core.reasoner import TypeProbability
from adapp.core.results import Calibration
from adapp.methods.registry import MethodInfo
from adapp.reasoning.statements import share, type_name
from adapp.rendering.patches import crop_around
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.region_types import NONE_WORDS, TYPE_MAP, type_words
from adapp.services.regions import Match, Region, Thresholds, Verdict
from adapp.ui import texts
from adapp.ui.pictures import png_uri

_CROP_SIDE = 144
MOST_REGIONS = 12
"""Regions listed on the page; the export holds them all."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A region of the query and the normal patch that is most like it, as pictures' addresses."""

    query: str
    normal: str
    normal_name: str
    match: Match


def notes_html(inspection: Inspection, outcome: QueryOutcome) -> str:
    """Return every remark on the run and on this picture, most important first."""
    refused = [f"{item.path.name} was left out: {item.reason}" for item in inspection.rejected]
    own = [f"{outcome.image.name}: {note}" for note in (*outcome.image.flags, *outcome.image.notes)]
    remarks = [
        *refused,
        *inspection.provenance.fallbacks,
        *inspection.notes,
        *own,
        inspection.calibration.note,
        inspection.provenance.licence,
    ]
    unique = list(dict.fromkeys(remark for remark in remarks if remark))
    items = "".join(f"<li>{escape(remark)}</li>" for remark in unique)
    return f'<ul class="notes">{items}</ul>' if items else ""


def strip_html(
    outcomes: Sequence[QueryOutcome],
    verdicts: Sequence[Verdict],
    thumbs: Sequence[str],
    chosen: int,
) -> str:
    """Return one button per inspected picture; empty when there is only one."""
    if len(outcomes) < 2:
        return ""
    buttons = []
    for index, (outcome, verdict) in enumerate(zip(outcomes, verdicts, strict=True)):
        name = escape(outcome.image.name)
        current = ' aria-current="true"' if index == chosen else ""
        buttons.append(
            f'<button type="button" class="thumb is-{verdict.label}" data-index="{index}"{current} '
            f'title="{name}"><img src="{thumbs[index]}" alt="{name}: {verdict.label}">'
            f"<span>{verdict.score:.2f}</span></button>"
        )
    count = sum(verdict.anomalous for verdict in verdicts)
    told = f"{count} of {len(outcomes)} anomalous"
    return f'<div class="strip"><p>{told}</p><div class="thumbs">{"".join(buttons)}</div></div>'


def pair(outcome: QueryOutcome, inspection: Inspection, found: Match) -> Pair:
    """Return the two patches of ``found``, each outlined in its surroundings."""
    normal = inspection.support[found.support_index]
    return Pair(
        query=png_uri(crop_around(outcome.image.pixels, found.query_box, side=_CROP_SIDE)),
        normal=png_uri(crop_around(normal.pixels, found.support_box, side=_CROP_SIDE)),
        normal_name=normal.name,
        match=found,
    )


def regions_html(
    regions: Sequence[Region],
    pairs: Sequence[Pair | None],
    types: Sequence[Sequence[TypeProbability]] = (),
    note: str = "",
) -> str:
    """Return the list of regions, each with box, size, share, defect type, nearest normal patch.

    Args:
        regions: All of them, highest peak first.
        pairs: Nearest normal patches of those that are shown.
        types: Defect types of the same, most probable first; empty if the method tells none.
        note: How far these types can be trusted, or why none is told.
    """
    if not regions:
        return (
            '<section class="regions"><h3>Evidence</h3><p class="quiet">No region lies above the '
            "region threshold. Lower it to see what comes next.</p></section>"
        )
    told = types or ((),) * len(pairs)
    shown = list(zip(regions, pairs, told, strict=False))
    rows = "".join(_region(number, *entry) for number, entry in enumerate(shown, start=1))
    trust = f'<p class="quiet trust">{escape(note)}</p>' if note else ""
    rest = len(regions) - len(shown)
    more = f'<p class="quiet">{rest} more region{plural(rest)} in the export.</p>' if rest else ""
    count = f"{len(regions)} region{plural(len(regions))}"
    return (
        f'<section class="regions"><h3>Evidence <small>{count}, '
        f"highest first</small></h3><ol>{rows}</ol>{more}{trust}</section>"
    )


def _region(
    number: int, region: Region, evidence: Pair | None, types: Sequence[TypeProbability]
) -> str:
    row0, column0, row1, column1 = region.box
    figures = (
        f'<p class="figures"><b title="Width x height of the box in pixels">'
        f"{column1 - column0} x {row1 - row0} px</b>"
        f'<span title="Pixels of the region over pixels of the picture">'
        f"{percent(region.area_fraction)} of area</span>"
        f'<span title="Highest map value in the region">peak {region.peak_value:.2f}</span>'
        f'<span class="where" title="Box: first and last column, first and last row">'
        f"x {column0}&ndash;{column1 - 1}, y {row0}&ndash;{row1 - 1}</span></p>"
    )
    pictures = "" if evidence is None else _pair(number, evidence)
    return f'<li><span class="number">{number}</span>{_types(types)}{figures}{pictures}</li>'


def _types(types: Sequence[TypeProbability]) -> str:
    """Return what a region looks most like and what comes next; empty if nothing tells."""
    if not types:
        return ""
    best, others = types[0], [type_words(other) for other in types[1:]]
    lead, name = ("looks most like", type_name(best)) if best.name else ("fits", NONE_WORDS)
    rest = f"<small>then {escape(', '.join(others))}</small>" if others else ""
    return (
        f'<p class="types{"" if best.name else " is-none"}" title="Defect type and its '
        f'probability, if this is a defect">{lead} <b>{escape(name)}</b> '
        f"{share(best.probability)} {rest}</p>"
    )


def _pair(number: int, evidence: Pair) -> str:
    match = evidence.match
    name = escape(evidence.normal_name)
    row0, column0 = match.support_box[:2]
    ratio = (
        f"cost {match.cost:.2f}"
        if match.cost_ratio is None
        else f"{match.cost_ratio:.1f} x the largest normal cost"
    )
    return (
        '<div class="pair">'
        + _patch(evidence.query, f"Region {number} of the part", "this part")
        + _patch(
            evidence.normal,
            f"Nearest normal patch, in {name}",
            f"nearest normal: n{match.support_index + 1}",
        )
        + f'<p class="match" title="1 - cosine similarity of the two patches: {match.cost:.3f}">'
        f"{ratio}<br><small>{name} at x {column0}, y {row0}</small></p></div>"
    )


def _patch(address: str, alt: str, caption: str) -> str:
    return (
        f'<figure><img src="{address}" alt="{alt}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def meaning_html(info: MethodInfo | None, name: str, chosen: str = "") -> str:
    """Return what the map called ``name`` shows, one line.

    Args:
        info: The method.
        name: Of the map.
        chosen: The defect type that the map of the chosen type is about.
    """
    if info is None:
        return ""
    title = escape(name[:1].upper() + name[1:])
    about = f" Looks most like: {chosen.replace('_', ' ')}."
    told = info.meaning(name) + (about if name == TYPE_MAP and chosen else "")
    return f'<p class="meaning"><b>{title}</b> {escape(told)}</p>'


def weight_note(own: float | None, moved: float | None) -> str:
    """Return whose residual weight is shown; empty where there is none to choose."""
    if own is None:
        return ""
    if moved is None:
        return f'<p class="quiet">{texts.WEIGHT_OWN.format(own=own)}</p>'
    return f'<p class="quiet is-moved">{texts.WEIGHT_MOVED.format(own=own, now=moved)}</p>'


def thresholds_note(thresholds: Thresholds, calibration: Calibration) -> str:
    """Return whose the thresholds are, as a line under the histogram."""
    own = Thresholds.of(calibration)
    generic = calibration.basis == "generic"
    kind = "generic" if generic else "calibrated"
    moved = [
        f"{name} {now:.3f} ({kind} {then:.3f})"
        for name, now, then in (
            ("verdict", thresholds.image, own.image),
            ("regions", thresholds.pixel, own.pixel),
        )
        if abs(now - then) > 5e-4
    ]
    text = "Generic thresholds: no normals." if generic else "Thresholds as calibrated."
    if moved:
        text = f"Moved by you: {', '.join(moved)}."
    return f'<p class="quiet">{text}</p>'


def percent(fraction: float) -> str:
    """Return a share of the picture in percent."""
    return f"{100 * fraction:.2f} %" if fraction < 0.1 else f"{100 * fraction:.1f} %"


def plural(count: int) -> str:
    """Return the ending of a noun that is counted."""
    return "" if count == 1 else "s"
