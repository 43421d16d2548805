"""What can be wrong with which part: the "special" prompts, one row a part, in plain words.

A row is found by the folder name of a category. Numbered looks share a row ("pcb1" to "pcb4");
a part without a row gets its own folder name and the generic phrases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Domain: TypeAlias = Literal["industrial", "medical"]


@dataclass(frozen=True, slots=True)
class PartWords:
    """How a part is called and what can be wrong with it.

    Attributes:
        name: Readable name.
        defects: What a picture of it shows "with ...".
        domain: Which words for "normal" and "abnormal" fit.
    """

    name: str
    defects: tuple[str, ...]
    domain: Domain = "industrial"


GENERIC_DEFECTS: Final[Mapping[Domain, tuple[str, ...]]] = MappingProxyType(
    {
        "industrial": (
            "a crack",
            "a scratch",
            "a hole",
            "a stain",
            "foreign matter on it",
            "a deformed shape",
            "a missing piece",
            "a wrong colour",
        ),
        "medical": (
            "a lesion",
            "a tumour",
            "an abnormal region",
            "a bright mass",
            "a dark mass",
            "swollen tissue",
        ),
    }
)

# MVTec AD
_MVTEC: Final = {
    "bottle": PartWords(
        "bottle",
        ("a broken rim", "a chipped mouth", "a crack in the glass", "dirt inside"),
    ),
    "cable": PartWords(
        "cable",
        (
            "a bent wire",
            "a missing strand",
            "two cores swapped",
            "a cut in the insulation",
            "a pierced insulation",
            "a missing core",
        ),
    ),
    "capsule": PartWords(
        "capsule",
        (
            "a crack in the shell",
            "a blurred imprint",
            "a poked hole",
            "a scratch",
            "a squeezed end",
        ),
    ),
    "carpet": PartWords(
        "carpet",
        ("a patch of another colour", "a cut", "a hole", "a metal piece in it", "a loose thread"),
    ),
    "grid": PartWords(
        "metal grid",
        ("a bent bar", "a broken bar", "glue on it", "a metal piece in it", "a thread in it"),
    ),
    "hazelnut": PartWords(
        "hazelnut",
        ("a crack in the shell", "a cut", "a drilled hole", "a printed mark"),
    ),
    "leather": PartWords(
        "leather",
        ("a patch of another colour", "a cut", "a fold", "glue on it", "a poked hole"),
    ),
    "metal_nut": PartWords(
        "metal nut",
        ("a bent tooth", "a stained face", "the wrong side up", "a scratch"),
    ),
    "pill": PartWords(
        "pill",
        (
            "specks of another colour",
            "dirt on it",
            "a crack",
            "a damaged imprint",
            "a scratch",
            "the wrong type",
        ),
    ),
    "screw": PartWords(
        "screw",
        ("a worn thread", "a scratched head", "a scratched neck", "a broken tip"),
    ),
    "tile": PartWords(
        "tile",
        ("a crack", "a strip of glue", "a grey stroke", "an oil film", "a rough patch"),
    ),
    "toothbrush": PartWords(
        "toothbrush",
        ("missing bristles", "bristles out of line", "dirt in the bristles"),
    ),
    "transistor": PartWords(
        "transistor",
        ("a bent lead", "a cut lead", "a damaged case", "a wrong position"),
    ),
    "wood": PartWords(
        "wood",
        ("a patch of another colour", "a drilled hole", "a liquid spot", "a scratch"),
    ),
    "zipper": PartWords(
        "zipper",
        (
            "broken teeth",
            "squeezed teeth",
            "split teeth",
            "a rough tape",
            "a torn edge of the tape",
        ),
    ),
}

# VisA
_VISA: Final = {
    "candle": PartWords(
        "candle",
        (
            "melted wax on the side",
            "a chunk of wax missing",
            "dirt in the wax",
            "a damaged corner",
            "a missing wick",
            "a misplaced wick",
        ),
    ),
    "capsules": PartWords(
        "capsules", ("a leak", "a bubble", "a scratch", "a dent", "a patch of another colour")
    ),
    "cashew": PartWords(
        "cashew nut",
        (
            "a burnt spot",
            "a scratch",
            "a small hole",
            "a broken edge",
            "two nuts stuck together",
            "a patch of another colour",
        ),
    ),
    "chewinggum": PartWords(
        "chewing gum", ("a missing corner", "a chunk missing", "a crack", "a scratch")
    ),
    "fryum": PartWords(
        "fried snack",
        (
            "a burnt spot",
            "a broken piece",
            "a scratch",
            "a fused middle",
            "a patch of another colour",
        ),
    ),
    "macaroni": PartWords(
        "macaroni",
        ("a chipped end", "a crack", "a scratch", "a broken middle", "specks of another colour"),
    ),
    "pcb": PartWords(
        "printed circuit board",
        ("a bent pin", "a missing component", "a scratch", "melted solder", "dirt on the board"),
    ),
    "pipe_fryum": PartWords(
        "pipe-shaped snack",
        ("a burnt spot", "a broken piece", "a crack", "a scratch", "two pieces stuck together"),
    ),
}

# BTAD names its products by number
_BTAD: Final = {
    "01": PartWords("round product", ("a scratch", "a worn surface", "a smear", "a chipped edge")),
    "02": PartWords("wooden product", ("a scratch", "a knot hole", "a rough patch", "a stain")),
    "03": PartWords("round product", ("a fine scratch", "a bright spot", "a pit", "dirt on it")),
}

# MPDD
_MPDD: Final = {
    "bracket_black": PartWords(
        "black metal bracket", ("a drilled hole in the wrong place", "a scratch", "worn paint")
    ),
    "bracket_brown": PartWords(
        "brown metal bracket", ("a bent end", "parts that do not match", "a scratch")
    ),
    "bracket_white": PartWords("white metal bracket", ("flaking paint", "a scratch", "a stain")),
    "connector": PartWords("metal connector", ("missing parts", "a deformed end", "a scratch")),
    "metal_plate": PartWords(
        "metal plate", ("rust", "a long scratch", "several scratches", "a dent")
    ),
    "tubes": PartWords("metal tubes", ("a flattened tube", "a bent tube", "a crushed end")),
}

_MEDICAL: Final = {
    "brain": PartWords(
        "brain MRI slice",
        (
            "a tumour",
            "a bright mass",
            "a dark mass",
            "swollen tissue",
            "a lesion",
            "a shifted midline",
        ),
        "medical",
    ),
    "liver": PartWords(
        "liver CT slice",
        ("a tumour", "a dark lesion", "a bright lesion", "a cyst", "an uneven tissue"),
        "medical",
    ),
    "breast": PartWords(
        "breast ultrasound",
        (
            "a tumour",
            "a dark mass",
            "a mass with an irregular outline",
            "a cyst",
            "a shadow behind a lump",
        ),
        "medical",
    ),
}

PARTS: Final[Mapping[str, PartWords]] = MappingProxyType(
    {**_MVTEC, **_VISA, **_BTAD, **_MPDD, **_MEDICAL}
)
"""Folder name without a number at its end -> words for the part."""

OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "brain_mri": "brain",
        "brainmri": "brain",
        "head_mri": "brain",
        "liver_ct": "liver",
        "liverct": "liver",
        "busi": "breast",
        "breast_ultrasound": "breast",
        "chewing_gum": "chewinggum",
        "printed_circuit_board": "pcb",
    }
)
"""Other folder names for the same rows."""
