"""Areas of a picture that do not count: painted over, or outside of the region of interest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

import cv2
import numpy as np

from adapp.core.errors import UsageError
from adapp.core.results import AnomalyMap, AnomalyResult, BinaryMask
from adapp.services.inspection import Inspection

ShapeKind: TypeAlias = Literal["ignore", "keep"]

MOST_SHAPES = 60
MOST_POINTS = 2000
_WIDEST = 0.25


@dataclass(frozen=True, slots=True)
class Shape:
    """A stroke or a rectangle that a person drew on a picture.

    Attributes:
        kind: ``ignore`` is a stroke that does not count, ``keep`` a rectangle outside of which
            nothing counts.
        points: Its points as fractions of width and height, (x, y); two corners of a rectangle.
        radius: Half the width of a stroke as a fraction of the picture's width.
    """

    kind: ShapeKind
    points: tuple[tuple[float, float], ...]
    radius: float = 0.0


def with_shape(shapes: tuple[Shape, ...], told: object) -> tuple[Shape, ...]:
    """Return ``shapes`` and one more that a browser sent.

    Raises:
        UsageError: If it is not what the page draws, or one too many.
    """
    try:
        added = _shape(cast("Mapping[str, Any]", told))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        msg = "The drawn area cannot be understood. Clear it and draw it again."
        raise UsageError(msg) from error
    if len(shapes) >= MOST_SHAPES:
        msg = f"The area has more than {MOST_SHAPES} strokes. Clear it and draw fewer."
        raise UsageError(msg)
    return (*shapes, added)


def ignored(shapes: Sequence[Shape], height: int, width: int) -> BinaryMask:
    """Return the pixels of a picture that do not count, [height, width]."""
    canvas = np.zeros((height, width), np.uint8)
    kept = [shape for shape in shapes if shape.kind == "keep"]
    if kept:
        canvas[:] = 1
    for shape in kept:
        (x0, y0), (x1, y1) = shape.points[0], shape.points[-1]
        rows = sorted((round(y0 * height), round(y1 * height)))
        columns = sorted((round(x0 * width), round(x1 * width)))
        canvas[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1] = 0
    for shape in shapes:
        if shape.kind == "ignore":
            places = [(round(x * (width - 1)), round(y * (height - 1))) for x, y in shape.points]
            thick = max(round(2 * shape.radius * width), 1)
            cv2.polylines(canvas, [np.array(places, np.int32)], False, 1, thick)
            for place in (places[0], places[-1]):
                cv2.circle(canvas, place, thick // 2, 1, -1)
    return np.asarray(canvas > 0, dtype=np.bool_)


def with_ignored(inspection: Inspection, shapes: Sequence[Shape]) -> Inspection:
    """Return ``inspection`` as if nothing stood in the ignored area of any of its queries.

    A method's own score counts the whole picture, so the score becomes the highest value of the
    fused map that is left, held against the threshold of regions.
    """
    if not shapes:
        return inspection
    outcomes = tuple(
        replace(outcome, result=_without(outcome.result, shapes)) for outcome in inspection.outcomes
    )
    calibration = inspection.calibration
    note = (
        "An area is ignored: the score is the highest map value outside of it, held against the "
        "region threshold."
    )
    return replace(
        inspection,
        outcomes=outcomes,
        calibration=replace(
            calibration, image_threshold=calibration.pixel_threshold, normal_scores=(), note=note
        ),
        notes=(note, *inspection.notes),
    )


def _without(result: AnomalyResult, shapes: Sequence[Shape]) -> AnomalyResult:
    area = ignored(shapes, *result.fused_map.shape)

    def blank(values: AnomalyMap) -> AnomalyMap:
        return np.where(area, np.float32(0), values)

    fused = blank(result.fused_map)
    return replace(
        result,
        base_map=blank(result.base_map),
        residual_map=blank(result.residual_map),
        fused_map=fused,
        evidence={name: blank(values) for name, values in result.evidence.items()},
        score=float(fused.max()),
        score_range=(0.0, 1.0),
    )


def _shape(told: Mapping[str, Any]) -> Shape:
    kind = str(told["kind"])
    points = tuple(
        (min(max(float(x), 0.0), 1.0), min(max(float(y), 0.0), 1.0))
        for x, y in told["points"][:MOST_POINTS]
    )
    least = 2 if kind == "keep" else 1
    if kind not in {"ignore", "keep"} or len(points) < least:
        msg = "no such shape"
        raise ValueError(msg)
    radius = min(max(float(told.get("radius", 0.0)), 0.0), _WIDEST)
    return Shape(cast("ShapeKind", kind), points, radius)
