"""Method cards, our figures and the papers' tables as HTML; pure functions."""

from collections.abc import Sequence
from html import escape

from adapp.services.method_cards import CheckpointCard, MethodCard
from adapp.services.own_figures import OwnTable
from adapp.services.paper_view import ViewedLine, ViewedTable
from adapp.ui import method_view, texts

_METRICS = {
    "image_auroc": "image AUROC",
    "image_ap": "image AP",
    "image_f1max": "image F1",
    "pixel_auroc": "pixel AUROC",
    "pixel_ap": "pixel AP",
    "pixel_f1max": "pixel F1",
    "aupro": "AUPRO",
}


def card_html(card: MethodCard, seconds: float | None) -> str:
    """Return a method's card.

    Args:
        card: The method.
        seconds: Time of one picture on this machine; None while it has not run here.
    """
    info = card.info
    meanings = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(told)}</dd>"
        for name, told in info.map_meanings.items()
    )
    limits = "".join(f"<li>{escape(limit)}</li>" for limit in card.limits)
    regimes = ", ".join(sorted(info.regimes)).replace("_", "-")
    speed = texts.SPEED_UNKNOWN if seconds is None else f"{seconds:.2f} s a picture, last measured"
    shipped = "".join(_checkpoint(one) for one in card.checkpoints)
    return (
        f'<article class="method-card" id="card-{info.name}"><h3>{escape(info.title)}</h3>'
        f"<p>{escape(info.summary)} {escape(method_view.need(info))}</p>"
        f"<h4>What its maps mean</h4><dl>{meanings}</dl>"
        f"<h4>When it fails</h4><ul>{limits}</ul>"
        f"<h4>Checkpoints here</h4>{shipped or f'<p>{escape(texts.NO_CHECKPOINT)}</p>'}"
        f'<p class="quiet">Regimes: {escape(regimes)}. Ladder: '
        f"{escape(', '.join(info.variants))} (the last is the default). On this machine: "
        f"{escape(speed)}.</p></article>"
    )


def own_html(tables: Sequence[OwnTable]) -> str:
    """Return our figures on left-out families; columns of a phone's width."""
    shown = "".join(_own_table(table) for table in tables)
    return (
        f'<section class="own-figures"><h3>Ours, measured on left-out families</h3>'
        f"<p>{escape(texts.OWN_INTRO)}</p>{shown}</section>"
    )


def table_html(viewed: ViewedTable) -> str:
    """Return a paper's table with our figures in the last column."""
    table = viewed.table
    heads = "".join(
        f'<th scope="col"{" class=own" if column == table.own else ""}>{escape(column)}</th>'
        for column in (*table.columns, "ours")
    )
    body = "".join(_line(line, viewed) for line in viewed.lines)
    notes = "".join(
        f'<p class="quiet">{escape(told)}</p>'
        for told in (viewed.setting, *table.misprints, *table.notes)
        if told
    )
    command = f"<code>{escape(viewed.command)}</code>"
    hint = f'<p class="quiet">{escape(texts.NOT_MEASURED)} {command}</p>'
    absent = "" if viewed.setting else hint
    return (
        f"<h3>{escape(table.paper)}, table {table.number}</h3><p>{escape(table.shows)}</p>"
        '<div class="table-scroll" tabindex="0" role="region" aria-label="Benchmark table">'
        f'<table class="figures-table"><thead><tr><th scope="col">condition</th>'
        f'<th scope="col">metric</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{absent}{notes}"
    )


def _own_table(table: OwnTable) -> str:
    metrics = list(dict.fromkeys(figure.metric for figure in table.figures))
    heads = "".join(f'<th scope="col">{escape(_METRICS[metric])}</th>' for metric in metrics)
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for figure in table.figures:
        rows.setdefault((figure.variant, figure.normals), {})[figure.metric] = figure.value
    body = "".join(
        f'<tr><th scope="row">{escape(variant)}<small>{normals or "no"} '
        f"normal{'' if normals == 1 else 's'}</small></th>"
        + "".join(f"<td>{_with_spread(values.get(metric, '-'))}</td>" for metric in metrics)
        + "</tr>"
        for (variant, normals), values in rows.items()
    )
    told = f"{table.data}; {table.setting}. Seeds: {table.seeds}. Code: {', '.join(table.commits)}."
    return (
        f"<h4>{escape(table.title)}</h4>"
        f'<div class="table-scroll" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f'<table class="figures-table"><thead><tr><th scope="col">method</th>{heads}</tr></thead>'
        f'<tbody>{body}</tbody></table></div><p class="quiet">{escape(told[0].upper() + told[1:])}'
        "</p>"
    )


def _with_spread(value: str) -> str:
    """Return a figure with what follows it, its spread over seeds, in a line below."""
    mean, _, spread = value.partition(" ")
    return f"{escape(mean)}<small>{escape(spread)}</small>" if spread else escape(mean)


def _checkpoint(card: CheckpointCard) -> str:
    trained = ", ".join(card.trained_on) or "nothing"
    types = f"<p>{escape(card.types)}</p>" if card.types else ""
    return (
        f"<details><summary><b>{escape(card.name)}</b> {card.megabytes:.1f} MB, sha256 "
        f"{card.sha256[:12]}</summary><p>{escape(card.licence)}</p>"
        f'{types}<p class="quiet">Trained on: {escape(trained)}</p></details>'
    )


def _line(line: ViewedLine, viewed: ViewedTable) -> str:
    digits = viewed.table.decimals
    cells = "".join(f"<td>{_figure(value, digits)}</td>" for value in line.values)
    ours = _figure(line.ours, digits)
    if line.ours is not None and not line.complete:
        ours = f'{ours}<small title="Not all of the data the paper names">partial</small>'
    metric = _METRICS.get(line.metric, line.metric.replace("_", " "))
    return (
        f'<tr><th scope="row">{escape(line.condition)}</th><td>{escape(metric)}</td>{cells}'
        f'<td class="ours">{ours}</td></tr>'
    )


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
