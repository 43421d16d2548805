"""The families of rendered parts, and one category out of a family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from adapp.core.results import RgbImage
from adapp.data.procedural import electronics, goods, hardware, mechanics, patterns, textures
from adapp.data.procedural.camera import choose_camera, expose
from adapp.data.raster import FloatImage

Painter = Callable[[np.random.Generator, np.random.Generator, int], FloatImage]

PAINTERS: Mapping[str, Painter] = MappingProxyType(
    {
        "brushed_metal": textures.brushed_metal,
        "cast_surface": textures.cast_surface,
        "leather": textures.leather,
        "wood": textures.wood,
        "concrete": textures.concrete,
        "marble": textures.marble,
        "granite": textures.granite,
        "foam": textures.foam,
        "woven_fabric": patterns.woven_fabric,
        "knit": patterns.knit,
        "tile": patterns.tile,
        "carpet": patterns.carpet,
        "mesh": patterns.mesh,
        "tread_plate": patterns.tread_plate,
        "carton": patterns.carton,
        "solar_cell": patterns.solar_cell,
        "perforated_plate": hardware.perforated_plate,
        "washer": hardware.washer,
        "gasket": hardware.gasket,
        "hex_nut": hardware.hex_nut,
        "gear": hardware.gear,
        "screw": mechanics.screw,
        "bearing": mechanics.bearing,
        "spring": mechanics.spring,
        "bracket": hardware.bracket,
        "flange": hardware.flange,
        "cable": mechanics.cable,
        "board": electronics.board,
        "chip": electronics.chip,
        "connector": electronics.connector,
        "label": goods.label,
        "pills": goods.pills,
        "capsule": goods.capsule,
        "bottle_cap": goods.bottle_cap,
        "keypad": goods.keypad,
        "biscuit": goods.biscuit,
    }
)
FAMILIES: tuple[str, ...] = tuple(PAINTERS)


@dataclass(frozen=True, slots=True)
class ProceduralCategory:
    """One kind of part: the family names the painter, the seed fixes colours, layout and camera.

    Raises:
        ValueError: If the family is unknown or the seed negative.
    """

    family: str
    seed: int

    def __post_init__(self) -> None:
        if self.family not in PAINTERS:
            msg = f"unknown family {self.family!r}; known: {', '.join(FAMILIES)}"
            raise ValueError(msg)
        if self.seed < 0:
            msg = f"the seed must not be negative, got {self.seed}"
            raise ValueError(msg)

    def render(self, rng: np.random.Generator, size: int) -> RgbImage:
        """Return one normal part of the category, [size, size, 3].

        ``rng`` varies pose, light, texture and noise, nothing that would count as a defect.

        Raises:
            ValueError: If ``size`` is below 64 pixels.
        """
        if size < 64:
            msg = f"a part is rendered at 64 pixels or more, got {size}"
            raise ValueError(msg)
        key = [self.seed, *self.family.encode()]
        scene = PAINTERS[self.family](np.random.default_rng(key), rng, size)
        return expose(scene, choose_camera(np.random.default_rng([1, *key])), rng)


def render(family: str, rng: np.random.Generator, size: int) -> RgbImage:
    """Return a normal part of a random category of ``family``, [size, size, 3].

    Raises:
        ValueError: If the family is unknown or ``size`` is below 64 pixels.
    """
    return ProceduralCategory(family, int(rng.integers(2**31))).render(rng, size)
