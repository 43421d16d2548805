"""Colour tables for anomaly maps: perceptually ordered, safe for colour-blind readers."""

from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

MapKind: TypeAlias = Literal["fused", "base", "residual"]
ColorTable: TypeAlias = NDArray[np.uint8]  # [256, 3] RGB

SEQUENTIAL: Final = ("inferno", "viridis", "cividis", "magma", "gray")
"""Colour maps for base and fused maps, the default first: dark is normal."""
DIVERGING: Final = ("RdBu_r", "PuOr_r", "BrBG_r")
"""Colour maps for residual maps, the default first: the middle is neutral."""

MAP_RANGES: Final[dict[MapKind, tuple[float, float]]] = {
    "fused": (0.0, 1.0),
    "base": (0.0, 1.0),
    "residual": (-1.0, 1.0),
}
"""Values at the two ends of the colour scale; fixed, so equal colours mean equal values."""

STEPS: Final = 255
"""Colours in a table: an odd number, so that a diverging map has an exact middle."""


def map_range(name: str) -> tuple[float, float]:
    """Return the ends of the colour scale of the map called ``name``; evidence has 0 and 1."""
    return MAP_RANGES["residual" if name == "residual" else "fused"]


def colormap_choices(name: str) -> tuple[str, ...]:
    """Return the names of the colour maps for the map called ``name``, the default first."""
    return DIVERGING if name == "residual" else SEQUENTIAL


@cache
def color_table(name: str) -> ColorTable:
    """Return the colours of ``name`` from low to high; entry 255 repeats entry 254.

    Raises:
        ValueError: If ``name`` is none of the offered colour maps.
    """
    if name not in SEQUENTIAL + DIVERGING:
        msg = f"colormap must be one of {', '.join(SEQUENTIAL + DIVERGING)}, got {name!r}"
        raise ValueError(msg)
    from matplotlib import colormaps  # noqa: PLC0415  # slow to import, needed once per table

    colors = colormaps[name](np.linspace(0.0, 1.0, STEPS))[:, :3]
    table = np.empty((256, 3), dtype=np.uint8)
    table[:STEPS] = np.rint(colors * 255.0)
    table[STEPS:] = table[STEPS - 1]
    table.flags.writeable = False
    return table
