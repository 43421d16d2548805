"""What a comparison looks like: pure functions from rows to HTML.

Every text that comes from a user (file names) or from a checkpoint's card passes ``escape``.
"""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from adapp.rendering.colormaps import map_range
from adapp.services.comparison import Comparison
from adapp.services.comparison_figure import (
    GENERIC_TICKS,
    KINDS,
    SCALE_TICKS,
    SIGNED_TICKS,
    shown_map,
)
from adapp.services.comparison_table import METRIC_TITLES, CompareRow
from adapp.services.ground_truth import METRICS
from adapp.services.region_types import type_words
from adapp.services.regions import Region
from adapp.ui.inspect_view import percent, plural
from adapp.ui.pictures import map_uri, png_uri, screen_picture

CELL_SIDE = 480
_MOST_FRAMES = 12
_ICONS = {"anomalous": "✕", "normal": "✓"}
_COLORS = {"residual": "RdBu_r"}
_RAMP = 256
_MEANINGS = {
    "fused": "Fused map on the common scale: the share of your normal pixels below a value",
    "base": "Base map on the common scale of its own normal values",
    "residual": "Residual map: what the method added to (red) or took from (blue) its base",
}


def pictures_html(normals: int, queries: int) -> str:
    """Return which pictures a comparison will use; they are those of the Inspect tab."""
    told = (
        f"<b>{normals}</b> normal part{plural(normals)}, <b>{queries}</b> to inspect"
        if queries
        else "No picture yet"
    )
    return f'<p class="from-inspect">{told}<small>from the Inspect tab</small></p>'


def strip_html(comparison: Comparison, votes: Sequence[int], chosen: int) -> str:
    """Return one button per picture with how many methods call it anomalous."""
    outcomes = comparison.runs[0].inspection.outcomes[: comparison.queries]
    if len(outcomes) < 2:
        return ""
    of = len(comparison.runs)
    buttons = "".join(
        f'<button type="button" class="pill" data-index="{number}"'
        f'{" aria-current=true" if number == chosen else ""} title="{escape(one.image.name)}">'
        f"{escape(_short(one.image.name))} <small>{vote} of {of}</small></button>"
        for number, (one, vote) in enumerate(zip(outcomes, votes, strict=True))
    )
    return f'<nav class="pills" aria-label="Pictures compared">{buttons}</nav>'


def grid_html(chosen: int, rows: Sequence[CompareRow], counts: NDArray[np.uint8]) -> str:
    """Return the grid: the picture, each method's three maps, and where how many agree."""
    image = rows[0].outcome.image
    height, width = image.pixels.shape[:2]
    photo = png_uri(screen_picture(image.pixels, CELL_SIDE))
    name = escape(image.name)
    head = "".join(_head(row) for row in rows)
    lines = "".join(
        _line(chosen, kind, rows, counts if kind == "fused" else None) for kind in KINDS
    )
    agree = sum(row.verdict.anomalous for row in rows)
    return (
        f'<div class="cmp" style="--columns:{len(rows)};--ratio:{width / height:.4f};'
        f'--photo:url(\'{photo}\')" role="group" aria-label="Maps of {name} by method. '
        'Plus and minus zoom all of them, arrow keys move them.">'
        f'<div class="cmp-row is-head"><div class="cmp-head"><b>{escape(_short(image.name))}</b>'
        f"<small>{width} x {height} px</small></div>{head}"
        f'<div class="cmp-head"><b>Agreement</b><small>{agree} of {len(rows)} call it anomalous'
        f"</small></div></div>{lines}</div>"
    )


