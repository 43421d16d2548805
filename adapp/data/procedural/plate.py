"""Flat parts: the skin of a material and a bevelled plate on a ground."""

import numpy as np

from adapp.data.noise import fractal
from adapp.data.procedural.frame import Frame
from adapp.data.procedural.surface import Light, Material, bevel, ground, place, shade, streaks
from adapp.data.raster import FloatImage, FloatMap, blur

Generator = np.random.Generator


def skin(look: Generator, rng: Generator, frame: Frame, material: Material) -> FloatImage:
    """Return the colour of a part's skin, [S, S, 3]: brushed, turned, speckled or plain."""
    size, kind, strength = frame.size, int(look.integers(4)), look.uniform(3, 22)
    angle = look.uniform(0, np.pi)
    if kind == 0:
        skin = streaks(rng, size, size / 3, 1.5, frame.turn + angle) - 0.5
    elif kind == 1:
        line = rng.standard_normal(size, dtype=np.float32)
        skin = line[np.clip(frame.radius() * (size / 2), 0, size - 1).astype(np.int32)] * 0.25
    elif kind == 2:
        skin = fractal(rng, size, size, 3.0, 2) - 0.5
    else:
        skin = fractal(rng, size, size, size / 5, 4) - 0.5
        strength *= 0.7
    colour: FloatImage = material.colour + (skin * np.float32(1.4 * strength))[..., None]
    return colour


def plate(
    look: Generator,
    rng: Generator,
    frame: Frame,
    distance: FloatMap,
    material: Material,
    light: Light,
    height: FloatMap | None = None,
) -> FloatImage:
    """Return a flat part with bevelled edges on the category's ground, [S, S, 3]."""
    edge, rise = look.uniform(0.015, 0.06), look.uniform(0.015, 0.05)
    scene = ground(look, rng, frame.size)
    drop, depth = look.uniform(2, 8), look.uniform(0.25, 0.6)
    colour = skin(look, rng, frame, material)
    relief = bevel(frame, distance, edge, rise)
    if height is not None:
        relief = relief + height
    part = shade(blur(relief, 0.6), colour, material, light)
    return place(scene, part, frame.cover(distance), light, drop=drop, depth=depth)
