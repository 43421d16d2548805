"""What is known of one inspected part, as reasoners and the page search take it. Runs no model."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapp.core.reasoner import NormalMatch, RegionFact, ResultFacts, TypeProbability
from adapp.core.results import AnomalyMap, RgbImage
from adapp.data.images import LoadedImage
from adapp.knowledge.defect_types import NORMAL
from adapp.methods.registry import METHODS
from adapp.rendering.patches import crop_around
from adapp.services.inspection import Inspection
from adapp.services.page_query import PageQuery, RegionLook, type_shares
from adapp.services.region_types import picture_types, region_types
from adapp.services.regions import Match, Region, Thresholds, regions, verdict
from adapp.services.views import matches


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One inspected part.

    Attributes:
        picture: The part, [H, W, 3].
        anomaly_map: Its fused map, [H, W].
        facts: The detector's verdict, with the thresholds of the user.
        regions: Regions above the pixel threshold, highest peak first.
    """

    picture: RgbImage
    anomaly_map: AnomalyMap
    facts: ResultFacts
    regions: tuple[RegionFact, ...]

    def page_query(self, text: str) -> PageQuery:
        """Return what pages are searched for: the picture, what was found in it, and ``text``.

        A part without a defect asks for pages about sound parts, one with a defect of unknown type
        for pages about any defect.
        """
        if not self.facts.anomalous:
            return PageQuery(self.picture, text, (RegionLook(None, {NORMAL: 1.0}),))
        looks = tuple(
            RegionLook(region.box, type_shares(region.types or self.facts.types))
            for region in self.regions
        )
        whole = RegionLook(None, type_shares(self.facts.types))
        return PageQuery(self.picture, text, looks or (whole,))


def case_of(inspection: Inspection, position: int, thresholds: Thresholds) -> Case:
    """Return what is known of one inspected part.

    Defect types are told with an anomalous verdict only: they say what a region looks like if it
    is a defect.

    Args:
        inspection: A finished run.
        position: Which of its queries.
        thresholds: Of the user; see ``Thresholds.of`` for the calibrated ones.
    """
    outcome = inspection.outcomes[position]
    result, limit = outcome.result, thresholds.pixel
    found = regions(result.fused_map, limit)
    pairs = matches(outcome, found, inspection.support)
    judged = verdict(result.score, inspection.calibration, thresholds.image)
    typed = judged.anomalous and result.defect_types is not None
    return Case(
        picture=outcome.image.pixels,
        anomaly_map=result.fused_map,
        facts=ResultFacts(
            label=judged.label,
            score=judged.score,
            threshold=judged.threshold,
            method=_method(inspection),
            category=inspection.request.category,
            picture_name=outcome.image.name,
            normals_below=judged.normals_below,
            n_normals=judged.n_normals,
            basis=inspection.calibration.basis,
            types=picture_types(result, limit) if typed else (),
            type_accuracy=inspection.provenance.type_accuracy if typed else None,
        ),
        regions=tuple(
            _fact(
                region,
                pair,
                inspection.support,
                region_types(result, region, limit) if typed else (),
            )
            for region, pair in zip(found, pairs, strict=True)
        ),
    )


def _method(inspection: Inspection) -> str:
    """Return the method's title, with the variant where that is not the default."""
    ran = inspection.provenance
    info = METHODS.get(ran.method)
    title = ran.method.upper() if info is None else info.title
    whole = info is not None and ran.variant == info.variants[-1]
    return title if whole else f"{title} {ran.variant}"


def _fact(
    region: Region,
    pair: Match | None,
    support: Sequence[LoadedImage],
    types: tuple[TypeProbability, ...],
) -> RegionFact:
    match = None
    if pair is not None:
        match = NormalMatch(
            picture=pair.support_index + 1,
            cost=pair.cost,
            cost_ratio=pair.cost_ratio,
            crop=crop_around(support[pair.support_index].pixels, pair.support_box),
        )
    return RegionFact(
        box=region.box,
        area_fraction=region.area_fraction,
        peak_value=region.peak_value,
        types=types,
        match=match,
    )