def table_html(rows: Sequence[CompareRow], absent: dict[str, str]) -> str:
    """Return the table of figures, one row per method, and why others are missing."""
    measured = [name for name in METRICS if any(name in row.metrics for row in rows)]
    typed = any(row.types for row in rows)
    heads = [
        ("method", "Method and step of its ablation ladder"),
        ("verdict", "At the method's own calibrated threshold"),
        ("unlikeness", "Where the score stands among your normal pictures"),
        ("raw score", "Not comparable between methods"),
        ("regions", "Connected sets of pixels above the region limit"),
        ("area", "Their share of the picture"),
        *([("looks most like", "Defect type of the picture, if it is a defect")] if typed else []),
        ("time", "Of this picture's prediction alone"),
        ("memory", "Largest resident memory of the app while the method ran"),
        *((METRIC_TITLES[name], "Against your true mask, in percent") for name in measured),
        ("trained on", "Training data of the checkpoint"),
        ("licence", "What its results may be used for"),
    ]
    head = "".join(f'<th scope="col" title="{escape(t)}">{escape(n)}</th>' for n, t in heads)
    body = "".join(_table_row(row, measured, typed=typed) for row in rows)
    missing = "".join(f'<p class="quiet">{escape(why)}</p>' for why in absent.values())
    return (
        '<div class="table-scroll" tabindex="0" role="region" aria-label="Figures by method">'
        f'<table class="figures-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f"</div>{missing}"
    )


def _head(row: CompareRow) -> str:
    provenance = row.run.inspection.provenance
    judged = row.verdict
    regime = "few-shot" if row.run.info.needs_support else "zero-shot"
    return (
        f'<div class="cmp-head is-{judged.label}"><b>{escape(row.run.info.title)} '
        f"<span>{escape(provenance.variant)}</span></b>"
        f'<strong title="Unlikeness score {judged.score:.4f}, threshold {judged.threshold:.4f}">'
        f"{_ICONS[judged.label]} {judged.label} {judged.score:.3f}</strong>"
        f"<small>{row.outcome.seconds:.2f} s, {regime}</small></div>"
    )


def _line(
    chosen: int,
    kind: str,
    rows: Sequence[CompareRow],
    counts: NDArray[np.uint8] | None,
) -> str:
    """Return one row of maps; the first one shows the picture and the agreement too."""
    cells = []
    for row in rows:
        values = shown_map(row.run, chosen, kind, CELL_SIDE)
        low, high = map_range(kind)
        painted = map_uri(values, low, high, _COLORS.get(kind, "inferno"))
        found = f"{len(row.regions)} region{plural(len(row.regions))}"
        told = f"{row.run.info.title}: {kind} map, {row.verdict.label}, {found}"
        size = row.outcome.result.fused_map.shape
        frames = _frames(row.regions, (size[0], size[1])) if kind == "fused" else ""
        cells.append(_cell(told, painted, frames))
    generic = rows[0].run.scales.fused.generic
    name = escape(rows[0].outcome.image.name)
    first = _cell(f"{name} as inspected") if counts is not None else _caption(kind, generic=generic)
    last = "" if counts is None else _agreement(counts, len(rows), generic=generic)
    return (
        f'<div class="cmp-row" data-kind="{kind}">{first}{"".join(cells)}'
        f"{last or '<div></div>'}</div>"
    )


def _cell(told: str, painted: str = "", frames: str = "") -> str:
    paint = f'<div class="layer map"><img src="{painted}" alt=""></div>' if painted else ""
    return (
        f'<div class="stage" role="img" aria-label="{escape(told)}" tabindex="0">'
        f'<div class="layers"><div class="layer picture"></div>{paint}'
        f'<div class="layer frames">{frames}</div><i class="cross"></i></div></div>'
    )


def _frames(regions: Sequence[Region], size: tuple[int, int]) -> str:
    rows, columns = size
    return "".join(
        f'<b style="left:{100 * box[1] / columns:.2f}%;top:{100 * box[0] / rows:.2f}%;'
        f"width:{100 * (box[3] - box[1]) / columns:.2f}%;"
        f'height:{100 * (box[2] - box[0]) / rows:.2f}%"></b>'
        for box in (region.box for region in regions[:_MOST_FRAMES])
    )


