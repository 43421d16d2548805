"""What the drawn parts share: a plain ground, and a rounded body put on it."""

import numpy as np

from adapp.data.noise import fractal
from adapp.data.procedural.frame import Frame, pose
from adapp.data.procedural.surface import Colour, Light, Material, bevel, place, rgb, shade
from adapp.data.raster import FloatImage, FloatMap, as_float, blur

Generator = np.random.Generator

LAMP = Light(azimuth=-2.2, elevation=0.9, ambient=0.5)


def still(size: int, rng: Generator) -> Frame:
    """Return the frame of a part in a fixture: hardly moved from picture to picture."""
    return pose(size, rng, shift=0.006, turn=0.008, zoom=0.004)


def backdrop(rng: Generator, size: int, tone: Colour, rough: float = 4.0) -> FloatImage:
    """Return a matt ground of one tone, [size, size, 3]."""
    grain = fractal(rng, size, size, 6.0, 2) - 0.5
    return as_float(tone + (grain * np.float32(2 * rough))[..., None])


def body(
    scene: FloatImage,
    frame: Frame,
    distance: FloatMap,
    colour: FloatImage,
    *,
    edge: float,
    rise: float,
    gloss: float = 0.2,
    polish: float = 14.0,
    metal: float = 0.0,
    relief: FloatMap | None = None,
    shadow: float = 4.0,
) -> FloatImage:
    """Return ``scene`` with a rounded body on it, [S, S, 3].

    Args:
        scene: What lies below.
        frame: The part's coordinates.
        distance: Signed distance to its outline.
        colour: One colour [3] or a skin [S, S, 3].
        edge: Width of the rounding, in half sides of the picture.
        rise: Height of the body, likewise.
        gloss: Strength of the highlight.
        polish: Exponent of the highlight.
        metal: Share of the surroundings it mirrors.
        relief: Height added on top, in pixels, [S, S].
        shadow: Length of the shadow in pixels at 336 px.
    """
    height = bevel(frame, distance, edge, rise)
    if relief is not None:
        height = as_float(height + relief)
    skin = np.broadcast_to(colour, (frame.size, frame.size, 3)).astype(np.float32)
    material = Material(rgb(0, 0, 0), gloss, polish, metal)
    shaded = shade(blur(height, 0.7), skin, material, LAMP)
    return place(scene, shaded, frame.cover(distance), LAMP, drop=shadow)


def smooth_step(values: FloatMap, low: float, high: float) -> FloatMap:
    """Return a soft step from 0 below ``low`` to 1 above ``high``."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return as_float(share * share * (3 - 2 * share))
