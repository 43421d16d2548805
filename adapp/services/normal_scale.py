"""The common scale of all methods: where a value stands among the user's own normal pixels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapp.core.detector import Detector, FittedDetector, SupportSet
from adapp.core.results import AnomalyMap, AnomalyResult, Calibration, RgbImage
from adapp.data.augment import mild_views
from adapp.services.progress import never

MAX_FOLDS: Final = 4
"""Groups of normals that are held out in turn; with up to four normals each is its own group."""

ABOVE_ALL: Final = 0.6
"""Position on the scale that only a value above every normal pixel passes."""

DECADES: Final = 4
"""Up to ``ABOVE_ALL`` the scale counts tens: 90 %, 99 %, 99.9 %, 99.99 % of the normal pixels."""

_SIDE: Final = 128  # of the grid of pixels kept of each normal map
_VIEWS: Final = 4  # of a single normal


@dataclass(frozen=True, slots=True, eq=False)
class NormalScale:
    """Where a value of one kind of map stands among the values that normal pixels reach.

    Attributes:
        values: Values of normal pixels, ascending; empty without normals.
        limit: Stands at ``ABOVE_ALL``: the largest normal value, or without normals the method's
            general pixel threshold.
        n_normals: Number of normal pictures behind it.
    """

    values: NDArray[np.float32]
    limit: float
    n_normals: int

    @property
    def generic(self) -> bool:
        """Whether no normal picture stands behind it."""
        return self.values.size == 0

    def positions(self, values: AnomalyMap) -> AnomalyMap:
        """Return ``values`` on the common scale, same shape, in [0, 1].

        Up to ``ABOVE_ALL`` it is the rarity among normal pixels, in tens; above it runs linearly
        from the largest normal value to 1.
        """
        above = np.clip((values - self.limit) / max(1.0 - self.limit, 1e-6), 0.0, 1.0)
        placed = np.where(
            values > self.limit, ABOVE_ALL + (1.0 - ABOVE_ALL) * above, self._below(values)
        )
        return placed.astype(np.float32)

    def percentile(self, value: float) -> float | None:
        """Return the share of normal pixels below ``value`` in percent; None without normals."""
        if self.generic:
            return None
        below = int(np.searchsorted(self.values, value, side="left"))
        return 100.0 * below / (self.values.size + 1)

    def value_at(self, percentile: float) -> float:
        """Return the value below which so many percent of the normal pixels lie."""
        return self.limit if self.generic else float(np.percentile(self.values, percentile))

    def _below(self, values: AnomalyMap) -> NDArray[np.float64]:
        if self.generic:
            share = np.clip(values / max(self.limit, 1e-6), 0.0, 1.0)
            return np.asarray(ABOVE_ALL * share, dtype=np.float64)
        below = np.searchsorted(self.values, values, side="left")
        share = 1.0 - below / (self.values.size + 1)
        rarity = np.clip(-np.log10(share) / DECADES, 0.0, 1.0)
        return np.asarray(ABOVE_ALL * rarity, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class MapScales:
    """The scales of a method's fused and base map."""

    fused: NormalScale
    base: NormalScale


def map_scales(
    detector: Detector,
    support: SupportSet,
    calibration: Calibration,
    *,
    learns_support: bool,
    cancelled: Callable[[], bool] = never,
) -> MapScales:
    """Return the scales that the normal pictures give, each scored without itself.

    Args:
        detector: The method.
        support: Normal pictures; may be empty.
        calibration: The method's own; without normals its pixel threshold stands for them.
        learns_support: Whether normals change the method's maps; else none has to be held out.
        cancelled: Looked at before each normal.
    """
    count = len(support.images)
    if not count:
        empty = NormalScale(np.empty(0, np.float32), calibration.pixel_threshold, 0)
        return MapScales(empty, empty)
    fused: list[NDArray[np.float32]] = []
    base: list[NDArray[np.float32]] = []
    for fitted, image in _held_out(detector, support, learns_support=learns_support):
        if cancelled():
            break
        result: AnomalyResult = fitted.predict(image)
        fused.append(_sample(result.fused_map))
        base.append(_sample(result.base_map))
    return MapScales(_scale(fused, count), _scale(base, count))


def _held_out(
    detector: Detector, support: SupportSet, *, learns_support: bool
) -> Iterator[tuple[FittedDetector, RgbImage]]:
    """Yield every normal picture with a detector that has not seen it."""
    images = list(support.images)
    if not learns_support or len(images) == 1:
        fitted = detector.fit(support)
        views = images if not learns_support else mild_views(images[0], _VIEWS, seed=0)
        yield from ((fitted, view) for view in views)
        return
    for fold in range(min(MAX_FOLDS, len(images))):
        kept = [image for number, image in enumerate(images) if number % MAX_FOLDS != fold]
        fitted = detector.fit(SupportSet(support.category, kept))
        yield from ((fitted, image) for image in images[fold::MAX_FOLDS])


def _sample(values: AnomalyMap) -> NDArray[np.float32]:
    """Return an even grid of pixels and the largest one."""
    rows, columns = (
        np.linspace(0, side - 1, min(side, _SIDE)).astype(np.intp) for side in values.shape
    )
    return np.append(values[np.ix_(rows, columns)].reshape(-1), values.max()).astype(np.float32)


def _scale(samples: Sequence[NDArray[np.float32]], normals: int) -> NormalScale:
    values = np.sort(np.concatenate(samples)) if samples else np.zeros(1, np.float32)
    return NormalScale(values, float(values[-1]), normals)
