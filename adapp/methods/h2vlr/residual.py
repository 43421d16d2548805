"""Whether the residual says anything: how much it varies and where it raises the map.

Source: H2VLR eq. 6-7. A residual that training has crushed to a constant leaves base and fused map
alike, whatever the AUROC says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.core.results import AnomalyMap, BinaryMask

SIDE: Final = (168, 168)
"""Columns and rows at which residuals are gathered."""


@dataclass(frozen=True, slots=True)
class ResidualFigures:
    """What residual maps of a query set say.

    Attributes:
        deviation: Standard deviation over all pixels of all pictures; the scale is [-1, 1].
        defective: Pictures with a mask that marks something.
        inside_higher: Of those, the share whose mean inside the mask exceeds that outside;
            None without any.
    """

    deviation: float
    defective: int
    inside_higher: float | None


def residual_figures(
    queries: Iterable[tuple[AnomalyMap, BinaryMask | None]],
) -> ResidualFigures:
    """Return the figures of residual maps, [H, W] in [-1, 1], beside masks of any size.

    A picture without a known mask counts for the deviation alone.
    """
    maps: list[NDArray[np.float64]] = []
    higher = []
    for residual, mask in queries:
        maps.append(cv2.resize(residual, SIDE).astype(np.float64).ravel())
        if mask is not None and mask.any() and not mask.all():
            small = cv2.resize(residual, (mask.shape[1], mask.shape[0]))
            higher.append(float(small[mask].mean()) > float(small[~mask].mean()))
    deviation = float(np.concatenate(maps).std()) if maps else 0.0
    return ResidualFigures(deviation, len(higher), float(np.mean(higher)) if higher else None)
