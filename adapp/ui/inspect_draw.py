"""From a session's result to updates of the page; no model runs here."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import gradio as gr

from adapp.core.reasoner import TypeProbability
from adapp.methods.registry import METHODS
from adapp.reasoning.statements import type_name
from adapp.services.fusion import adjustable_weight, with_weight
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.patches import patch_links
from adapp.services.region_types import NORMAL, region_types, type_note
from adapp.services.regions import (
    Match,
    Thresholds,
    Verdict,
    regions_with_mask,
    verdict,
)
from adapp.services.views import histogram, map_names, matches
from adapp.ui import inspect_view, patch_view, verdict_view, viewer
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.inspect_view import Pair
from adapp.ui.pictures import png_uri, screen_picture
from adapp.ui.session_view import area_svg
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
        outcome = self._shown(held, inspection, look)
        held.spot = None
        parts = {
            **viewer.with_picture(
                f"{held.key}-{look.chosen}", outcome.image.name, outcome.image.pixels
            ),
            **self._map_parts(outcome, look),
            "area": area_svg(held.shapes, *outcome.result.fused_map.shape),
        }
        return {
            self._results.notes: inspect_view.notes_html(inspection, outcome),
            self._results.meaning: self._meaning(inspection, look),
            **self.read(held, inspection, look),
            **self.thresholds(held, inspection, look, parts),
        }

    def map(self, held: Held, inspection: Inspection, look: Look) -> Updates:
        """Return the updates that show another map, or the same in other colours."""
        held.look = look
        parts = self._map_parts(self._shown(held, inspection, look), look)
        return {
            self._results.viewer: gr.HTML(**parts),
            self._results.meaning: self._meaning(inspection, look),
        }

    def weight(self, held: Held, inspection: Inspection, look: Look) -> Updates:
        """Return the updates that follow from another residual weight."""
        outcome = self._shown(held, inspection, look)
        parts = self._map_parts(outcome, look) if look.kind == "fused" else None
        return {
            **self.read(held, inspection, look),
            **self.thresholds(held, inspection, look, parts),
        }

    def read(self, held: Held, inspection: Inspection, look: Look) -> Updates:
        """Return the updates that tell what stands behind the marked pixel, if one is."""
        result = self._shown(held, inspection, look).result
        edges, spot = result.hyperedges, held.spot
        if spot is None:
            hint = patch_view.READING_HINT if edges is None else patch_view.LINKS_HINT
            return {self._results.reading: hint, self._results.patch: ""}
        evidence = {name: float(values[spot]) for name, values in result.evidence.items()}
        size = (result.fused_map.shape[0], result.fused_map.shape[1])
        return {
            self._results.reading: patch_view.reading_html(*spot, result.at(*spot), evidence),
            self._results.patch: ""
            if edges is None
            else patch_view.patch_html(patch_links(edges, spot, size)),
        }

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
        outcome = self._shown(held, inspection, look)
        fused = outcome.result.fused_map
        found, mask = regions_with_mask(fused, look.thresholds.pixel)
        shown = found[: inspect_view.MOST_REGIONS]
        pairs = [
            None if match is None else self._pair(held, inspection, look.chosen, match)
            for match in matches(outcome, shown, inspection.support)
        ]
        judged = self._verdicts(inspection, look.thresholds)
        anomalous = judged[look.chosen].anomalous
        types = [
            region_types(outcome.result, one, look.thresholds.pixel) if anomalous else ()
            for one in shown
        ]
        scale = viewer.with_scale(look.kind, look.colors, look.thresholds.pixel)
        return {
            self._results.verdict: verdict_view.verdict_html(
                inspection, outcome, judged[look.chosen], found, look.thresholds.review
            ),
            self._results.strip: inspect_view.strip_html(
                inspection.outcomes, judged, self._thumbs(held, inspection), look.chosen
            ),
            self._results.regions: inspect_view.regions_html(
                found, pairs, types, _types_note(inspection, outcome, anomalous=anomalous)
            ),
            self._results.histogram: histogram(inspection, look.thresholds, look.chosen),
            self._results.threshold_note: inspect_view.thresholds_note(
                look.thresholds, inspection.calibration
            ),
            self._results.weight_note: inspect_view.weight_note(
                adjustable_weight(inspection), look.weight
            ),
            self._results.viewer: gr.HTML(
                **{
                    **(parts or {}),
                    **viewer.with_regions(outcome.image.name, mask, found, _likeliest(types)),
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

    def maps(self, inspection: Inspection, look: Look) -> Updates:
        """Return the updates that offer the maps that a new result has."""
        choices = viewer.map_choices(inspection.outcomes[look.chosen].result)
        return {self._controls.kind: gr.Radio(choices=choices, value=look.kind)}

    def sliders(self, inspection: Inspection) -> Updates:
        """Return the updates that put every slider to the method's own value."""
        own = Thresholds.of(inspection.calibration)
        weight = adjustable_weight(inspection)
        low, high = inspection.outcomes[0].result.score_range
        return {
            self._controls.image_threshold: gr.Slider(
                minimum=min(low, own.image),
                maximum=max(high, own.image),
                value=on_slider(own.image),
            ),
            self._controls.pixel_threshold: gr.Slider(value=on_slider(own.pixel)),
            self._controls.review_threshold: gr.Slider(
                minimum=min(low, own.image),
                maximum=max(high, own.image),
                value=on_slider(own.image if own.review is None else own.review),
            ),
            self._controls.weight: gr.Slider(value=1 if weight is None else on_slider(weight)),
        }

    def _shown(self, held: Held, inspection: Inspection, look: Look) -> QueryOutcome:
        """Return the query looked at, fused with the visitor's weight where there is one."""
        outcome = inspection.outcomes[look.chosen]
        if look.weight is None:
            return outcome
        last = held.anew
        if last is None or last[0] is not outcome or last[1].result.residual_weight != look.weight:
            last = (outcome, with_weight(outcome, look.weight))
            held.anew = last
        return last[1]

    def _meaning(self, inspection: Inspection, look: Look) -> str:
        types = inspection.outcomes[look.chosen].result.defect_types
        chosen = "" if types is None else types.chosen
        return inspect_view.meaning_html(METHODS.get(inspection.request.method), look.kind, chosen)

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


def _likeliest(types: Sequence[Sequence[TypeProbability]]) -> list[str]:
    """Return what each region looks most like; "" if that is no known type."""
    return [type_name(told[0]) if told else "" for told in types]


def _types_note(inspection: Inspection, outcome: QueryOutcome, *, anomalous: bool) -> str:
    """Return how far named types can be trusted, or why none is named; "" without types."""
    if outcome.result.defect_types is None:
        return ""
    return type_note(inspection.provenance.type_accuracy) if anomalous else NORMAL


def on_slider(value: float) -> float:
    """Return the step of a slider that stands for ``value``."""
    return round(value, 3)


def first_look(found: Inspection, kind: str, colors: str, chosen: int = 0) -> Look:
    """Return the look at a new result: one query, the map looked at before if it has it."""
    names = map_names(found.outcomes[chosen].result)
    own = Thresholds.of(found.calibration)
    return Look(chosen, kind if kind in names else names[0], colors, own)
