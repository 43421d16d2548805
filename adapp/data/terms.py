"""What the terms of training pictures allow: sets the project knows, and honesty about others."""

from collections.abc import Iterable
from typing import Final

PERMISSIVE: Final = frozenset(
    {
        "bsdata",
        "deeppcb",
        "hsst",
        "lara2018",
        "lookout",
        "pothole_fan",
        "pv_vision",
        "weld_anorboev",
    }
)
"""Sets under permissive licences that allow use in a plant; THIRD_PARTY.md lists them."""

RESTRICTED: Final = frozenset(
    {
        "asrdnet",
        "br35h",
        "car_damage",
        "casting",
        "crack500",
        "crackforest",
        "cvc_clinicdb",
        "deepcrack",
        "glassfiber_sdu",
        "magnetic_tile",
        "mpdd",
        "ph2",
        "sd900",
        "wood_capture",
    }
)
"""Sets whose terms are non-commercial, not stated or not checked."""

FREE = "Trained on permissively licensed and rendered pictures: may be used in a plant."
RESEARCH = "Trained on pictures with non-commercial or unstated terms: research use only."
UNKNOWN = "Trained on pictures whose terms this project does not know ({}): those terms decide."


def terms(categories: Iterable[str]) -> str:
    """Return what training on ``categories`` ("set/category") allows, one sentence.

    The strictest set decides; a set that is not listed is named, never taken for permissive.
    """
    sets = {name.split("/")[0] for name in categories}
    if sets & RESTRICTED:
        return RESEARCH
    unknown = sorted(sets - PERMISSIVE)
    return UNKNOWN.format(", ".join(unknown)) if unknown else FREE
