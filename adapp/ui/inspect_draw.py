"""From a session's result to updates of the page; no model runs here."""

from typing import Any, TypeAlias

import gradio as gr

from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.regions import (
    Match,
    Thresholds,
    Verdict,
    default_min_pixels,
    region_mask,
    regions,
    verdict,
)
from adapp.services.views import histogram, matches
from adapp.ui import inspect_view, viewer
from adapp.ui.inspect_layout import InspectLayout
from adapp.ui.inspect_view import Pair
from adapp.ui.pictures import png_uri, screen_picture
from adapp.ui.state import Held, Look
from adapp.ui.viewer import ViewerParts

Updates: TypeAlias = dict[gr.blocks.Block, Any]


_THUMB_SIDE = 96
_MOST_PAIRS = 200  # about 4 MB


class Drawing:
    """Turns results into updates of the tab's components.

    Args:
        layout: The tab's components.
    """

    def __init__(self, layout: InspectLayout) -> None:
        self._results = layout.results
        self._controls = layout.controls

    def whole(self, held: Held, inspection: Inspection, look: Look) -> Updates:
        """Return the updates that show another query, or the first one of a run."""
        outcome = inspection.outcomes[look.chosen]
        parts = {
            **viewer.with_picture(
                f"{held.key}-{look.chosen}", outcome.image.name, outcome.image.pixels
            ),
            **self._map_parts(outcome, look),
        }
        return {
            self._results.notes: inspect_view.notes_html(inspection, outcome),
            self._results.reading: inspect_view.READING_HINT,
            **self.thresholds(held, inspection, look, parts),
        }

    def map(self, held: Held, inspection: Inspection, look: Look) -> Updates:
        """Return the updates that show another map, or the same in other colours."""
        held.look = look
        parts = self._map_parts(inspection.outcomes[look.chosen], look)
        return {self._results.viewer: gr.HTML(**parts)}

    def thresholds(
        self,
        held: Held,
        inspection: Inspection,
        look: Look,
        parts: ViewerParts | None = None,
    ) -> Updates:
        """Return the updates that follow from other thresholds.

        Args:
            held: Holder of the result.
            inspection: The result.
            look: What is looked at.
            parts: Parts of the viewer's update that come from elsewhere.
        """
        held.look = look
        outcome = inspection.outcomes[look.chosen]
        fused = outcome.result.fused_map
        found = regions(fused, look.thresholds.pixel)
        mask = region_mask(fused, look.thresholds.pixel, default_min_pixels(fused.shape))
        shown = found[: inspect_view.MOST_REGIONS]
        pairs = [
            None if match is None else self._pair(held, inspection, look.chosen, match)
            for match in matches(outcome, shown, inspection.support)
        ]
        judged = self._verdicts(inspection, look.thresholds)
        scale = viewer.with_scale(look.kind, look.colors, look.thresholds.pixel)
        return {
            self._results.verdict: inspect_view.verdict_html(
                inspection, outcome, judged[look.chosen], found
            ),
            self._results.strip: inspect_view.strip_html(
                inspection.outcomes, judged, self._thumbs(held, inspection), look.chosen
            ),
            self._results.regions: inspect_view.regions_html(found, pairs),
            self._results.histogram: histogram(inspection, look.thresholds, look.chosen),
            self._results.threshold_note: inspect_view.thresholds_note(
                look.thresholds, inspection.calibration
            ),
            self._results.viewer: gr.HTML(
                **{
                    **(parts or {}),
                    **viewer.with_regions(outcome.image.name, mask, found),
                    **scale,
                }
            ),
        }

    def overview(self, held: Held, inspection: Inspection, look: Look) -> Updates:
        """Return the updates that a further query of the run brings to what is shown already."""
        judged = self._verdicts(inspection, look.thresholds)
        return {
            self._results.strip: inspect_view.strip_html(
                inspection.outcomes, judged, self._thumbs(held, inspection), look.chosen
            ),
            self._results.histogram: histogram(inspection, look.thresholds, look.chosen),
        }

    def sliders(self, inspection: Inspection) -> Updates:
        """Return the updates that put both sliders to their calibrated values."""
        own = Thresholds.of(inspection.calibration)
        low, high = inspection.outcomes[0].result.score_range
        return {
            self._controls.image_threshold: gr.Slider(
                minimum=min(low, own.image),
                maximum=max(high, own.image),
                value=on_slider(own.image),
            ),
            self._controls.pixel_threshold: gr.Slider(value=on_slider(own.pixel)),
        }

    def _map_parts(self, outcome: QueryOutcome, look: Look) -> ViewerParts:
        return {
            **viewer.with_map(outcome.image.name, outcome.result, look.kind, look.colors),
            **viewer.with_scale(look.kind, look.colors, look.thresholds.pixel),
        }

    def _verdicts(self, inspection: Inspection, thresholds: Thresholds) -> list[Verdict]:
        return [
            verdict(outcome.result.score, inspection.calibration, thresholds.image)
            for outcome in inspection.outcomes
        ]

    def _pair(self, held: Held, inspection: Inspection, chosen: int, match: Match) -> Pair:
        """Return the evidence of a match, made once as long as it is among the last ones."""
        place = (chosen, match)
        if place not in held.pairs:
            if len(held.pairs) >= _MOST_PAIRS:
                held.pairs.clear()
            held.pairs[place] = inspect_view.pair(inspection.outcomes[chosen], inspection, match)
        return held.pairs[place]

    def _thumbs(self, held: Held, inspection: Inspection) -> list[str]:
        """Return the queries' small pictures, each made once."""
        for index, outcome in enumerate(inspection.outcomes):
            if index not in held.thumbs:
                held.thumbs[index] = png_uri(screen_picture(outcome.image.pixels, _THUMB_SIDE))
        return [held.thumbs[index] for index in range(len(inspection.outcomes))]


def on_slider(threshold: float) -> float:
    """Return the step of a slider that stands for ``threshold``."""
    return round(threshold, 3)
