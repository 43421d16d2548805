"""Drawn food: hazelnut, cashew, gum, wheel and tube snacks, pasta, soft capsules."""

import numpy as np

from adapp.data.illustration.solid import backdrop, body, smooth_step, still
from adapp.data.noise import fractal
from adapp.data.procedural.frame import Frame, box, box_at, circle, segment, union
from adapp.data.procedural.lettering import print_lines
from adapp.data.procedural.surface import paint, rgb
from adapp.data.raster import FloatImage, FloatMap, as_float

Generator = np.random.Generator


def hazelnut(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a hazelnut in its shell, base down; ``print`` leaves letters on it."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(28, 28, 30))
    taper = 1 - 0.16 * smooth_step(as_float(-frame.y), 0.0, 0.75)
    distance = as_float(np.hypot(frame.x / taper, frame.y * 0.94) - 0.62)
    stripes = fractal(rng, 8, size, 9.0, 3)[4]
    angle = np.arcsin(np.clip(frame.x / 0.66, -1, 1)) / np.pi + 0.5
    along = stripes[np.clip(angle * (size - 1), 0, size - 1).astype(np.int32)]
    cloud = fractal(rng, size, size, size / 5, 3)
    shell = rgb(150, 96, 52) + ((along - 0.5) * 46 + (cloud - 0.5) * 26)[..., None]
    if flaw == "print":
        ink = print_lines(frame, ["LOT 42"], 0.7)
        shell = paint(as_float(shell), rgb(40, 46, 84), as_float(ink * 0.85))
    base = as_float(np.hypot(frame.x * 0.8, (frame.y - 0.5) * 1.8) - 0.3)
    shell = paint(as_float(shell), rgb(196, 164, 120), frame.cover(base))
    return body(scene, frame, distance, shell, edge=0.6, rise=0.42, gloss=0.25)


def cashew(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a cashew kernel."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(44, 62, 92))
    distance = _crescent(frame, 0.42, 0.22, 1.85)
    cloud = fractal(rng, size, size, size / 4, 3)
    skin = rgb(226, 204, 164) + ((cloud - 0.5) * 22)[..., None]
    return body(scene, frame, distance, as_float(skin), edge=0.22, rise=0.2, gloss=0.12)


def _crescent(frame: Frame, radius: float, half: float, reach: float) -> FloatMap:
    """Return the signed distance to a fat arc, open to the right."""
    angle = np.arctan2(frame.y, -(frame.x - 0.12))
    held = np.clip(angle, -reach / 1.15, reach / 1.15)
    x, y = 0.12 - radius * np.cos(held), radius * np.sin(held)
    thick = half * (1.0 - 0.2 * np.abs(held) / reach)
    return as_float(np.hypot(frame.x - x, frame.y - y) - thick)


def gum(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a coated gum pellet."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(58, 84, 74))
    distance = box(frame, 0.66, 0.46, 0.2)
    cloud = fractal(rng, size, size, size / 7, 3)
    skin = rgb(228, 230, 228) + ((cloud - 0.5) * 8)[..., None]
    return body(scene, frame, distance, as_float(skin), edge=0.3, rise=0.16, gloss=0.2)


def fryum(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a wheel-shaped snack."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(40, 42, 48))
    wobble = as_float((fractal(rng, size, size, size / 3, 2) - 0.5) * 0.05)
    radius = as_float(frame.radius() + wobble)
    ring = as_float(np.abs(radius - 0.62) - 0.1)
    spokes = [
        segment(frame, (0, 0), (0.6 * float(np.cos(turn)), 0.6 * float(np.sin(turn))), 0.065)
        for turn in np.arange(6) * np.pi / 3 + 0.2
    ]
    distance = union(ring, circle(frame, 0.17), *spokes)
    bubbles = fractal(rng, size, size, size / 28, 2)
    skin = rgb(216, 168, 84) + ((bubbles - 0.5) * 30)[..., None]
    relief = as_float((bubbles - 0.5) * 3)
    return body(scene, frame, distance, as_float(skin), edge=0.1, rise=0.08, relief=relief)


def pipe_fryum(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a ribbed tube snack lying on its side."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(40, 42, 48))
    distance = box(frame, 0.68, 0.36, 0.1)
    ribs = as_float(np.cos(frame.y * 42 + 0.4 * np.sin(frame.x * 2)) * 1.2)
    bubbles = fractal(rng, size, size, size / 30, 2)
    skin = rgb(222, 178, 92) + ((bubbles - 0.5) * 26)[..., None]
    bore = as_float(np.hypot((frame.x - 0.6) * 2.4, frame.y) - 0.24)
    skin = paint(as_float(skin), rgb(110, 74, 34), frame.cover(bore))
    return body(scene, frame, distance, skin, edge=0.36, rise=0.3, relief=ribs)


def macaroni(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return six elbows of pasta."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(36, 40, 50))
    for row in range(2):
        for column in range(3):
            middle = ((column - 1) * 0.62, (row - 0.5) * 0.86)
            turn = float(rng.uniform(-0.5, 0.5)) + row * np.pi
            scene = _elbow(scene, frame, middle, turn, rng)
    return scene


def _elbow(
    scene: FloatImage, frame: Frame, middle: tuple[float, float], turn: float, rng: Generator
) -> FloatImage:
    across, down = frame.x - np.float32(middle[0]), frame.y - np.float32(middle[1])
    x = as_float(across * np.cos(turn) + down * np.sin(turn))
    y = as_float(down * np.cos(turn) - across * np.sin(turn) - 0.14)
    angle = np.clip(np.arctan2(-y, x), 0.25, np.pi - 0.25)
    reach = as_float(np.hypot(x - 0.26 * np.cos(angle), y + 0.26 * np.sin(angle)))
    grain = fractal(rng, frame.size, frame.size, 10.0, 2)
    skin = rgb(232, 190, 92) + ((grain - 0.5) * 10)[..., None]
    for side in (-1, 1):
        bore = as_float(np.hypot((x - side * 0.25) * 1.0, (y + 0.06) * 1.8) - 0.07)
        skin = paint(as_float(skin), rgb(120, 84, 30), frame.cover(bore))
    distance = as_float(reach - 0.115)
    return body(scene, frame, distance, skin, edge=0.115, rise=0.1, gloss=0.35, shadow=3)


def softgel(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return soft capsules with a clear, amber filling."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(196, 198, 202), 2.0)
    for row in range(3):
        for column in range(3):
            turn = float(rng.uniform(0, np.pi))
            x = frame.x - np.float32((column - 1) * 0.64)
            y = frame.y - np.float32((row - 1) * 0.62)
            u = as_float(x * np.cos(turn) + y * np.sin(turn))
            v = as_float(y * np.cos(turn) - x * np.sin(turn))
            distance = box_at(u, v, 0.27, 0.18, 0.17)
            lens = as_float(np.clip(1 + distance / 0.18, 0, 1))
            glow = smooth_step(as_float(x * 0.8 + y), -0.2, 0.25)
            skin = rgb(176, 108, 20) + (glow * 70 - lens * 40)[..., None]
            scene = body(
                scene, frame, distance, as_float(skin), edge=0.18, rise=0.12, gloss=0.9, polish=60
            )
    return scene
