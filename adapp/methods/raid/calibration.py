"""Thresholds from the support's own scores, and how far they can be trusted."""

from collections.abc import Sequence

from adapp.core.results import Calibration
from adapp.methods.calibrating import thresholds
from adapp.methods.raid.config import RaidConfig


def calibrate(
    scores: Sequence[float],
    map_peaks: Sequence[float],
    pictures: Sequence[int],
    config: RaidConfig,
) -> Calibration:
    """Return thresholds above everything that the normals themselves show.

    Args:
        scores: Image scores of normal pictures, each without itself in the support.
        map_peaks: Largest fused-map value of each of them.
        pictures: Support pictures of each category.
        config: Constants.
    """
    return thresholds(scores, map_peaks, pictures, config.margin)
