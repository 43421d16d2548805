"""Looking at a result: thresholds, maps, pixels, other queries, files; no model runs here."""

import gradio as gr

from adapp.core.errors import UsageError
from adapp.rendering.colormaps import MapKind
from adapp.services.inspection import Inspection
from adapp.services.regions import Thresholds
from adapp.ui import inspect_view, texts
from adapp.ui.export_files import ExportKind, export
from adapp.ui.inspect_draw import Drawing, Look, Updates
from adapp.ui.inspect_layout import InspectLayout
from adapp.ui.state import Held


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
        limits = Thresholds(float(image_threshold), float(pixel_threshold))
        return self._draw.thresholds(*_alive(held), Look(chosen, kind, colors, limits))

    def on_reset(self, held: Held | None, chosen: int, kind: MapKind, colors: str) -> Updates:
        """Put the thresholds back to what the normal pictures say."""
        holder, inspection = _alive(held)
        look = Look(chosen, kind, colors, Thresholds.of(inspection.calibration))
        return {
            **self._draw.sliders(inspection),
            **self._draw.thresholds(holder, inspection, look),
        }

    def on_map(
        self, held: Held | None, chosen: int, kind: MapKind, colors: str, pixel_threshold: float
    ) -> Updates:
        """Show another map, or the same in other colours."""
        inspection = _alive(held)[1]
        limits = Thresholds(inspection.calibration.image_threshold, float(pixel_threshold))
        return self._draw.map(inspection, Look(chosen, kind, colors, limits))

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
        limits = Thresholds(float(image_threshold), float(pixel_threshold))
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
        limits = Thresholds(float(image_threshold), float(pixel_threshold))
        return export(_alive(held)[1], limits, kind, chosen)


def _alive(held: Held | None) -> tuple[Held, Inspection]:
    """Return the session's result.

    Raises:
        UsageError: If it was dropped.
    """
    if held is None or held.inspection is None:
        raise UsageError(texts.DROPPED)
    return held, held.inspection
