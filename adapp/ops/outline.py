"""The form of a region as a few numbers: long or compact, thick or thin, whole or in pieces."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

CELLS: Final = 4
"""Cells of an outline per patch and side."""
COVERED: Final = 0.25
"""Share of a cell that must be covered to count."""
READINGS: Final = 11
"""Numbers that ``outline_readings`` returns."""
_LOOSE: Final = 3  # cells that a loosened outline reaches further


def covered(share: NDArray[Any]) -> NDArray[np.uint8]:
    """Return which cells count as covered, uint8 {0, 1}; what covers any never vanishes."""
    return (share >= min(COVERED, float(share.max()))).astype(np.uint8)


def loosened(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an outline drawn wider, as wide as a map would draw it."""
    side = 2 * _LOOSE + 1
    return np.asarray(cv2.dilate(cells, np.ones((side, side), np.uint8)), dtype=np.uint8)


def outline_readings(cells: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the form of a region, [READINGS]; lengths in cells, by their logarithms.

    Args:
        cells: 1 inside and 0 outside, [H, W]; at least one cell inside.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
    largest = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    depth = cv2.distanceTransform(np.pad(cells, 1), cv2.DIST_L2, 5)
    thick, area, own = 2.0 * float(depth.max()) - 1.0, int(cells.sum()), int(largest.sum())
    longer, size = _spread(cells > 0)
    own_longer, own_size = _spread(largest)
    edges = (cells[0], cells[-1], cells[:, 0], cells[:, -1])
    told = [
        np.log(area),
        np.log(count - 1),
        own_longer,
        longer,
        np.log(thick),
        np.log(depth[depth > 0].mean()),
        np.log(area) - size,
        np.log(own) - own_size,
        float(any(bool(edge.any()) for edge in edges)),
        own / area,
        np.log(area / thick**2),
    ]
    return np.array(told, dtype=np.float32)


def _spread(inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the logarithms of elongation and size of the ellipse with the cells' moments."""
    places = np.stack(np.nonzero(inside)).astype(np.float64)
    around = np.cov(places) if places.shape[1] > 1 else np.zeros((2, 2))
    axes = np.linalg.eigvalsh(around) + 1.0 / 12.0  # a cell is not a point
    return float(np.log(axes[1] / axes[0]) / 2.0), float(np.log(axes.prod()) / 2.0)
