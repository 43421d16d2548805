"""Which type of defect a region looks like, where a method tells types."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.core.reasoner import TypeProbability
from adapp.core.results import AnomalyMap, AnomalyResult
from adapp.services.regions import Region

TOLD: Final = 3
"""Named types that are told of a region, most probable first; "none of these" comes on top."""
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
    inside = np.zeros_like(result.fused_map)
    window = result.fused_map[row0:row1, column0:column1]
    inside[row0:row1, column0:column1] = np.where(window > threshold, window, 0.0)
    return _told(result, inside)


def picture_types(result: AnomalyResult, threshold: float) -> tuple[TypeProbability, ...]:
    """Return the probable types of a whole picture, most probable first; () if none are told.

    Its pixels above ``threshold`` speak for it, or its highest ones where there are none.
    """
    fused = result.fused_map
    limit = threshold
    if not (fused > limit).any():
        limit = float(np.percentile(fused, 100.0 - _PICTURE))
    return _told(result, np.where(fused >= limit, fused, 0.0).astype(np.float32))


def _told(result: AnomalyResult, weights: AnomalyMap) -> tuple[TypeProbability, ...]:
    types = result.defect_types
    if types is None:
        return ()
    ranked = types.ranked(_on_grid(weights, types.grid))
    named = [pair for pair in ranked if pair[0]][:TOLD]
    kept = [pair for pair in ranked if pair in named or not pair[0]]
    return tuple(TypeProbability(name, probability) for name, probability in kept)


def _on_grid(weights: AnomalyMap, grid: tuple[int, int]) -> NDArray[np.float32]:
    """Return the mean of ``weights`` over each cell of the patch grid, [h, w]."""
    cells = cv2.resize(weights, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(cells, dtype=np.float32)
