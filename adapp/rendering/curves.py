"""Line charts of a few measured points, as an SVG for a page."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

_WIDTH: Final = 360
_HEIGHT: Final = 220
_LEFT: Final = 44
_RIGHT: Final = 12
_TOP: Final = 30
_BASE: Final = 176
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # of the Okabe-Ito palette
_MARKS: Final = ("circle", "square", "diamond", "triangle")


def curves_svg(title: str, steps: Sequence[str], lines: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG element with one line per entry of ``lines`` over evenly spaced steps.

    Every line has its own mark, so that colour only repeats what the shape says. The vertical axis
    spans the values. The element holds no script and no outside link.

    Args:
        title: What is varied.
        steps: Labels of the horizontal axis.
        lines: Name -> one value per step.

    Raises:
        ValueError: If there is nothing to draw or a line has another number of values.
    """
    wrong = [name for name, values in lines.items() if len(values) != len(steps)]
    if not steps or not lines or wrong:
        msg = f"need one value per step for each line; check {', '.join(wrong) or 'the input'}"
        raise ValueError(msg)
    values = [value for line in lines.values() for value in line]
    low, high = min(values), max(values)
    margin = max((high - low) * 0.1, 0.05)
    low, high = low - margin, high + margin

    def x(step: int) -> float:
        return _LEFT + (step + 0.5) / len(steps) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _BASE - (value - low) / (high - low) * (_BASE - _TOP)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'width="100%" role="img" fill="currentColor" font-family="inherit" font-size="11">'
        ),
        f"<title>{escape(title)}</title>",
        f'<text x="{_LEFT}" y="16" font-size="13">{escape(title)}</text>',
        (
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_BASE}" y2="{_BASE}" '
            'stroke="currentColor"/>'
        ),
    ]
    parts += [
        f'<text x="4" y="{y(value) + 4:.1f}">{value:.1f}</text>'
        for value in (low + margin, high - margin)
    ]
    for step, label in enumerate(steps):
        parts.append(
            f'<text x="{x(step):.1f}" y="{_BASE + 15}" text-anchor="middle">{escape(label)}</text>'
        )
    for number, (name, line) in enumerate(lines.items()):
        places = [(x(step), y(value)) for step, value in enumerate(line)]
        parts += _line(number, name, places)
    return "\n".join([*parts, "</svg>"])


def _line(number: int, name: str, places: Sequence[tuple[float, float]]) -> list[str]:
    """Return one line with its marks and its entry in the legend."""
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>']
    parts += [_mark(number, x, y, colour) for x, y in places]
    at = _LEFT + number * 105
    parts.append(_mark(number, at + 5, _HEIGHT - 14, colour))
    parts.append(f'<text x="{at + 14}" y="{_HEIGHT - 10}">{escape(name)}</text>')
    return parts


def _mark(number: int, x: float, y: float, colour: str) -> str:
    """Return the mark of one line."""
    kind = _MARKS[number % len(_MARKS)]
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    if kind == "square":
        return f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6" fill="{colour}"/>'
    if kind == "diamond":
        corners: tuple[tuple[float, float], ...] = ((0, -4.5), (4.5, 0), (0, 4.5), (-4.5, 0))
    else:
        corners = ((0, -4.5), (4.5, 3.5), (-4.5, 3.5))
    points = " ".join(f"{x + across:.1f},{y + down:.1f}" for across, down in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'
