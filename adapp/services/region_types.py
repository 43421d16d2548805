"""Which type of defect a region looks like, where a method tells types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from adapp.core.reasoner import TypeProbability
from adapp.core.results import AnomalyMap, AnomalyResult, TypeAccuracy
from adapp.ops.outline import CELLS, covered, outline_readings
from adapp.reasoning.statements import share, type_name
from adapp.services.regions import Region

TOLD: Final = 3
"""Named types that are told of a region, most probable first; "none of these" comes on top."""
TYPE_MAP: Final = "type"
"""Evidence map of a method that tells types: where the chosen one beats "none of these"."""
NONE_KEY: Final = "none_of_these"
"""What JSON calls the outcome that no known type fits."""
NONE_WORDS: Final = "none of the known types"
"""What people are told of it."""
ONLY_IF: Final = "A type says what a region looks like if it is a defect, not that it is one."
NORMAL: Final = (
    "The verdict is normal, so no type is named: these regions lie above the region threshold, "
    "the picture as a whole does not count as defective."
)
_PICTURE: Final = 1.0
"""Percent of a picture's highest values that stand for it where no pixel is above the threshold."""


def region_types(
    result: AnomalyResult, region: Region, threshold: float
) -> tuple[TypeProbability, ...]:
    """Return the probable types of one region, most probable first; () if the method tells none.

    Args:
        result: The method's result.
        region: A region of its fused map.
        threshold: Value that a pixel of the region exceeds.
    """
    row0, column0, row1, column1 = region.box
    window = result.fused_map[row0:row1, column0:column1]
    return types_where(result, np.where(window > threshold, window, 0.0), (row0, column0))


def picture_types(result: AnomalyResult, threshold: float) -> tuple[TypeProbability, ...]:
    """Return the probable types of a whole picture, most probable first; () if none are told.

    Its pixels above ``threshold`` speak for it, or its highest ones where there are none.
    """
    fused = result.fused_map
    if result.defect_types is None:
        return ()
    limit = threshold
    if not (fused > limit).any():
        limit = float(np.percentile(fused, 100.0 - _PICTURE))
    return types_where(result, np.where(fused >= limit, fused, 0.0))


def types_where(
    result: AnomalyResult, weights: AnomalyMap, corner: tuple[int, int] = (0, 0)
) -> tuple[TypeProbability, ...]:
    """Return the probable types where ``weights`` lie, most probable first; () if none are told.

    Args:
        result: The method's result.
        weights: How much each pixel of a window counts, [H, W] or less.
        corner: First row and column of the window.
    """
    types = result.defect_types
    if types is None:
        return ()
    size = (result.fused_map.shape[0], result.fused_map.shape[1])
    form = _form(weights, corner, size, types.grid) if types.hears_outlines else None
    ranked = types.ranked(_on_grid(weights, corner, size, types.grid), form)
    named = [pair for pair in ranked if pair[0]][:TOLD]
    kept = [pair for pair in ranked if pair in named or not pair[0]]
    return tuple(TypeProbability(name, probability) for name, probability in kept)


def types_json(types: Sequence[TypeProbability]) -> list[dict[str, str | float]]:
    """Return types as JSON tells them; empty for a method that tells none."""
    return [{"type": told.name or NONE_KEY, "probability": told.probability} for told in types]


def types_of(told: Iterable[Mapping[str, Any]]) -> tuple[TypeProbability, ...]:
    """Return the types behind ``types_json``."""
    return tuple(
        TypeProbability("" if one["type"] == NONE_KEY else one["type"], float(one["probability"]))
        for one in told
    )


def names_types(lines: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether the method behind a batch's journal tells types; its first picture decides."""
    inspected = (bool(line["query"].get("types")) for line in lines if "query" in line)
    return next(inspected, False)


def likely_types(query: Mapping[str, Any]) -> tuple[TypeProbability, ...]:
    """Return the types of a whole picture as JSON tells them; () with a normal verdict.

    A type says what an anomaly looks like: a sound part has none.
    """
    return types_of(query.get("types", ())) if query["verdict"] == "anomalous" else ()


def only_if_anomalous(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a picture as JSON tells it, no type named with a normal verdict; its regions stay."""
    if query["verdict"] == "anomalous":
        return dict(query)
    regions = [{**region, "types": []} for region in query["regions"]]
    return {**query, "types": [], "regions": regions}


def type_words(told: TypeProbability) -> str:
    """Return a type with its probability in words."""
    return f"{type_name(told) or NONE_WORDS} {share(told.probability)}"


def type_note(found: TypeAccuracy | None) -> str:
    """Return how far the types that a method names can be trusted, in sentences."""
    if found is None:
        return f"{ONLY_IF} How often these names are right was not measured for this checkpoint."
    return (
        f"{ONLY_IF} Measured on {found.defects} {found.setting}: the right one came first for "
        f"{share(found.first)} and among the first three for {share(found.among_three)} "
        f"(by chance {share(found.chance_first)} and {share(found.chance_among_three)})."
    )


def told_note(origin: Mapping[str, Any]) -> str:
    """Return ``type_note`` out of a provenance, or a checkpoint's card, as JSON tells it."""
    found = origin.get("type_accuracy")
    return type_note(TypeAccuracy(**found) if found else None)


def _form(
    weights: AnomalyMap, corner: tuple[int, int], size: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Return the form of what ``weights`` hold, at ``CELLS`` cells a patch; None of nothing.

    Args:
        weights: Of a window of the picture.
        corner: First row and column of the window.
        size: Height and width of the picture.
        grid: Height and width of the patch grid.
    """
    if not (weights > 0).any():
        return None
    fine = (CELLS * grid[0], CELLS * grid[1])
    known = (min(fine[0], size[0]), min(fine[1], size[1]))  # a small picture has fewer pixels
    inside = _on_grid((weights > 0).astype(np.float32), corner, size, known)
    rows, columns = (
        _by_cell(np.ones((length, 1)), 0, length, cells)
        for length, cells in zip(size, known, strict=True)
    )
    cells = covered(inside / (rows * columns.T))
    places = [np.arange(length) * own // length for length, own in zip(fine, known, strict=True)]
    return outline_readings(cells[np.ix_(*places)])


def _on_grid(
    weights: AnomalyMap, corner: tuple[int, int], size: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.float32]:
    """Return the sum of ``weights`` over each cell of the patch grid, [h, w].

    Args:
        weights: Of a window of the picture.
        corner: First row and column of the window.
        size: Height and width of the picture.
        grid: Height and width of the patch grid.
    """
    lines = _by_cell(weights, corner[0], size[0], grid[0])
    return _by_cell(lines.T, corner[1], size[1], grid[1]).T.astype(np.float32)


def _by_cell(
    lines: NDArray[np.floating[Any]], first: int, length: int, cells: int
) -> NDArray[np.float64]:
    """Return sums of ``lines`` [n, m], the ``first`` of ``length`` and on, by cell: [cells, m]."""
    middles = 2 * np.arange(first, first + len(lines)) + 1
    cell = middles * cells // (2 * length)
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    sums = np.zeros((cells, lines.shape[1]))
    sums[cell[starts]] = np.add.reduceat(lines, starts, axis=0, dtype=np.float64)
    return sums
