"""The histogram of normal against query scores, as an SVG to be put into a page."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WIDTH: Final = 640
_HEIGHT: Final = 210
_LEFT: Final = 12
_RIGHT: Final = 12
_TOP: Final = 46  # above it one row for the name of each line, which no bar reaches
_BASE: Final = 160
_NORMAL: Final = "#0072B2"  # blue, vermilion and grey of the Okabe-Ito palette
_QUERY: Final = "#D55E00"
_BINS: Final = 32


def histogram_svg(
    normal_scores: Sequence[float],
    query_scores: Sequence[float],
    threshold: float,
    *,
    score_range: tuple[float, float] = (0.0, 1.0),
    selected: int | None = None,
    review: float | None = None,
) -> str:
    """Return an SVG element: normals as bars, queries as triangles, the threshold as a line.

    The axis is the fixed range of the score, widened only if a value lies outside. Shapes and
    words carry the meaning, colour repeats it. The element holds no script and no outside link.

    Args:
        normal_scores: Image scores of the normal pictures.
        query_scores: Image scores of the inspected pictures.
        threshold: Score above which a picture is called anomalous.
        score_range: Bounds that the score can reach.
        selected: Position of the query shown larger; None shows all alike.
        review: Score from which on a picture should be looked at, a second line; None draws none.

    Raises:
        ValueError: If a value is not finite.
    """
    normals = _finite(normal_scores)
    queries = _finite(query_scores)
    low, high = _axis(score_range, np.concatenate([normals, queries, _finite([threshold])]))

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    summary = _summary(normals, queries, threshold)
    key = hashlib.sha256(repr((summary, normal_scores, query_scores)).encode()).hexdigest()[:10]
    at = x(threshold)
    second = None if review is None or review >= threshold else x(review)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'width="100%" role="img" aria-labelledby="h{key}-title h{key}-desc" '
            f'data-low="{low:.9g}" data-high="{high:.9g}" data-left="{_LEFT / _WIDTH:.6f}" '
            f'data-right="{1 - _RIGHT / _WIDTH:.6f}" '
            'fill="currentColor" font-family="inherit" font-size="12">'
        ),
        f'<title id="h{key}-title">Scores of normal and inspected pictures</title>',
        f'<desc id="h{key}-desc">{summary}</desc>',
        *_bars(normals, low, high),
        (
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_BASE}" y2="{_BASE}" '
            'stroke="currentColor"/>'
        ),
        *(_tick(x(value), value) for value in np.linspace(low, high, 5)),
        *(_marker(x(value), large=number == selected) for number, value in enumerate(queries)),
        *_threshold_line(at, threshold),
        *([] if second is None else _review_line(second)),
        *_legend(len(normals), len(queries)),
        "</svg>",
    ]
    return "".join(parts)


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    if not np.isfinite(array).all():
        msg = "scores and threshold must be finite numbers"
        raise ValueError(msg)
    return array


def _axis(score_range: tuple[float, float], values: NDArray[np.float64]) -> tuple[float, float]:
    low = min(score_range[0], float(values.min()))
    high = max(score_range[1], float(values.max()))
    return (low, high) if high > low else (low, low + 1.0)


def _bars(normals: NDArray[np.float64], low: float, high: float) -> list[str]:
    if normals.size == 0:
        return []
    counts, edges = np.histogram(normals, bins=_BINS, range=(low, high))
    width = (_WIDTH - _LEFT - _RIGHT) / _BINS
    tallest = (_BASE - _TOP - 8) / counts.max()
    return [
        f'<rect class="normal" x="{_LEFT + number * width:.2f}" '
        f'y="{_BASE - count * tallest:.2f}" width="{width - 1:.2f}" '
        f'height="{count * tallest:.2f}" fill="{_NORMAL}">'
        f"<title>{count} normal at {edges[number]:.2f} to {edges[number + 1]:.2f}</title></rect>"
        for number, count in enumerate(counts)
        if count
    ]


def _tick(x: float, value: float) -> str:
    anchor = "start" if x < 20 else "end" if x > _WIDTH - 20 else "middle"
    return f'<text x="{x:.2f}" y="{_BASE + 32}" text-anchor="{anchor}">{value:.2f}</text>'


def _marker(x: float, *, large: bool) -> str:
    """Return a triangle under the axis that points at ``x``."""
    half, tall, name = (8, 15, "query selected") if large else (5, 10, "query")
    points = f"{x:.2f},{_BASE + 2} {x - half:.2f},{_BASE + tall} {x + half:.2f},{_BASE + tall}"
    edge = ' stroke="currentColor" stroke-width="1.5"' if large else ""
    return f'<polygon class="{name}" points="{points}" fill="{_QUERY}"{edge}/>'


def _threshold_line(x: float, threshold: float) -> list[str]:
    side, anchor = (-4, "end") if x > _WIDTH / 2 else (4, "start")
    return [
        (
            f'<line class="threshold" data-limit="image" x1="{x:.2f}" x2="{x:.2f}" '
            f'y1="{_TOP - 40}" y2="{_BASE + 16}" stroke="currentColor" stroke-width="2" '
            'stroke-dasharray="5 3"/>'
        ),
        (
            f'<text x="{x + side:.2f}" y="{_TOP - 28}" text-anchor="{anchor}">'
            f"threshold {threshold:.3f}</text>"
        ),
    ]


def _review_line(x: float) -> list[str]:
    side, anchor = (-4, "end") if x > _WIDTH / 4 else (4, "start")
    return [
        (
            f'<line class="review" data-limit="review" x1="{x:.2f}" x2="{x:.2f}" y1="{_TOP - 18}" '
            f'y2="{_BASE}" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2 3"/>'
        ),
        (
            f'<text x="{x + side:.2f}" y="{_TOP - 8}" text-anchor="{anchor}" '
            'stroke="var(--ad-panel, #fff)" stroke-width="5" paint-order="stroke">'
            "review from</text>"
        ),
    ]


def _legend(normals: int, queries: int) -> list[str]:
    y = _HEIGHT - 4
    inspected = [
        (
            f'<polygon points="{_LEFT + 125},{y - 10} {_LEFT + 120},{y} {_LEFT + 130},{y}" '
            f'fill="{_QUERY}"/>'
        ),
        f'<text x="{_LEFT + 136}" y="{y}">inspected ({queries})</text>',
    ]
    if normals == 0:
        end = f'x="{_WIDTH - _RIGHT}" y="{y}" text-anchor="end"'
        return [*inspected, f"<text {end}>no normals: generic threshold</text>"]
    return [
        f'<rect x="{_LEFT}" y="{y - 10}" width="10" height="10" fill="{_NORMAL}"/>',
        f'<text x="{_LEFT + 16}" y="{y}">normal ({normals})</text>',
        *inspected,
    ]


def _summary(normals: NDArray[np.float64], queries: NDArray[np.float64], threshold: float) -> str:
    """Return the figure in words, for readers who do not see it."""
    above = int((queries > threshold).sum())
    told = (
        f"{above} of {queries.size} inspected pictures score above the threshold {threshold:.3f}."
    )
    if normals.size == 0:
        return f"{told} There are no normal scores to compare with."
    return (
        f"{told} The normal scores lie between {normals.min():.3f} and {normals.max():.3f} "
        f"({normals.size} scores)."
    )
