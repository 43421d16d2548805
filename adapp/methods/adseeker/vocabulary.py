"""The defect types that the expert tells apart, and what data sets call them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from adapp.auxiliary.names import defect_key, defect_names

TYPES: Final[tuple[str, ...]] = (
    "scratch",
    "crack",
    "cut",
    "fibre",
    "fold",
    "hole",
    "stain",
    "contamination",
    "dent",
    "discoloration",
    "pitting",
    "missing_part",
    "chip",
    "bend",
    "smear",
    "misplaced",
    "extra_material",
    "break",
    "lesion",
)
"""Canonical types, keys of ``adapp.knowledge.defect_types``; the first sixteen can be drawn."""

NONE: Final = ""
"""Key of the outcome "none of these"."""

_FOLDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "blowhole": "hole",
        "pin_hole": "hole",
        "pothole": "hole",
        "uneven": "discoloration",
        "dark": "discoloration",
        "rust": "lesion",
        "polyp": "lesion",
        "tumor": "lesion",
        "patches": "stain",
        "inclusion": "contamination",
        "fray": "chip",
        "mousebite": "chip",
        "short": "extra_material",
        "spur": "extra_material",
        "copper": "extra_material",
        "open": "break",
    }
)
"""What the training sets call a defect -> the canonical type it is nearest to."""


def canonical(defect_type: str) -> str:
    """Return the canonical type behind a data set's own; "" if it is none of them."""
    key = defect_key(defect_type)
    key = _FOLDED.get(key, key)
    return key if key in TYPES else NONE


def spoken(defect_type: str) -> str:
    """Return what a prompt calls a canonical type."""
    return defect_names(defect_type)[0]
