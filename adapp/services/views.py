"""Pictures of an outcome for the app and for exports; nothing here runs a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np

from adapp.core.results import AnomalyMap, AnomalyResult, RgbImage
from adapp.data.images import LoadedImage
from adapp.rendering.colormaps import MAP_RANGES, colormap_choices, map_range
from adapp.rendering.histogram import histogram_svg
from adapp.rendering.overlay import (
    colorize,
    draw_contours,
    draw_regions,
    mask_image,
    overlay,
    shrink,
)
from adapp.rendering.patches import crop_around, side_by_side
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.regions import (
    Match,
    Region,
    Thresholds,
    default_min_pixels,
    match,
    region_mask,
    regions,
)

ViewKind: TypeAlias = Literal["overlay", "map", "mask", "contour", "picture"]


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How an outcome is shown.

    Attributes:
        kind: Which map: ``fused``, ``base``, ``residual`` or the name of an evidence map.
        view: ``overlay`` (map over picture), ``map`` (colours alone), ``mask`` (pixels above the
            threshold), ``contour`` (their outline on the picture) or ``picture`` (nothing added).
        opacity: Weight of the map in an overlay, in [0, 1].
        colormap: Name out of ``colormap_choices(kind)``; None takes the first.
        numbered: Whether regions get their box and number.
        selected: Position of the region to mark; None marks none.
        max_side: Longer side of the result in pixels; None keeps the query's size.
    """

    kind: str = "fused"
    view: ViewKind = "overlay"
    opacity: float = 0.5
    colormap: str | None = None
    numbered: bool = True
    selected: int | None = None
    max_side: int | None = None


def map_names(result: AnomalyResult) -> tuple[str, ...]:
    """Return the names of the maps of ``result``: the three of every method, then its evidence."""
    return (*MAP_RANGES, *(name for name in result.evidence if name not in MAP_RANGES))


def map_of(result: AnomalyResult, name: str) -> AnomalyMap:
    """Return the map of ``result`` called ``name``, [H, W].

    Raises:
        KeyError: If there is none; see ``map_names``.
    """
    maps = {"base": result.base_map, "residual": result.residual_map, "fused": result.fused_map}
    return maps[name] if name in maps else result.evidence[name]


def show(outcome: QueryOutcome, thresholds: Thresholds, options: ViewOptions) -> RgbImage:
    """Return ``outcome`` as a picture, at the query's size unless ``max_side`` limits it.

    Regions always come from the fused map, whichever map is shown.
    """
    picture = shrink(outcome.image.pixels, options.max_side or max(outcome.image.pixels.shape))
    size = (picture.shape[0], picture.shape[1])
    shown = _draw(picture, outcome.result, thresholds, options)
    if not options.numbered:
        return shown
    found = regions(outcome.result.fused_map, thresholds.pixel)
    boxes = [_scaled(region, outcome.result.fused_map.shape, size) for region in found]
    return draw_regions(shown, boxes, options.selected)


def matches(
    outcome: QueryOutcome, found: Sequence[Region], support: Sequence[LoadedImage]
) -> tuple[Match | None, ...]:
    """Return the most similar normal patch for each region; None for zero-shot methods."""
    nearest = outcome.result.nearest_normal
    if nearest is None:
        return (None,) * len(found)
    height, width = outcome.result.fused_map.shape
    sizes = [(image.pixels.shape[0], image.pixels.shape[1]) for image in support]
    return tuple(match(region, nearest, (height, width), sizes) for region in found)


def evidence(outcome: QueryOutcome, pair: Match, support: Sequence[LoadedImage]) -> RgbImage:
    """Return the query's patch (left) beside the most similar normal patch (right)."""
    normal = support[pair.support_index].pixels
    return side_by_side(
        crop_around(outcome.image.pixels, pair.query_box), crop_around(normal, pair.support_box)
    )


def histogram(inspection: Inspection, thresholds: Thresholds, selected: int | None = None) -> str:
    """Return the SVG of normal against query scores with the image threshold."""
    outcomes = inspection.outcomes
    return histogram_svg(
        inspection.calibration.normal_scores,
        [outcome.result.score for outcome in outcomes],
        thresholds.image,
        score_range=outcomes[0].result.score_range if outcomes else (0.0, 1.0),
        selected=selected,
        review=thresholds.review,
    )


def _draw(
    picture: RgbImage, result: AnomalyResult, thresholds: Thresholds, options: ViewOptions
) -> RgbImage:
    if options.view == "picture":
        return picture
    size = (picture.shape[1], picture.shape[0])
    if options.view in {"mask", "contour"}:
        least = default_min_pixels(result.fused_map.shape)
        level = mask_image(region_mask(result.fused_map, thresholds.pixel, least))
        level = np.asarray(cv2.resize(level, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
        if options.view == "mask":
            return np.repeat(level[:, :, None], 3, axis=2)
        return draw_contours(picture, level > 0)
    low, high = map_range(options.kind)
    colormap = options.colormap or colormap_choices(options.kind)[0]
    values = map_of(result, options.kind)
    if values.shape != picture.shape[:2]:
        values = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
    if options.view == "map":
        return colorize(values, low, high, colormap)
    return overlay(picture, values, options.opacity, colormap, low=low, high=high)


def _scaled(
    region: Region, before: tuple[int, ...], after: tuple[int, int]
) -> tuple[int, int, int, int]:
    rows, columns = after[0] / before[0], after[1] / before[1]
    row0, column0, row1, column1 = region.box
    return (
        int(row0 * rows),
        int(column0 * columns),
        max(round(row1 * rows), int(row0 * rows) + 1),
        max(round(column1 * columns), int(column0 * columns) + 1),
    )
