"""Words for parts and defects: what a person on the floor would call them.

A prompt needs "magnetic tile" where a data set says ``magnetic_tile/tile``. The tables hold the
categories that take part in training; every other folder name falls back to its own words.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

GENERIC: Final = ("object", "part", "surface", "item", "product")
"""Names that fit anything; the first one stands in where no name is known."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "bsdata/ball_screw": ("ball screw", "threaded spindle", "steel spindle", "screw drive"),
        "deeppcb/pcb": ("printed circuit board", "circuit board", "copper layout", "bare board"),
        "hsst/fabric": ("fabric", "woven cloth", "textile"),
        "lara2018/coffee_leaf": ("coffee leaf", "leaf", "plant leaf"),
        "lookout/cookie": ("cookie", "biscuit", "baked good"),
        "pothole_fan/road_pothole": ("road", "street surface", "road surface"),
        "pv_vision/solar_cell_el": ("solar cell", "photovoltaic cell", "silicon wafer"),
        "weld_anorboev/weld_seam": ("weld seam", "weld bead", "welded joint"),
        "asrdnet/soybean_leaf": ("soybean leaf", "green leaf", "plant leaf"),
        "br35h/brain_mri": ("brain MRI", "brain scan", "head MRI slice"),
        "car_damage/car_paint": ("car body", "car paint", "vehicle panel"),
        "casting/impeller": ("cast impeller", "pump impeller", "casting"),
        "crack500/asphalt": ("asphalt", "pavement", "road surface"),
        "crackforest/pavement": ("pavement", "asphalt", "street surface"),
        "cvc_clinicdb/colon": ("colon", "endoscopy picture", "bowel wall"),
        "deepcrack/concrete": ("concrete", "concrete wall", "cement surface"),
        "glassfiber_sdu/glassfiber": ("glass fiber mat", "fiberglass", "fiber cloth"),
        "magnetic_tile/tile": ("magnetic tile", "ferrite tile", "ceramic surface"),
        "mpdd/metal_plate": ("metal plate", "steel sheet", "metal part"),
        "ph2/skin": ("skin", "skin picture", "human skin"),
        "sd900/steel_strip": ("steel strip", "rolled steel", "metal surface"),
        "wood_capture/wood": ("wood", "wooden board", "timber"),
        "rendered/brushed_metal": ("brushed metal", "brushed steel sheet", "metal surface"),
        "rendered/cast_surface": ("cast surface", "cast iron", "rough metal"),
        "rendered/leather": ("leather", "hide", "leather cover"),
        "rendered/wood": ("wood", "wooden board", "veneer"),
        "rendered/concrete": ("concrete", "cement slab", "concrete wall"),
        "rendered/marble": ("marble", "polished stone", "stone slab"),
        "rendered/granite": ("granite", "speckled stone", "stone tile"),
        "rendered/foam": ("foam", "sponge", "foam pad"),
        "rendered/woven_fabric": ("woven fabric", "cloth", "canvas"),
        "rendered/knit": ("knitwear", "knitted fabric", "jersey"),
        "rendered/tile": ("tile", "tiled floor", "ceramic tiles"),
        "rendered/carpet": ("carpet", "rug", "floor covering"),
        "rendered/mesh": ("mesh", "wire mesh", "grid"),
        "rendered/tread_plate": ("tread plate", "checker plate", "embossed sheet"),
        "rendered/carton": ("corrugated carton", "cardboard", "paper board"),
        "rendered/solar_cell": ("solar cell", "photovoltaic cell", "solar panel"),
        "rendered/perforated_plate": ("perforated plate", "hole plate", "punched sheet"),
        "rendered/washer": ("washer", "metal ring", "disc"),
        "rendered/gasket": ("gasket", "rubber seal", "flat seal"),
        "rendered/hex_nut": ("hex nut", "metal nut", "fastener"),
        "rendered/gear": ("gear", "cog wheel", "toothed wheel"),
        "rendered/screw": ("screw", "bolt", "fastener"),
        "rendered/bearing": ("ball bearing", "bearing", "roller bearing"),
        "rendered/spring": ("coil spring", "spring", "wire spring"),
        "rendered/bracket": ("bracket", "metal bracket", "mounting plate"),
        "rendered/flange": ("flange", "pipe flange", "ring with holes"),
        "rendered/cable": ("cable", "wire", "cable cross section"),
        "rendered/board": ("circuit board", "electronic board", "PCB"),
        "rendered/chip": ("chip", "integrated circuit", "microchip"),
        "rendered/connector": ("connector", "plug", "pin header"),
        "rendered/label": ("label", "printed label", "sticker"),
        "rendered/pills": ("pills", "tablets", "blister pack"),
        "rendered/capsule": ("capsule", "medicine capsule", "pill"),
        "rendered/bottle_cap": ("bottle cap", "lid", "closure"),
        "rendered/keypad": ("keypad", "keyboard", "button panel"),
        "rendered/biscuit": ("biscuit", "cookie", "cracker"),
    }
)
"""Category -> its name, then other names for it; rendered families without their seed."""

DEFECTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "scratch": ("scratch", "scrape", "scored line"),
        "crack": ("crack", "fracture", "fissure"),
        "cut": ("cut", "slit", "gash"),
        "fibre": ("fibre", "hair", "stray thread"),
        "fold": ("fold", "crease", "wrinkle"),
        "hole": ("hole", "puncture", "perforation"),
        "stain": ("stain", "spot", "blotch"),
        "contamination": ("contamination", "foreign particle", "dirt"),
        "dent": ("dent", "dimple", "impact mark"),
        "discoloration": ("discoloration", "faded colour", "colour deviation"),
        "pitting": ("pitting", "corrosion pits", "surface pits"),
        "missing_part": ("missing part", "absent piece", "missing component"),
        "chip": ("chip", "chipped edge", "broken edge"),
        "bend": ("bend", "deformation", "bent shape"),
        "smear": ("smear", "blurred mark", "smudge"),
        "misplaced": ("misplaced part", "displacement", "shifted piece"),
        "dark": ("dark area", "dead area", "inactive region"),
        "lesion": ("lesion", "abnormal tissue", "diseased spot"),
        "pothole": ("pothole", "depression", "broken road"),
        "short": ("short circuit", "bridged tracks", "unwanted connection"),
        "spur": ("spur", "protruding copper", "burr"),
        "copper": ("spurious copper", "copper residue", "excess copper"),
        "pin_hole": ("pinhole", "tiny hole", "small void"),
        "open": ("open circuit", "interrupted track", "gap"),
        "mousebite": ("mouse bite", "notch", "bitten edge"),
        "blowhole": ("blowhole", "gas pore", "cavity"),
        "break": ("break", "broken piece", "breakage"),
        "fray": ("fraying", "frayed edge", "worn edge"),
        "uneven": ("unevenness", "uneven surface", "irregular shading"),
        "rust": ("rust", "rust disease", "brown spots"),
        "polyp": ("polyp", "growth", "swelling"),
        "patches": ("patches", "blotchy patch", "irregular patch"),
        "inclusion": ("inclusion", "embedded impurity", "slag line"),
        "tumor": ("tumor", "mass", "abnormal tissue"),
    }
)
"""Defect type -> its name, then other names for it."""

UNTYPED: Final = frozenset(
    {"", "anomaly", "anomalous", "bad", "damage", "damaged", "defect", "defective", "ng", "none"}
)
"""Folder names that say that something is wrong and not what."""

_SAME: Final = MappingProxyType(
    {
        "cracks": "crack",
        "scratches": "scratch",
        "cuts": "cut",
        "holes": "hole",
        "stains": "stain",
        "tumour": "tumor",
        "bent": "bend",
        "mouse_bite": "mousebite",
        "pinhole": "pin_hole",
        "color": "discoloration",
    }
)


def part_names(category: str) -> tuple[str, ...]:
    """Return the readable name of a category ("set/part"), then other names for it.

    The seed at the end of a rendered category ("rendered/gear-0") does not matter. A category
    that no table knows is called by its own folder, without underscores and digits.
    """
    key = re.sub(r"-\d+$", "", category) if category.startswith("rendered/") else category
    return PARTS.get(key) or (readable(key.rsplit("/", 1)[-1]),)


def readable(folder: str) -> str:
    """Return a folder's name as words: ``metal_nut`` is "metal nut"; "object" if nothing is left.

    Trailing numbers are dropped, words run together in capitals stay as they are.
    """
    words = re.sub(r"[\W_]+", " ", folder).strip()
    words = re.sub(r"(?<=[a-zA-Z])\s*\d+$", "", words).strip()
    return words.lower() if re.search(r"[a-zA-Z]", words) else GENERIC[0]


def defect_key(folder: str) -> str:
    """Return the defect type behind a folder's name; "" where it says nothing but "defect"."""
    key = re.sub(r"[\W_]+", "_", folder.lower()).strip("_")
    if key in UNTYPED:
        return ""
    return _SAME.get(key, key)


def defect_names(defect_type: str) -> tuple[str, ...]:
    """Return the readable name of a defect type, then other names for it; empty if untyped."""
    key = defect_key(defect_type)
    if not key:
        return ()
    return DEFECTS.get(key) or (readable(key),)
