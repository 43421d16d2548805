"""Drawn articles: bottle mouth, tea lights, tablet, toothbrush, zipper, round parts."""

import numpy as np

from adapp.data.illustration.solid import LAMP, backdrop, body, smooth_step, still
from adapp.data.noise import fractal
from adapp.data.procedural.frame import Frame, box_at, circle, segment, union
from adapp.data.procedural.lettering import print_lines
from adapp.data.procedural.surface import Material, paint, rgb, shade
from adapp.data.raster import FloatImage, FloatMap, as_float, blur

Generator = np.random.Generator

_PROFILE = (  # radius, grey of a bottle mouth seen from above
    *((0.0, 8.0), (0.40, 10.0), (0.44, 70.0), (0.48, 190.0), (0.53, 120.0), (0.58, 215.0)),
    *((0.64, 96.0), (0.70, 50.0), (0.82, 84.0), (0.90, 36.0), (0.94, 226.0), (2.0, 232.0)),
)


def bottle(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return the mouth of a glass bottle; ``break`` and ``chip`` damage its ring."""
    frame = still(size, rng)
    radius, angle = frame.radius(), frame.angle()
    wave = 1 + 0.16 * np.cos(2 * (angle - 0.7)) + 0.06 * np.cos(5 * angle)
    tone = np.interp(radius, *np.array(_PROFILE).T) * np.where(radius < 0.9, wave, 1)
    brown = rgb(1.0, 0.8, 0.56)
    share = smooth_step(radius, 0.88, 0.95)[..., None]
    scene = as_float(tone[..., None] * (brown * (1 - share) + share))
    reach = {"break": 0.62, "chip": 0.13}.get(flaw)
    if reach is not None:
        ragged = fractal(rng, size, size, size / 10, 3) - 0.5
        inner = 0.42 if flaw == "break" else 0.555
        off = np.abs((angle - 0.8 + np.pi) % (2 * np.pi) - np.pi) + ragged * 0.22 * reach * 2
        gone = (off < reach) & (radius > inner + ragged * 0.04) & (radius < 0.67)
        facets = fractal(rng, size, size, size / 16, 2)
        fracture = as_float((24 + facets**3 * 200)[..., None] * rgb(1.0, 0.9, 0.74))
        scene = np.where(gone[..., None], fracture, scene)
    return scene


def candle(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return four tea lights."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(52, 52, 56))
    cloud = fractal(rng, size, size, size / 9, 3)
    wax = rgb(232, 226, 210) + ((cloud - 0.5) * 10)[..., None]
    for x, y in ((-0.47, -0.47), (0.47, -0.47), (-0.47, 0.47), (0.47, 0.47)):
        cup = circle(frame, 0.42, x, y)
        metal = np.full(3, 186, dtype=np.float32)
        scene = body(scene, frame, cup, metal, edge=0.04, rise=0.06, gloss=0.6, metal=0.7)
        disc = circle(frame, 0.37, x, y)
        scene = body(scene, frame, disc, as_float(wax), edge=0.3, rise=-0.02, shadow=0.5)
        lean = float(rng.uniform(-0.03, 0.03))
        wick = segment(frame, (x, y), (x + 0.03 + lean, y - 0.07), 0.016)
        scene = body(scene, frame, wick, rgb(70, 60, 50), edge=0.016, rise=0.05)
    return scene


def tablet(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return one pressed tablet with specks and an imprint."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(30, 31, 34))
    specks = fractal(rng, size, size, 5.0, 2)
    tone = rgb(226, 222, 210) - (np.clip(specks - 0.8, 0, 1) * 260)[..., None] * rgb(0.3, 1, 1)
    pressed = print_lines(frame, ["FF"], 0.5)
    relief = as_float(-blur(pressed, 1.0) * 4)
    outline = circle(frame, 0.66)
    ink = paint(as_float(tone), rgb(120, 112, 100), as_float(pressed * 0.55))
    return body(scene, frame, outline, ink, edge=0.24, rise=0.13, gloss=0.1, relief=relief)


def toothbrush(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a brush head; ``missing_tuft`` leaves two holes empty."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(24, 24, 26))
    head = box_at(frame.x, frame.y, 0.42, 0.88, 0.36)
    scene = body(scene, frame, head, rgb(206, 222, 236), edge=0.1, rise=0.08, gloss=0.5)
    spots = rng.standard_normal((size, size), dtype=np.float32)
    bristle = blur(spots, 0.8) * 55
    for row in range(9):
        for column in range(4 if 0 < row < 8 else 2):
            across = 4 if 0 < row < 8 else 2
            x, y = (column - (across - 1) / 2) * 0.19, (row - 4) * 0.185
            tuft = circle(frame, 0.082, x, y)
            if flaw == "missing_tuft" and (row, column) in {(3, 1), (4, 2)}:
                scene = paint(scene, rgb(70, 84, 96), frame.cover(as_float(tuft + 0.03)))
                continue
            tone = rgb(58, 118, 196) if row % 3 == 1 else rgb(232, 236, 240)
            skin = as_float(tone + bristle[..., None])
            scene = body(scene, frame, tuft, skin, edge=0.05, rise=0.05, gloss=0.0, shadow=2)
    return scene


def zipper(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a closed zip fastener, from top to bottom of the picture.

    Flaws: ``missing_teeth``, ``split_teeth``, ``squeezed_teeth``, ``frayed_border``.
    """
    frame = still(size, rng)
    ribs = np.cos(frame.y * 150) * np.cos(frame.x * 90)
    tape = rgb(46, 47, 52) + (ribs * 9)[..., None]
    scene = shade(as_float(ribs * 0.5), as_float(tape), Material(rgb(0, 0, 0), 0, 1, 0), LAMP)
    edge = np.full_like(frame.x, 0.82)
    if flaw == "frayed_border":
        fringe = fractal(rng, size, size, size / 40, 2) - 0.5
        edge = edge + np.where(frame.x > 0, fringe * 0.34 * np.exp(-((frame.y / 0.5) ** 2)), 0)
    ground = backdrop(rng, size, rgb(190, 188, 184))
    beyond = frame.cover(as_float(edge - np.abs(frame.x)))
    scene = as_float(scene + (ground - scene) * beyond[..., None])
    return _teeth(scene, frame, flaw)


def _teeth(scene: FloatImage, frame: Frame, flaw: str) -> FloatImage:
    near = np.exp(-((frame.y / 0.22) ** 2))
    place = frame.y + (0.05 * near * np.sin(frame.y * 26) if flaw == "squeezed_teeth" else 0)
    apart = 0.16 * near if flaw == "split_teeth" else 0.0
    period = 0.11
    for side in (-1, 1):
        number = np.round((place - (side > 0) * period / 2) / period)
        offset = as_float(place - (side > 0) * period / 2 - number * period)
        x = as_float(frame.x - side * (0.062 + apart))
        tooth = box_at(x, offset, 0.115, 0.036, 0.02)
        if flaw == "missing_teeth" and side > 0:
            tooth = as_float(np.where((number >= -1) & (number <= 1), 1.0, tooth))
        scene = body(
            scene, frame, tooth, rgb(186, 178, 150), edge=0.03, rise=0.05, gloss=0.6, metal=0.6
        )
    return scene


def disc(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a round moulded part with ribs and a hub."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(206, 206, 204), 2.0)
    radius = frame.radius()
    spokes = [
        segment(frame, (0, 0), (0.78 * float(np.cos(turn)), 0.78 * float(np.sin(turn))), 0.05)
        for turn in np.arange(8) * np.pi / 4
    ]
    raised = union(as_float(np.abs(radius - 0.8) - 0.08), circle(frame, 0.26), *spokes)
    relief = _ridge(frame, raised, 0.05)
    skin = rgb(84, 86, 92) + ((fractal(rng, size, size, 5.0, 2) - 0.5) * 6)[..., None]
    whole = as_float(np.maximum(circle(frame, 0.88), -circle(frame, 0.12)))
    return body(scene, frame, whole, as_float(skin), edge=0.03, rise=0.04, relief=relief)


def cap(rng: Generator, size: int, _flaw: str) -> FloatImage:
    """Return a round component with a raised centre."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(36, 38, 42))
    radius = frame.radius()
    raised = union(as_float(np.abs(radius - 0.66) - 0.05), circle(frame, 0.4))
    skin = rgb(176, 172, 164) + ((fractal(rng, size, size, size / 6, 3) - 0.5) * 10)[..., None]
    relief = _ridge(frame, raised, 0.06)
    whole = circle(frame, 0.84)
    return body(scene, frame, whole, as_float(skin), edge=0.05, rise=0.05, relief=relief, gloss=0.4)


def _ridge(frame: Frame, distance: FloatMap, rise: float) -> FloatMap:
    """Return the height in pixels of what stands out of a face, [S, S]."""
    step = smooth_step(as_float(-distance), -0.015, 0.03)
    return as_float(step * np.float32(rise / frame.pixel))
