"""What a batch looks like: pure functions from journal lines to HTML.

Every text that comes from a user (file names) passes ``escape``.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from adapp.services.batch_journal import Line
from adapp.services.batch_review import Confusion, Label
from adapp.services.region_types import names_types, type_words, types_of
from adapp.ui.inspect_view import MOST_REGIONS, percent, plural

_ICONS = {"anomalous": "✕", "normal": "✓", "refused": "–"}  # noqa: RUF001 - a dash, for nothing
_COLUMNS = (
    ("number", "#", "number"),
    ("name", "file", "text"),
    ("verdict", "verdict", "text"),
    ("score", "unlikeness", "number"),
    ("label", "yours", "text"),
    ("regions", "regions", "number"),
    ("area", "area", "number"),
    ("remarks", "flags", "text"),
)


_TYPE_COLUMN = ("type", "looks most like", "text")


def settings_html(pictures: int, normals: int, method: str) -> str:
    """Return what a batch will inspect, with which method and normals of the Inspect tab."""
    if not pictures:
        return '<p class="from-inspect">No picture yet<small>PNG, JPEG, BMP, TIFF, WebP</small></p>'
    return (
        f'<p class="from-inspect"><b>{pictures}</b> picture{plural(pictures)} to inspect'
        f"<small>{escape(method)} with {normals} normal part{plural(normals)}, from the Inspect "
        "tab</small></p>"
    )


def progress_html(done: int, total: int, left_s: float | None) -> str:
    """Return how far the batch is and how long it will still take."""
    told = "" if left_s is None else f", {duration(left_s)} left"
    share = 100 * done / total if total else 0
    return (
        '<div class="progress is-known" role="status" aria-live="polite">'
        f"<p>Inspected <small>{done} of {total}{told}</small></p>"
        f'<div class="track"><i style="width:{share:.1f}%"></i></div></div>'
    )


def duration(seconds: float) -> str:
    """Return a time to wait in words."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def table_html(
    lines: Iterable[Line],
    threshold: float,
    labels: Mapping[int, Label],
    thumbs: Mapping[int, str],
) -> str:
    """Return the table: a head that sorts, a row per picture, keys for labelling."""
    rows = list(lines)
    typed = names_types(rows)
    head = "".join(
        f'<th scope="col" aria-sort="none"><button type="button" data-sort="{key}" '
        f'data-kind="{kind}">{title}</button></th>'
        for key, title, kind in (*_COLUMNS, *([_TYPE_COLUMN] if typed else []))
    )
    body = "".join(_row(line, threshold, labels, thumbs, typed=typed) for line in rows)
    return (
        '<p class="keys">Up and down move, Enter shows the picture, <kbd>G</kbd> marks it good, '
        "<kbd>B</kbd> bad, <kbd>U</kbd> takes the mark away.</p>"
        '<div class="table-scroll batch-scroll" tabindex="0" role="region" '
        'aria-label="Pictures of the batch"><table class="figures-table batch-rows">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def figures_html(scores: Mapping[int, float], threshold: float, counts: Confusion) -> str:
    """Return how many pictures are anomalous and how that compares with the labels."""
    anomalous = sum(score > threshold for score in scores.values())
    lead = f"<p><b>{anomalous}</b> of {len(scores)} anomalous</p>"
    if not counts.labelled:
        hint = '<p class="quiet">Mark pictures good or bad to see F1.</p>'
        return f'<div class="counts">{lead}{hint}</div>'
    f1 = "-" if counts.f1 is None else f"{counts.f1:.2f}"
    return (
        f'<div class="counts">{lead}<p role="status">F1 <b>{f1}</b> on {counts.labelled} '
        'labelled</p><table class="confusion"><caption>Your labels against the verdicts</caption>'
        '<thead><tr><td></td><th scope="col">anomalous</th><th scope="col">normal</th></tr></thead>'
        f'<tbody><tr><th scope="row">bad</th><td>{counts.bad_found}</td>'
        f"<td>{counts.bad_missed}</td></tr>"
        f'<tr><th scope="row">good</th><td>{counts.false_alarms}</td>'
        f"<td>{counts.good_passed}</td></tr></tbody></table></div>"
    )


def detail_html(line: Line, pictures: Mapping[str, str], threshold: float, trust: str = "") -> str:
    """Return one picture of the batch, as inspected and with its map and regions.

    Args:
        line: Its line.
        pictures: Addresses of the pictures by what they show.
        threshold: Score above which it is anomalous.
        trust: How far types of defect can be trusted, where the method tells them.
    """
    name = escape(line["name"])
    if "refused" in line:
        return (
            f'<section class="batch-one"><h3>{name}</h3><p>{escape(line["refused"])}</p></section>'
        )
    query = line["query"]
    word = "anomalous" if query["score"] > threshold else "normal"
    shown = "".join(
        f'<figure><img src="{address}" alt="{name}: {escape(told)}, {word}">'
        f"<figcaption>{escape(told)}</figcaption></figure>"
        for told, address in pictures.items()
    )
    remarks = " ".join([*query["flags"], *query["notes"]])
    return (
        f'<section class="batch-one"><h3>{name}</h3><p class="is-{word}"><b>{_ICONS[word]} {word}'
        f"</b> {query['score']:.3f}, threshold {threshold:.3f}, {escape(query['position'])}</p>"
        f'{_types(query, word, trust)}{shown}<p class="quiet">{escape(remarks)}</p></section>'
    )


def _row(
    line: Line,
    threshold: float,
    labels: Mapping[int, Label],
    thumbs: Mapping[int, str],
    *,
    typed: bool,
) -> str:
    number = line["number"]
    label = labels.get(number, "")
    thumb = f'<img src="{thumbs[number]}" alt="">' if number in thumbs else ""
    name = escape(line["name"])
    mark = f'<td class="label" data-value="{label}">{label}</td>'
    if "refused" in line:
        cells = (
            f'<td data-value="refused">{_ICONS["refused"]} refused</td><td data-value="-1"></td>'
            f'{mark}<td></td><td></td><td class="long" data-value="">{escape(line["refused"])}</td>'
        )
    else:
        query = line["query"]
        word = "anomalous" if query["score"] > threshold else "normal"
        flags = " ".join(query["flags"])
        area = query["area_percent"]
        cells = (
            f'<td class="is-{word}" data-value="{word}"><b>{_ICONS[word]} {word}</b></td>'
            f'<td data-value="{query["score"]:.9f}">{query["score"]:.3f}</td>{mark}'
            f'<td data-value="{len(query["regions"])}">{len(query["regions"])}</td>'
            f'<td data-value="{area:.6f}">{percent(area / 100)}</td>'
            f'<td class="long" data-value="{escape(flags)}">{escape(flags)}</td>'
        )
    cells += _type(line, threshold) if typed else ""
    return (
        f'<tr data-number="{number}"><td data-value="{number}">{number}</td>'
        f'<th scope="row" data-value="{name}">{thumb}<span title="{name}">{name}</span></th>'
        f"{cells}</tr>"
    )


def _type(line: Line, threshold: float) -> str:
    """Return the cell with what an anomalous picture looks most like; empty for others."""
    query = line.get("query", {})
    types = types_of(query.get("types", ())[:1])
    if not types or query["score"] <= threshold:
        return '<td data-value=""></td>'
    words = escape(type_words(types[0]))
    return f'<td data-value="{words}">{words}</td>'


def _types(query: Mapping[str, Any], word: str, trust: str) -> str:
    """Return the types of every region of an anomalous picture, likeliest first."""
    told = [types_of(region.get("types", ())) for region in query["regions"]]
    if word != "anomalous" or not any(told):
        return ""
    items = "".join(
        f"<li>Region {number}: {escape(', '.join(type_words(one) for one in types))}</li>"
        for number, types in enumerate(told[:MOST_REGIONS], start=1)
    )
    return f'<ul class="types">{items}</ul><p class="quiet">{escape(trust)}</p>'
