"""Local defects whose type is known by construction: one table from type to painter."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from adapp.data.synthetic import lines, spots, structure
from adapp.data.synthetic.canvas import Canvas, Layer

Painter = Callable[[Canvas, np.random.Generator], Layer | None]

PAINTERS: Mapping[str, Painter] = MappingProxyType(
    {
        "scratch": lines.paint_scratch,
        "crack": lines.paint_crack,
        "cut": lines.paint_cut,
        "fibre": lines.paint_fibre,
        "fold": lines.paint_fold,
        "hole": spots.paint_hole,
        "stain": spots.paint_stain,
        "contamination": spots.paint_contamination,
        "dent": spots.paint_dent,
        "discoloration": spots.paint_discoloration,
        "pitting": spots.paint_pitting,
        "missing_part": structure.paint_missing,
        "chip": structure.paint_chip,
        "bend": structure.paint_bend,
        "smear": structure.paint_smear,
        "misplaced": structure.paint_misplaced,
    }
)
DEFECT_TYPES: tuple[str, ...] = tuple(PAINTERS)
_LYING = frozenset({"fibre", "contamination"})  # may reach over the edge of what they lie on
_MOVED = frozenset({"chip", "bend", "missing_part", "misplaced"})  # change the outline itself


def paint(canvas: Canvas, rng: np.random.Generator, defect_type: str | None = None) -> Layer | None:
    """Return the picture with one defect of ``defect_type``, or of a type drawn at random.

    None where the type needs something the picture lacks (a chip needs an outline).

    Raises:
        ValueError: If ``defect_type`` or a configured type is unknown.
    """
    options = (defect_type,) if defect_type else canvas.config.defect_types or DEFECT_TYPES
    unknown = sorted(set(options) - set(DEFECT_TYPES))
    if unknown:
        msg = f"unknown defect type {', '.join(unknown)}; known: {', '.join(DEFECT_TYPES)}"
        raise ValueError(msg)
    name = options[int(rng.integers(len(options)))]
    layer = PAINTERS[name](canvas, rng)
    if layer is None or not canvas.has_object or name in _LYING | _MOVED:
        return layer
    # A flaw of the material ends where the object ends.
    return replace(layer, support=layer.support * canvas.foreground)
