"""Every part a page can show: a rendered family with a seed that suits it, or a drawn one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from adapp.core.results import RgbImage
from adapp.data.illustration import articles, electrical, food, metalwork, tissue
from adapp.data.procedural.camera import Camera, capture
from adapp.data.procedural.category import ProceduralCategory
from adapp.data.raster import FloatImage, to_bytes

Painter = Callable[[np.random.Generator, int, str], FloatImage]

_CAMERA = Camera(
    gradient=0.04,
    towards=0.6,
    vignette=0.08,
    softness=0.4,
    read=0.8,
    shot=0.01,
    tone=0.0,
    monochrome=False,
    quality=None,
)


@dataclass(frozen=True, slots=True)
class Part:
    """What can be drawn, and which flaws belong to the drawing itself.

    Attributes:
        family: Family of rendered parts; empty for a drawn one.
        seed: Category within the family.
        painter: Draws it where no family fits.
        flaws: Names the painter knows.
        filled: Whether it fills the picture, so that flaws may lie anywhere.
    """

    family: str = ""
    seed: int = 0
    painter: Painter | None = None
    flaws: frozenset[str] = frozenset()
    filled: bool = False

    def render(self, key: list[int], size: int, flaw: str = "") -> RgbImage:
        """Return the part, [size, size, 3]; ``flaw`` is one of its own or empty.

        The same key gives the same part, so that only the flaw differs between two calls.
        """
        rng = np.random.default_rng(key)
        if self.painter is None:
            return ProceduralCategory(self.family, self.seed).render(rng, size)
        scene = np.clip(self.painter(rng, size, flaw), 0, 255).astype(np.float32)
        noise = np.random.default_rng([*key, 1])
        return np.asarray(to_bytes(capture(scene, _CAMERA, noise)), dtype=np.uint8)


def _drawn(painter: Painter, *flaws: str, filled: bool = False) -> Part:
    return Part(painter=painter, flaws=frozenset(flaws), filled=filled)


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "asphalt": Part("concrete", 1, filled=True),
        "bearing": Part("bearing", 7),
        "biscuit": Part("biscuit", 10),
        "blister": Part("pills", 6),
        "bare_board": _drawn(
            electrical.bare_board,
            *("open", "short", "mousebite", "spur", "copper", "pin_hole"),
            *("missing_pad", "solder_bridge"),
            filled=True,
        ),
        "board": Part("board", 12, filled=True),
        "bottle": _drawn(articles.bottle, "break", "chip"),
        "bottle_cap": Part("bottle_cap", 5),
        "bracket_black": Part("bracket", 15),
        "bracket_brown": Part("bracket", 8),
        "bracket_white": Part("bracket", 3),
        "brain": _drawn(tissue.brain, "lesion", "oedema", "bend"),
        "breast": _drawn(tissue.breast, "benign", "malignant", filled=True),
        "cable": _drawn(electrical.cable, "swap", "missing_core", "missing_strands"),
        "candle": _drawn(articles.candle),
        "cap": _drawn(articles.cap),
        "capsule": Part("capsule", 7),
        "carpet": Part("carpet", 2, filled=True),
        "carton": Part("carton", 7, filled=True),
        "cashew": _drawn(food.cashew),
        "cast_surface": Part("cast_surface", 7, filled=True),
        "casting": Part("flange", 8),
        "chip_package": _drawn(electrical.chip, "bent_lead", "missing_lead"),
        "colon": _drawn(tissue.colon, "lesion", filled=True),
        "concrete": Part("concrete", 4, filled=True),
        "connector": Part("flange", 0),
        "disc": _drawn(articles.disc),
        "flange": Part("flange", 5),
        "foam": Part("foam", 2, filled=True),
        "fryum": _drawn(food.fryum),
        "gasket": Part("gasket", 13),
        "gear": Part("gear", 13),
        "glassfibre": Part("woven_fabric", 3, filled=True),
        "grid": Part("mesh", 2, filled=True),
        "gum": _drawn(food.gum),
        "hazelnut": _drawn(food.hazelnut, "print"),
        "keypad": Part("keypad", 12),
        "knit": Part("knit", 13, filled=True),
        "label": Part("label", 3),
        "leaf": _drawn(tissue.leaf, "lesion", "rust"),
        "leather": Part("leather", 15, filled=True),
        "liver": _drawn(tissue.liver, "lesion", "cyst"),
        "macaroni": _drawn(food.macaroni),
        "magnet": _drawn(metalwork.magnet),
        "marble": Part("marble", 8, filled=True),
        "nut": Part("hex_nut", 4),
        "paint": _drawn(metalwork.car_paint, filled=True),
        "panel": Part("wood", 8, filled=True),
        "perforated": Part("perforated_plate", 10, filled=True),
        "pill": _drawn(articles.tablet),
        "pin_header": Part("connector", 3),
        "plate": Part("brushed_metal", 5, filled=True),
        "screw": Part("screw", 5),
        "sheet": Part("brushed_metal", 11, filled=True),
        "skin": _drawn(tissue.skin, "lesion", filled=True),
        "softgel": _drawn(food.softgel),
        "solar_cell": Part("solar_cell", 7, filled=True),
        "spindle": _drawn(metalwork.spindle, filled=True),
        "spring": Part("spring", 2),
        "strip": Part("brushed_metal", 10, filled=True),
        "tile": Part("granite", 9, filled=True),
        "tiles": Part("tile", 3, filled=True),
        "toothbrush": _drawn(articles.toothbrush, "missing_tuft"),
        "transistor": _drawn(electrical.transistor, "bent_lead", "cut_lead", "misplaced"),
        "tread": Part("tread_plate", 2, filled=True),
        "tubes": _drawn(metalwork.tubes, "deformation"),
        "tubes_snack": _drawn(food.pipe_fryum),
        "washer": Part("washer", 4),
        "weld": _drawn(metalwork.weld, filled=True),
        "wood": Part("wood", 13, filled=True),
        "woven_fabric": Part("woven_fabric", 9, filled=True),
        "zipper": _drawn(
            articles.zipper, "missing_teeth", "split_teeth", "squeezed_teeth", "frayed_border"
        ),
    }
)
