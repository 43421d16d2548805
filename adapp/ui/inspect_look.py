"""Looking at a result: thresholds, maps, pixels, other queries, files; no model runs here."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import gradio as gr

from adapp.core.errors import UsageError
from adapp.services.fusion import adjustable_weight, reweighted
from adapp.services.inspection import Inspection
from adapp.services.regions import Thresholds
from adapp.services.views import map_names
from adapp.ui import texts
from adapp.ui.export_files import ExportKind, export
from adapp.ui.inspect_draw import Drawing, Updates, on_slider
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.state import Held, Look


class LookHandlers:
    """Handlers of everything that changes how a result is shown.

    Args:
        layout: The tab's components.
    """

    def __init__(self, layout: InspectLayout) -> None:
        self._results = layout.results
        self._draw = Drawing(layout)

    def on_threshold(self, held: Held | None, chosen: int, *controls: object) -> Updates:
        """Redraw all that follows from the thresholds."""
        holder, inspection = _alive(held)
        return self._draw.thresholds(holder, inspection, look_of(inspection, chosen, controls))

    def on_weight(self, held: Held | None, chosen: int, *controls: object) -> Updates:
        """Fuse the maps anew with the visitor's residual weight; the score stays."""
        holder, inspection = _alive(held)
        return self._draw.weight(holder, inspection, look_of(inspection, chosen, controls))

    def on_reset(self, held: Held | None, chosen: int, *controls: object) -> Updates:
        """Put thresholds and residual weight back to the method's own."""
        holder, inspection = _alive(held)
        own = Thresholds.of(inspection.calibration)
        look = replace(look_of(inspection, chosen, controls), thresholds=own, weight=None)
        return {
            **self._draw.sliders(inspection),
            **self._draw.weight(holder, inspection, look),
        }

    def on_map(self, held: Held | None, chosen: int, *controls: object) -> Updates:
        """Show another map, or the same in other colours."""
        holder, inspection = _alive(held)
        return self._draw.map(holder, inspection, look_of(inspection, chosen, controls))

    def on_choose(self, event: gr.EventData, held: Held | None, *controls: object) -> Updates:
        """Show another query of the run."""
        holder, inspection = _alive(held)
        chosen = min(max(int(event.key), 0), len(inspection.outcomes) - 1)
        look = look_of(inspection, chosen, controls)
        return {**self._draw.whole(holder, inspection, look), self._results.chosen: chosen}

    def on_read(
        self, event: gr.EventData, held: Held | None, chosen: int, *controls: object
    ) -> Updates:
        """Show what stands behind the pixel clicked on."""
        holder, inspection = _alive(held)
        rows, columns = inspection.outcomes[chosen].result.fused_map.shape
        holder.spot = (
            min(max(int(event.row), 0), rows - 1),
            min(max(int(event.column), 0), columns - 1),
        )
        return self._draw.read(holder, inspection, look_of(inspection, chosen, controls))

    def on_clear(self, held: Held | None, chosen: int, *controls: object) -> Updates:
        """Take the mark off the pixel."""
        holder, inspection = _alive(held)
        holder.spot = None
        return self._draw.read(holder, inspection, look_of(inspection, chosen, controls))

    def on_export(self, kind: ExportKind, held: Held | None, chosen: int, *controls: object) -> str:
        """Return the path of a file with what was found, fused as it is shown."""
        inspection = _alive(held)[1]
        look = look_of(inspection, chosen, controls)
        shown = inspection if look.weight is None else reweighted(inspection, look.weight)
        return export(shown, look.thresholds, kind, chosen)


class _Shown(NamedTuple):
    """The controls of a look, in the order of ``Controls.look``."""

    kind: str
    colors: str
    image_threshold: float
    pixel_threshold: float
    weight: float
    review_threshold: float | None = None


def look_of(inspection: Inspection, chosen: int, controls: Sequence[object]) -> Look:
    """Return the look that the controls stand for; a map that the query lacks becomes fused."""
    shown = _Shown(*cast("Sequence[Any]", controls))
    names = map_names(inspection.outcomes[chosen].result)
    return Look(
        chosen=chosen,
        kind=shown.kind if shown.kind in names else names[0],
        colors=shown.colors,
        thresholds=limits_of(
            inspection, shown.image_threshold, shown.pixel_threshold, shown.review_threshold
        ),
        weight=_weight(inspection, float(shown.weight)),
    )


def _weight(inspection: Inspection, shown: float) -> float | None:
    own = adjustable_weight(inspection)
    return None if own is None or shown == on_slider(own) else shown


def limits_of(
    inspection: Inspection,
    image_threshold: float,
    pixel_threshold: float,
    review_threshold: float | None = None,
) -> Thresholds:
    """Return the thresholds that the sliders stand for.

    A slider has a step; one that stands at the calibrated value means that value exactly, so a
    verdict on the page is the verdict of the command line.
    """
    own = Thresholds.of(inspection.calibration)
    image = _exact(float(image_threshold), own.image)
    review = own.image if own.review is None else own.review
    if review_threshold is not None:
        review = _exact(float(review_threshold), review)
    return Thresholds(
        image=image,
        pixel=_exact(float(pixel_threshold), own.pixel),
        review=min(review, image),
    )


def _exact(shown: float, calibrated: float) -> float:
    return calibrated if shown == on_slider(calibrated) else shown


def _alive(held: Held | None) -> tuple[Held, Inspection]:
    """Return the session's result.

    Raises:
        UsageError: If it was dropped.
    """
    found = None if held is None else held.seen()
    if held is None or found is None:
        raise UsageError(texts.DROPPED)
    return held, found
