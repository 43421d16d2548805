"""Looking at a result: thresholds, maps, pixels, other queries, files; no model runs here."""

import gradio as gr

from adapp.core.errors import UsageError
from adapp.rendering.colormaps import MapKind
from adapp.services.inspection import Inspection
from adapp.services.regions import Thresholds
from adapp.ui import inspect_view, texts
from adapp.ui.export_files import ExportKind, export
from adapp.ui.inspect_draw import Drawing, Updates, on_slider
from adapp.ui.inspect_layout import InspectLayout
from adapp.ui.state import Held, Look


class LookHandlers:
    """Handlers of everything that changes how a result is shown.

    Args:
        layout: The tab's components.
    """

    def __init__(self, layout: InspectLayout) -> None:
        self._results = layout.results
        self._draw = Drawing(layout)

    def on_threshold(
        self,
        held: Held | None,
        chosen: int,
        kind: MapKind,
        colors: str,
        image_threshold: float,
        pixel_threshold: float,
    ) -> Updates:
        """Redraw all that follows from the thresholds."""
        holder, inspection = _alive(held)
        limits = limits_of(inspection, image_threshold, pixel_threshold)
        return self._draw.thresholds(holder, inspection, Look(chosen, kind, colors, limits))

    def on_reset(self, held: Held | None, chosen: int, kind: MapKind, colors: str) -> Updates:
        """Put the thresholds back to what the normal pictures say."""
        holder, inspection = _alive(held)
        look = Look(chosen, kind, colors, Thresholds.of(inspection.calibration))
        return {
            **self._draw.sliders(inspection),
            **self._draw.thresholds(holder, inspection, look),
        }

    def on_map(
        self,
        held: Held | None,
        chosen: int,
        kind: MapKind,
        colors: str,
        image_threshold: float,
        pixel_threshold: float,
    ) -> Updates:
        """Show another map, or the same in other colours."""
        holder, inspection = _alive(held)
        limits = limits_of(inspection, image_threshold, pixel_threshold)
        return self._draw.map(holder, inspection, Look(chosen, kind, colors, limits))

    def on_choose(
        self,
        event: gr.EventData,
        held: Held | None,
        kind: MapKind,
        colors: str,
        image_threshold: float,
        pixel_threshold: float,
    ) -> Updates:
        """Show another query of the run."""
        holder, inspection = _alive(held)
        chosen = min(max(int(event.key), 0), len(inspection.outcomes) - 1)
        limits = limits_of(inspection, image_threshold, pixel_threshold)
        return {
            **self._draw.whole(holder, inspection, Look(chosen, kind, colors, limits)),
            self._results.chosen: chosen,
        }

    def on_read(self, event: gr.EventData, held: Held | None, chosen: int) -> str:
        """Show the terms behind the pixel clicked on."""
        result = _alive(held)[1].outcomes[chosen].result
        rows, columns = result.fused_map.shape
        row = min(max(int(event.row), 0), rows - 1)
        column = min(max(int(event.column), 0), columns - 1)
        return inspect_view.reading_html(row, column, result.at(row, column))

    def on_export(
        self,
        kind: ExportKind,
        held: Held | None,
        chosen: int,
        image_threshold: float,
        pixel_threshold: float,
    ) -> str:
        """Return the path of a file with what was found."""
        inspection = _alive(held)[1]
        limits = limits_of(inspection, image_threshold, pixel_threshold)
        return export(inspection, limits, kind, chosen)


def limits_of(inspection: Inspection, image_threshold: float, pixel_threshold: float) -> Thresholds:
    """Return the thresholds that the sliders stand for.

    A slider has a step; one that stands at the calibrated value means that value exactly, so a
    verdict on the page is the verdict of the command line.
    """
    own = Thresholds.of(inspection.calibration)
    return Thresholds(
        image=_exact(float(image_threshold), own.image),
        pixel=_exact(float(pixel_threshold), own.pixel),
    )


def _exact(shown: float, calibrated: float) -> float:
    return calibrated if shown == on_slider(calibrated) else shown


def _alive(held: Held | None) -> tuple[Held, Inspection]:
    """Return the session's result.

    Raises:
        UsageError: If it was dropped.
    """
    if held is None or held.inspection is None:
        raise UsageError(texts.DROPPED)
    return held, held.inspection
