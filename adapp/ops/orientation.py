"""Whether parts lie in any orientation, told from their own pictures."""

import statistics
from collections.abc import Sequence

from torch import Tensor

from adapp.ops.similarity import nearest_costs

TURN_GAIN = 1.0
"""Ratio of upright to turned cost from which turned copies are worth keeping."""


def turn_gain(views: Sequence[Tensor]) -> float:
    """Return how much better the pictures of one part match each other when one is turned.

    For every picture, the mean nearest cost to the other ones is taken once with them upright and
    once with their best quarter turn; the median of the ratios is returned. Parts that are laid
    down in any orientation give more than 1, parts in a fixed pose less. One picture tells
    nothing: 0.

    Args:
        views: The pictures upright and turned by 90, 180 and 270 degrees, each [k, N, D] unit
            norm.
    """
    count = views[0].shape[0]
    if count < 2:
        return 0.0
    gains = []
    for picture in range(count):
        others = [other for other in range(count) if other != picture]
        by_turn = []
        for view in views:
            cost, _ = nearest_costs(views[0][picture], view[others].flatten(0, 1), 1)
            by_turn.append(float(cost.mean()))
        gains.append(by_turn[0] / max(min(by_turn[1:]), 1e-6))
    return statistics.median(gains)
