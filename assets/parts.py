"""The example parts: each drawn from the same light, pose and texture with or without a flaw."""

import cv2
import numpy as np

from adapp.data.noise import fractal
from adapp.data.procedural import mechanics, patterns, textures
from adapp.data.procedural.electronics import Artwork, draw_artwork, etched
from adapp.data.procedural.frame import (
    Frame,
    box,
    box_at,
    circle,
    grid_cells,
    pose,
    repeat,
    subtract,
)
from adapp.data.procedural.plate import plate
from adapp.data.procedural.surface import (
    Light,
    Material,
    bevel,
    lamp,
    paint,
    place,
    rgb,
    shade,
    streaks,
)
from adapp.data.raster import FloatImage, FloatMap, as_float, blur, to_bytes
from adapp.data.synthetic import SyntheticAnomalies, SyntheticConfig

Generator = np.random.Generator

BOARD_SEED = 10
MISSING_PAD = (214, 122, 254, 162)  # left, top, right, bottom in the artwork
BRIDGE = ((513, 263), (513, 305))  # from pad to pad


def _damaged(scene: FloatImage, kind: str, seed: int, area: tuple[float, float]) -> FloatImage:
    """Return ``scene`` with one synthetic defect of a type, [S, S, 3]."""
    config = SyntheticConfig(defect_area=area, foreground="none")
    rng = np.random.default_rng(seed)
    sample = SyntheticAnomalies(config).make(to_bytes(scene), rng, defect_type=kind)
    return np.where(sample.mask[..., None], as_float(sample.image), scene)


def plate_with_holes(look: Generator, rng: Generator, size: int, flaw: str | None) -> FloatImage:
    """Return perforated steel; ``blocked`` fills one hole, ``torn`` joins two."""
    steel = Material(rgb(158, 160, 163), 0.45, 18.0, 0.7)
    light = lamp(look, rng)
    frame = pose(size, rng, shift=0.006, turn=0.006, zoom=0.004)
    period, radius = 0.285, 0.088
    u, v = repeat(frame.x, period), repeat(frame.y, period)
    hole = as_float(np.hypot(u, v) - radius)
    lump = circle(frame, radius * 1.06, 2 * period, -1 * period)
    skin = streaks(rng, size, size / 2, 1.5, frame.turn) - 0.5
    cloud = fractal(rng, size, size, size / 3, 3) - 0.5
    colour = steel.colour + (skin * 26 + cloud * 10)[..., None]
    relief = np.zeros((size, size), dtype=np.float32)
    if flaw == "blocked":
        hole = as_float(np.where(lump < 0, 0.05, hole))
        crumbs = fractal(np.random.default_rng(7), size, size, size / 30, 3)
        relief = bevel(frame, lump, 0.07, 0.02) * (0.5 + crumbs)
        fill = rgb(122, 118, 112) + (crumbs * 60 - 30)[..., None]
        colour = paint(colour, as_float(fill), frame.cover(lump))
    elif flaw == "torn":
        rip = box(frame, period * 0.5, 0.045, 0.01, x=-1.5 * period, y=period)
        ragged = (fractal(np.random.default_rng(3), size, size, size / 24, 2) - 0.5) * 0.05
        hole = np.minimum(hole, as_float(rip + ragged))
    back = rgb(26, 27, 30) + ((fractal(rng, size, size, size / 4, 3) - 0.5) * 8)[..., None]
    relief = as_float(relief + bevel(frame, -hole, 0.022, 0.016))
    part = shade(blur(relief, 0.6), as_float(colour), steel, light)
    return place(as_float(back), part, frame.cover(-hole), light, drop=6.0, depth=0.6)


def cloth(look: Generator, rng: Generator, size: int, flaw: str | None) -> FloatImage:
    """Return woven cloth; ``stain`` is oil, ``thread`` a loose fibre."""
    scene = patterns.woven_fabric(look, rng, size)
    if flaw == "stain":
        return _damaged(scene, "stain", 23, (0.02, 0.03))
    if flaw == "thread":
        return _damaged(scene, "fibre", 6, (0.01, 0.02))
    return scene


def seal(look: Generator, rng: Generator, size: int, flaw: str | None) -> FloatImage:
    """Return a rubber gasket with six holes; ``cut`` goes through the band, ``nick`` into it."""
    rubber, light = Material(rgb(46, 47, 50), 0.18, 9.0, 0.0), lamp(look, rng)
    frame = pose(size, rng, shift=0.003, turn=0.004, zoom=0.001)
    outer, band = 0.78, 0.24
    radius = frame.radius()
    holes = []
    for index in range(6):
        angle = np.pi / 3 * index
        reach = outer - band / 2
        holes.append(circle(frame, 0.052, reach * np.cos(angle), reach * np.sin(angle)))
    distance = subtract(as_float(radius - outer), as_float(radius - (outer - band)), *holes)
    if flaw == "cut":
        turn = 0.62
        x = frame.x * np.cos(turn) + frame.y * np.sin(turn) - (outer - band / 2)
        y = frame.y * np.cos(turn) - frame.x * np.sin(turn)
        gap = box_at(as_float(x), as_float(y + 0.12 * x), band, 0.021)
        distance = subtract(distance, gap)
    elif flaw == "nick":
        bite = circle(frame, 0.11, -0.72, -0.36)
        ragged = (fractal(np.random.default_rng(5), size, size, size / 20, 2) - 0.5) * 0.06
        distance = subtract(distance, as_float(bite + ragged))
    ridge = np.clip(1 - np.abs(radius - (outer - band * 0.8)) / 0.028, 0, 1)
    height = as_float(ridge * (3.0 * size / 336))
    return plate(look, rng, frame, distance, rubber, light, height)


