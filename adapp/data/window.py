"""The intensity window that turns deep samples (16-bit, 32-bit, float) into 8 bits.

Eight-bit pictures never pass through here. Deep pictures of one run share one window, because
a window per picture would hide or invent exactly the differences an inspection looks for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

SampleKind: TypeAlias = Literal["integer", "float"]
Samples: TypeAlias = NDArray[Any]  # [H, W] or [H, W, C], any real dtype

SUBSAMPLE = 1 << 16  # values per picture looked at for the percentiles
TAIL = 0.1  # percent cut at either end when the nominal range fits badly
MIN_COVERAGE = 0.25  # share of a nominal range that must be in use; below 64 of 256 levels remain
_ROWS = 128  # rows converted at once, to bound temporary memory

# Ranges that cameras and programs write: masks and normalised floats, 8, 10, 12, 14, 16 bits.
NOMINAL_HIGHS = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)


@dataclass(frozen=True, slots=True)
class Window:
    """A linear map from sample values to 8 bits: ``low`` becomes 0, ``high`` becomes 255.

    Attributes:
        low: Sample value shown as black.
        high: Sample value shown as white; above ``low``.
        origin: How the window was found, a few words for notes and exports.

    Raises:
        ValueError: If the bounds are not finite or not in order.
    """

    low: float
    high: float
    origin: str = "given"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            msg = f"a window needs finite bounds with low < high, got {self.low} and {self.high}"
            raise ValueError(msg)

    def apply(self, samples: Samples) -> NDArray[np.uint8]:
        """Return the samples as 8 bits, same shape: monotone, clipped at both ends."""
        table = None
        if samples.dtype == np.uint16:
            table = self._scale(np.arange(1 << 16, dtype=np.float64))
        out = np.empty(samples.shape, np.uint8)
        for top in range(0, len(samples), _ROWS):
            rows = samples[top : top + _ROWS]
            if table is None:
                out[top : top + _ROWS] = self._scale(rows.astype(np.float64))
            else:
                out[top : top + _ROWS] = table[rows]
        return out

    def _scale(self, values: NDArray[np.float64]) -> NDArray[np.uint8]:
        # Halved before the subtraction, so that bounds near the float maximum do not overflow.
        span = self.high / 2 - self.low / 2
        share = (np.clip(values, self.low, self.high) / 2 - self.low / 2) / span
        return np.rint(share * 255.0).astype(np.uint8)

    def __str__(self) -> str:
        return f"{self.low:.6g} to {self.high:.6g}"


@dataclass(frozen=True, slots=True, eq=False)
class SampleStatistics:
    """What the window needs to know about one deep picture, small enough to keep for a run.

    Attributes:
        kind: Integer or float samples.
        low: Smallest sample.
        high: Largest sample.
        tail_low: Sample below which 0.1 % of the picture lie.
        tail_high: Sample above which 0.1 % of the picture lie.
    """

    kind: SampleKind
    low: float
    high: float
    tail_low: float
    tail_high: float


def sample_statistics(samples: Samples) -> SampleStatistics:
    """Return the statistics of one picture's samples, all of which must be finite."""
    flat = samples.reshape(-1)
    step = max(1, flat.size // SUBSAMPLE) | 1  # odd: a power of two would keep hitting one column
    kind: SampleKind = "float" if np.issubdtype(samples.dtype, np.floating) else "integer"
    tails = np.percentile(flat[::step].astype(np.float64), (TAIL, 100 - TAIL))
    return SampleStatistics(
        kind, float(flat.min()), float(flat.max()), float(tails[0]), float(tails[1])
    )


def fit_window(pictures: Iterable[SampleStatistics]) -> Window:
    """Return the one window of a run, a function of the pictures' samples and nothing else.

    The smallest nominal range (0 to 1, 8, 10, 12, 14 or 16 bits) that holds every sample is
    taken, so that 12-bit data in a 16-bit file gets 0 to 4095 and the window does not move with
    each new picture. Where the data use less than a quarter of that range, or leave every
    nominal range, the window spans the central 99.8 % of every picture's samples instead.

    Raises:
        ValueError: If no picture is given.
    """
    pooled = list(pictures)
    if not pooled:
        msg = "a window needs the samples of at least one picture"
        raise ValueError(msg)
    low, high = min(p.low for p in pooled), max(p.high for p in pooled)
    # Tails are cut per picture: a dark picture must not fall into the tail of many bright ones.
    robust_low, robust_high = min(p.tail_low for p in pooled), max(p.tail_high for p in pooled)
    nominal = next((h for h in NOMINAL_HIGHS if low >= 0 and high <= h), None)
    if nominal is not None and robust_high - robust_low >= MIN_COVERAGE * nominal:
        return Window(0.0, nominal, _nominal_origin(nominal))
    if robust_low < robust_high:
        return Window(robust_low, robust_high, "central 99.8 % of the values in each picture")
    if low < high:
        return Window(low, high, "smallest and largest value in this run")
    if nominal is not None:
        return Window(0.0, nominal, _nominal_origin(nominal))
    return Window(min(low, 0.0), max(high, 0.0), "zero to the run's only value")


def _nominal_origin(high: float) -> str:
    return "data from 0 to 1" if high == 1.0 else f"{int(high).bit_length()}-bit data"
