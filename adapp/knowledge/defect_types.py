"""The canonical defect types: one vocabulary for pages, type evidence and drawings."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NORMAL: Final = "normal"
"""Stands where a page or an observation shows no defect."""

CANONICAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "scratch": "scratch",
        "crack": "crack",
        "cut": "cut",
        "fibre": "fibre or thread lying on the part",
        "fold": "fold or crease",
        "hole": "hole or puncture",
        "stain": "stain",
        "contamination": "foreign body or dirt",
        "dent": "dent",
        "discoloration": "discoloration",
        "pitting": "pitting",
        "missing_part": "missing part",
        "chip": "chipped edge",
        "bend": "bend",
        "smear": "smear",
        "misplaced": "misplaced or wrong part",
        "break": "break with loss of material",
        "burn": "burn or melt mark",
        "corrosion": "corrosion",
        "deformation": "crushed or distorted shape",
        "extra_material": "excess material",
        "print_fault": "print or marking fault",
        "bubble": "bubble or pore",
        "rough_texture": "rough or uneven texture",
        "lesion": "lesion in living tissue",
    }
)
"""Name -> how it is called in a sentence; the first sixteen are those of synthetic anomalies."""
