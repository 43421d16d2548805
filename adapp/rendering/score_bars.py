"""The scores of very many pictures as bars, for a page that may be printed."""

from collections.abc import Sequence
from html import escape
from typing import Final

BINS: Final = 60
_WIDTH: Final = 720
_HEIGHT: Final = 170
_SIDE: Final = 10
_TOP: Final = 24
_BASE: Final = 128
_BELOW: Final = "#8a8f98"  # grey and vermilion of the Okabe-Ito palette, blue for normals
_ABOVE: Final = "#D55E00"
_NORMAL: Final = "#0072B2"


class ScoreBins:
    """Counts scores in ``BINS`` equal steps of their range; its size never grows.

    Args:
        low: Smallest score there can be.
        high: Largest one.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.high = high
        self.counts = [0] * BINS

    def add(self, score: float) -> None:
        """Count one score; one outside the range counts at its end."""
        place = int((score - self.low) / (self.high - self.low) * BINS)
        self.counts[min(max(place, 0), BINS - 1)] += 1


def score_bars_svg(bins: ScoreBins, normal_scores: Sequence[float], threshold: float) -> str:
    """Return an SVG element: a bar per step, the normals as triangles, the threshold as a line.

    Bars wholly above the threshold have another colour; the line says the same without it. The
    element holds no script and no outside link.

    Args:
        bins: Counted scores of the pictures.
        normal_scores: Scores of the normal pictures behind the threshold.
        threshold: Score above which a picture is called anomalous.
    """
    highest = max(*bins.counts, 1)
    step = (_WIDTH - 2 * _SIDE) / BINS

    def x(score: float) -> float:
        share = (score - bins.low) / (bins.high - bins.low)
        return _SIDE + min(max(share, 0.0), 1.0) * (_WIDTH - 2 * _SIDE)

    limit = x(threshold)
    bars = [
        f'<rect x="{_SIDE + place * step:.1f}" y="{_BASE - tall:.1f}" width="{step - 1:.1f}" '
        f'height="{tall:.1f}" fill="{_ABOVE if _SIDE + place * step >= limit else _BELOW}"/>'
        for place, count in enumerate(bins.counts)
        if count and (tall := max((_BASE - _TOP) * count / highest, 1.5))
    ]
    marks = [
        f'<path d="M{x(score):.1f} {_BASE + 3}l-4 8h8z" fill="{_NORMAL}"/>'
        for score in normal_scores
    ]
    anchor, shift = ("end", -5) if limit > _WIDTH / 2 else ("start", 5)
    told = (
        f"{sum(bins.counts)} scores from {bins.low:g} to {bins.high:g}; the threshold is "
        f"{threshold:.4g}; the tallest bar stands for {highest}."
    )
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" aria-label="{escape(told)}" font-size="12" font-family="inherit" '
        'fill="currentColor">'
    )
    line = (
        f'<path d="M{limit:.1f} {_TOP - 8}V{_BASE}" stroke="currentColor" stroke-dasharray="4 3"/>'
    )
    texts = (
        (limit + shift, _TOP - 8, anchor, f"threshold {threshold:.4g}"),
        (_SIDE, _BASE + 26, "start", f"{bins.low:g}"),
        (_WIDTH - _SIDE, _BASE + 26, "end", f"{bins.high:g}"),
        (_WIDTH / 2, _BASE + 26, "middle", "score (bars: pictures, triangles: normal pictures)"),
    )
    words = [
        f'<text x="{left:.1f}" y="{top}" text-anchor="{end}">{text}</text>'
        for left, top, end, text in texts
    ]
    axis = f'<path d="M{_SIDE} {_BASE}H{_WIDTH - _SIDE}" stroke="currentColor"/>'
    return "\n".join([opening, *bars, axis, *marks, line, *words, "</svg>"])
