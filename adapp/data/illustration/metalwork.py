"""Drawn metal and ceramics: tubes, a ball screw, a weld bead, car paint, a ferrite tile."""

import numpy as np

from adapp.data.illustration.solid import LAMP, backdrop, body, smooth_step, still
from adapp.data.noise import fractal
from adapp.data.procedural.frame import box, box_at
from adapp.data.procedural.surface import Material, rgb, shade, streaks
from adapp.data.raster import FloatImage, as_float, blur

Generator = np.random.Generator


def tubes(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return five cut tubes; ``deformation`` squeezes one of them."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(30, 32, 34))
    drawn = streaks(rng, size, size / 2, 2.0, np.pi / 2) - 0.5
    skin = as_float(rgb(172, 175, 180) + (drawn * 24)[..., None])
    squeeze = np.exp(-(((frame.y - 0.1) / 0.2) ** 2))
    for number in range(5):
        x = as_float(frame.x - (number - 2) * 0.37)
        thin = 0.06 * squeeze if flaw == "deformation" and number == 3 else 0.0
        bow = 0.05 * squeeze if flaw == "deformation" and number == 3 else 0.0
        tube = as_float(box_at(as_float(x - bow), frame.y, 0.15, 0.86, 0.02) + thin)
        scene = body(scene, frame, tube, skin, edge=0.15, rise=0.15, gloss=0.6, metal=0.6)
    return scene


def spindle(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return the thread of a ball screw, seen close."""
    frame = still(size, rng)
    slant = frame.x + 0.22 * frame.y
    groove = np.cos(slant * np.float32(2 * np.pi / 0.62))
    height = as_float(np.clip(groove, -0.75, 0.45) * (0.1 / frame.pixel))
    fine = streaks(rng, size, size / 2, 1.5, 1.35) - 0.5
    skin = rgb(138, 140, 146) + (fine * 22)[..., None]
    barrel = 1 - 0.45 * smooth_step(as_float(np.abs(frame.y)), 0.35, 1.0)
    metal = Material(rgb(0, 0, 0), 0.5, 22.0, 0.6)
    return as_float(shade(blur(height, 1.2), as_float(skin), metal, LAMP) * barrel[..., None])


def weld(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a weld bead between two steel plates."""
    frame = still(size, rng)
    brushed = streaks(rng, size, size / 3, 1.5, 0.05) - 0.5
    heat = np.exp(-((frame.y / 0.42) ** 2))
    plate = rgb(128, 130, 134) + (brushed * 26)[..., None] - heat[..., None] * rgb(26, 30, 22)
    flat = Material(rgb(0, 0, 0), 0.2, 10.0, 0.3)
    scene = shade(as_float(brushed), as_float(plate), flat, LAMP)
    wobble = (fractal(rng, 4, size, size / 6, 3)[2] - 0.5) * 0.06
    distance = as_float(np.abs(frame.y + wobble[None, :]) - 0.24 - wobble[None, ::-1] * 0.5)
    scales = np.sin((frame.x * 30 + 9 * frame.y * frame.y) + wobble[None, :] * 30)
    grain = fractal(rng, size, size, 6.0, 2) - 0.5
    skin = as_float(rgb(112, 112, 118) + (scales * 9 + grain * 26)[..., None])
    relief = as_float(scales * 1.6 + grain * 1.5)
    return body(
        scene, frame, distance, skin, edge=0.24, rise=0.11, gloss=0.4, metal=0.4, relief=relief
    )


def car_paint(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a glossy painted panel with soft reflections."""
    frame = still(size, rng)
    bend = frame.y + 0.25 * frame.x * frame.x
    glow = np.exp(-(((bend + 0.35) / 0.16) ** 2)) * 92 + np.exp(-(((bend - 0.5) / 0.3) ** 2)) * 34
    peel = fractal(rng, size, size, 9.0, 2) - 0.5
    flakes = rng.standard_normal((size, size), dtype=np.float32) * 2.5
    return as_float(rgb(138, 26, 30) + (glow * (1 + 0.12 * peel) + peel * 5 + flakes)[..., None])


def magnet(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a ground ferrite tile."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(176, 174, 170), 3.0)
    ground = streaks(rng, size, size / 2, 1.2, 0.03) - 0.5
    grain = fractal(rng, size, size, 5.0, 2) - 0.5
    skin = as_float(rgb(74, 76, 80) + (ground * 14 + grain * 16)[..., None])
    tile = box(frame, 0.82, 0.56, 0.03)
    return body(scene, frame, tile, skin, edge=0.05, rise=0.05, gloss=0.15)