def _agreement(counts: NDArray[np.uint8], methods: int, *, generic: bool) -> str:
    step = max(1, -(-max(counts.shape) // CELL_SIDE))
    values = counts[::step, ::step].astype(np.float32)
    painted = map_uri(values, 0.0, float(methods), "cividis")
    all_agree = 100 * float((counts == methods).mean())
    some = 100 * float((counts > 0).mean())
    told = (
        f"Agreement: all {methods} methods mark {all_agree:.2f} % of the picture, "
        f"at least one {some:.2f} %"
    )
    steps = "".join(f"<u>{number}</u>" for number in range(methods + 1))
    return (
        f'<div class="cmp-last">{_cell(told, painted)}<div class="cmp-scales">'
        f'<p class="quiet">{escape(told)}.</p>{_bar("cividis", 0, methods, "")}'
        f'<div class="steps">{steps}</div>{_scale("fused", generic=generic)}</div></div>'
    )


def _caption(kind: str, *, generic: bool) -> str:
    return (
        f'<div class="cmp-caption"><b>{kind.capitalize()}</b>'
        f'<p class="quiet">{escape(_MEANINGS[kind])}.</p>{_scale(kind, generic=generic)}</div>'
    )


def _scale(kind: str, *, generic: bool) -> str:
    """Return the colour bar of a row with the percentiles of normal pixels along it."""
    ticks: Sequence[tuple[float, str]] = SIGNED_TICKS
    if kind == "residual":
        told = "Residual"
    else:
        ticks = GENERIC_TICKS if generic else SCALE_TICKS
        told = "No normals: general limit" if generic else "Normal pixels below"
    low, high = map_range(kind)
    return _bar(_COLORS.get(kind, "inferno"), low, high, told, ticks)


def _bar(
    colors: str,
    low: float,
    high: float,
    told: str,
    ticks: Sequence[tuple[float, str]] = (),
) -> str:
    ramp = np.linspace(low, high, _RAMP, dtype=np.float32)[np.newaxis, :]
    marks = "".join(
        f'<u style="left:{100 * (value - low) / (high - low):.1f}%">{escape(text)}</u>'
        for value, text in ticks
    )
    title = f"<small>{escape(told)}</small>" if told else ""
    return (
        f'<div class="cmp-bar">{title}<img src="{map_uri(ramp, low, high, colors)}" '
        f'alt="Colour scale{": " + escape(told) if told else ""}">{marks}</div>'
    )


def _table_row(row: CompareRow, measured: Sequence[str], *, typed: bool) -> str:
    provenance, judged = row.run.inspection.provenance, row.verdict
    memory = row.run.memory_bytes
    figures = [_number(row.metrics.get(name)) for name in measured]
    cells = [
        f'<td class="is-{judged.label}"><b>{_ICONS[judged.label]} {judged.label}</b></td>',
        f"<td>{escape(judged.position)}</td>",
        f"<td>{judged.score:.3f}<small>limit {judged.threshold:.3f}</small></td>",
        f"<td>{len(row.regions)}</td>",
        f"<td>{percent(row.area_percent / 100)}</td>",
        *([f"<td>{escape(type_words(row.types[0])) if row.types else '-'}</td>"] if typed else []),
        f"<td>{row.outcome.seconds:.2f} s</td>",
        f"<td>{'-' if memory is None else f'{memory / 1e9:.2f} GB'}</td>",
        *(f"<td>{figure}</td>" for figure in figures),
        f'<td class="long">{_folded(provenance.trained_on)}</td>',
        f'<td class="long">{escape(provenance.licence)}</td>',
    ]
    title = f"{escape(row.run.info.title)}<small>{escape(provenance.variant)}</small>"
    return f'<tr><th scope="row">{title}</th>{"".join(cells)}</tr>'


def _folded(trained_on: Sequence[str]) -> str:
    count = len(trained_on)
    if not count:
        return "nothing"
    told = escape(", ".join(trained_on))
    return f"<details><summary>{count} source{plural(count)}</summary>{told}</details>"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else f"{name[: most - 9]}…{name[-8:]}"