def _artwork(flaw: str | None) -> Artwork:
    artwork = draw_artwork(np.random.default_rng(BOARD_SEED))
    if flaw == "missing":
        left, top, right, bottom = MISSING_PAD
        artwork.pads[top:bottom, left:right] = 0
        artwork.drills[top:bottom, left:right] = 0
    elif flaw == "bridge":
        start, end = BRIDGE
        cv2.line(artwork.pads, start, end, 255, 17, cv2.LINE_AA)
    return artwork


def circuit(look: Generator, rng: Generator, size: int, flaw: str | None) -> FloatImage:
    """Return a bare board; ``missing`` lacks a pad, ``bridge`` joins two with solder."""
    light = lamp(look, rng)
    whole = pose(size, rng, shift=0.0012, turn=0.0012, zoom=0.0005)
    x, y = (as_float(0.56 * axis + middle) for axis, middle in ((whole.x, 0.17), (whole.y, -0.2)))
    frame = Frame(x, y, 0.56 * whole.pixel, whole.turn)
    return etched(_artwork(flaw), frame, rgb(22, 88, 50), rgb(212, 178, 108), light, rng)


def sheet(look: Generator, rng: Generator, size: int, flaw: str | None) -> FloatImage:
    """Return brushed sheet metal; ``scratch`` and ``dent`` damage it."""
    scene = textures.brushed_metal(look, rng, size)
    if flaw == "scratch":
        return _damaged(scene, "scratch", 6, (0.01, 0.02))
    if flaw == "dent":
        return _damaged(scene, "dent", 15, (0.008, 0.012))
    return scene


def blister(look: Generator, rng: Generator, size: int, flaw: str | None) -> FloatImage:
    """Return tablets in foil; ``empty`` lacks one, ``broken`` has half of one."""
    tablet, light = Material(rgb(228, 224, 214), 0.12, 10.0, 0.0), lamp(look, rng)
    foil = rgb(168, 170, 174)
    frame = pose(size, rng, shift=0.008, turn=0.008, zoom=0.004)
    period, half = (0.62, 0.47), 0.165
    x, y, number = grid_cells(frame, rng, 3, 4, period, 0.006)
    spin = rng.normal(0, 0.05, 12).astype(np.float32)[number]
    u = as_float(x * np.cos(spin) + y * np.sin(spin))
    v = as_float(y * np.cos(spin) - x * np.sin(spin))
    body = box_at(u, v, half * 1.3, half * 0.92, half * 0.9)
    crinkle = fractal(rng, size, size, 5.0 * size / 336, 2) * 1.5
    grain = (fractal(rng, size, size, 2.0, 2) - 0.5) * 7
    if flaw == "empty":
        body = as_float(np.where(number == 7, 1.0, body))
    elif flaw == "broken":
        ragged = (fractal(np.random.default_rng(2), size, size, size / 25, 3) - 0.5) * 0.09
        rest = np.maximum(body, u + 0.3 * v - 0.02 + ragged)
        body = as_float(np.where(number == 4, rest, body))
    scene = shade(
        as_float(crinkle),
        np.broadcast_to(foil, (size, size, 3)),
        Material(foil, 0.3, 12.0, 0.5),
        light,
    )
    dome = bevel(frame, body, half * 0.8, half * 0.4)
    groove = np.clip(1 - np.abs(u) / (half * 0.09), 0, 1) * 2
    skin = tablet.colour + grain[..., None]
    drawn = shade(blur(as_float(dome - groove), 0.6), as_float(skin), tablet, light)
    scene = place(scene, drawn, frame.cover(body), light, drop=4.0)
    return _under_bubbles(scene, frame, x, y, half, light)


def _under_bubbles(
    scene: FloatImage, frame: Frame, x: FloatMap, y: FloatMap, half: float, light: Light
) -> FloatImage:
    """Return ``scene`` seen through the clear bubbles of the blister, [S, S, 3]."""
    bubble = box_at(x, y, half * 1.52, half * 1.15, half)
    rim = np.exp(-((bubble / (half * 0.07)) ** 2))
    glint = bevel(frame, bubble, half * 0.5, half * 0.3)
    clear = Material(rgb(255, 255, 255), 1.0, 60.0, 0.0)
    shine = shade(glint, np.zeros_like(scene), clear, light)
    return as_float(scene + (rim * 26)[..., None] + 0.6 * shine)


def ball_bearing(look: Generator, rng: Generator, size: int, flaw: str | None) -> FloatImage:
    """Return a ball bearing; the example shows good ones only.

    Raises:
        ValueError: If a flaw is asked for.
    """
    if flaw is not None:
        msg = f"the bearing has no flaw {flaw!r}"
        raise ValueError(msg)
    return mechanics.bearing(look, rng, size)
