"""What the extras of the Inspect tab look like: pure functions to HTML and SVG."""

from collections.abc import Sequence
from html import escape

from adapp.methods.registry import METHODS
from adapp.services.ignoring import Shape
from adapp.services.inspection import InspectionRequest
from adapp.services.regions import verdict
from adapp.ui import texts
from adapp.ui.batch_view import duration
from adapp.ui.inspect_view import percent, plural
from adapp.ui.state import Held


def earlier_html(history: Sequence[Held], current: Held) -> str:
    """Return one button per run of the session, the latest first; empty for a single one."""
    if len(history) < 2:
        return ""
    buttons = "".join(_run(held, chosen=held is current) for held in history)
    return (
        '<nav class="pills is-earlier" aria-label="Runs of this session"><span>Runs</span>'
        f"{buttons}</nav>"
    )


def estimate_html(seconds: float | None, asked: InspectionRequest) -> str:
    """Return how long a run will take; empty while there is nothing to inspect.

    Args:
        seconds: Time without tuning; None if the method has not run on this machine.
        asked: The run.
    """
    count = len(asked.query)
    if not count:
        return ""
    told = texts.PACE_UNKNOWN
    if seconds is not None:
        added = texts.PACE_TUNING if asked.tune else ""
        told = f"About {duration(seconds)} for {count} picture{plural(count)}{added}, "
        told += texts.PACE_FROM
    return f'<p class="quiet">{escape(told)}</p>'


def area_html(shapes: int, share: float) -> str:
    """Return how much of the picture does not count; empty if all of it does."""
    if not shapes:
        return ""
    return (
        f'<p class="quiet" role="status">{percent(share)} of the picture is ignored '
        f"({shapes} shape{plural(shapes)}): the score is the highest map value outside of it.</p>"
    )


def area_svg(shapes: Sequence[Shape], height: int, width: int) -> str:
    """Return the drawn area as an SVG layer over the picture; empty without shapes."""
    if not shapes:
        return ""
    kept = [shape for shape in shapes if shape.kind == "keep"]
    strokes = "".join(_stroke(shape, height, width) for shape in shapes if shape.kind == "ignore")
    holes = "".join(_rectangle(shape, height, width, "#000") for shape in kept)
    frames = "".join(_rectangle(shape, height, width, "none") for shape in kept)
    outside = (
        '<mask id="kept"><rect width="100%" height="100%" fill="#fff"/>'
        f'{holes}</mask><rect width="100%" height="100%" mask="url(#kept)" class="shade"/>'
        if kept
        else ""
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f"{outside}{frames}{strokes}</svg>"
    )


def _run(held: Held, *, chosen: bool) -> str:
    found = held.inspection
    current = ' aria-current="true"' if chosen else ""
    if found is None:
        return f'<button type="button" class="pill" disabled data-key="{held.key}">dropped</button>'
    info = METHODS.get(found.request.method)
    title = found.request.method if info is None else info.title
    scores = [one.result.score for one in found.outcomes]
    bad = sum(verdict(score, found.calibration).anomalous for score in scores)
    name = found.outcomes[0].image.name
    tuned = ", tuned" if found.request.tune else ""
    return (
        f'<button type="button" class="pill" data-key="{held.key}"{current} '
        f'title="{escape(name)}">{escape(title)}{tuned} '
        f"<small>{escape(found.request.category[:24])} {bad} of {len(scores)}, "
        f"{len(found.support)} normal{plural(len(found.support))}</small></button>"
    )


def _stroke(shape: Shape, height: int, width: int) -> str:
    places = " ".join(f"{x * width:.1f},{y * height:.1f}" for x, y in shape.points)
    last = f"{shape.points[-1][0] * width + 0.1:.1f},{shape.points[-1][1] * height:.1f}"
    return f'<polyline points="{places} {last}" stroke-width="{2 * shape.radius * width:.1f}"/>'


def _rectangle(shape: Shape, height: int, width: int, fill: str) -> str:
    (x0, y0), (x1, y1) = shape.points[0], shape.points[-1]
    kind = ' class="kept"' if fill == "none" else ""
    return (
        f'<rect{kind} x="{min(x0, x1) * width:.1f}" y="{min(y0, y1) * height:.1f}" '
        f'width="{abs(x1 - x0) * width:.1f}" height="{abs(y1 - y0) * height:.1f}" fill="{fill}"/>'
    )
