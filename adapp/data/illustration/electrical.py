"""Drawn electrical parts: cable section, transistor, chip with leads, layer of a bare board."""

import itertools

import numpy as np

from adapp.data.illustration.solid import backdrop, body, still
from adapp.data.noise import fractal
from adapp.data.procedural.frame import (
    Frame,
    box,
    box_at,
    circle,
    repeat,
    segment,
    subtract,
    union,
)
from adapp.data.procedural.lettering import print_lines
from adapp.data.procedural.surface import paint, rgb
from adapp.data.raster import FloatImage, FloatMap, as_float, blur

Generator = np.random.Generator

_CORES = ((-0.36, 0.22), (0.36, 0.22), (0.0, -0.4))
_COLOURS = ((52, 92, 168), (108, 66, 40), (96, 150, 60))


def cable(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return three insulated cores in a sheath.

    Flaws: ``swap`` gives two cores one colour, ``missing_core`` and ``missing_strands`` leave
    room empty.
    """
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(92, 88, 84))
    sheath = circle(frame, 0.94)
    scene = body(scene, frame, sheath, rgb(58, 58, 62), edge=0.05, rise=0.05)
    scene = paint(scene, rgb(30, 30, 32), frame.cover(circle(frame, 0.8)))
    colours = list(_COLOURS)
    if flaw == "swap":
        colours[1] = colours[0]
    for number, (x, y) in enumerate(_CORES):
        if flaw == "missing_core" and number == 1:
            continue
        wall = circle(frame, 0.365, x, y)
        scene = body(scene, frame, wall, rgb(*colours[number]), edge=0.06, rise=0.04, gloss=0.3)
        scene = paint(scene, rgb(24, 18, 14), frame.cover(circle(frame, 0.245, x, y)))
        lacking = flaw == "missing_strands" and number == 0
        scene = _strands(scene, frame, x, y, lacking=lacking)
    return scene


def _strands(scene: FloatImage, frame: Frame, x: float, y: float, *, lacking: bool) -> FloatImage:
    pitch = 0.075
    row = np.round((frame.y - y) / (pitch * 0.87))
    column = np.round((frame.x - x) / pitch - (row % 2) * 0.5) + (row % 2) * 0.5
    centre_x, centre_y = column * pitch, row * pitch * 0.87
    kept = np.hypot(centre_x, centre_y) < 0.215
    if lacking:
        kept &= centre_x + centre_y < 0.06
    wire = as_float(np.hypot(frame.x - x - centre_x, frame.y - y - centre_y) - pitch * 0.46)
    wire = as_float(np.where(kept, wire, 1.0))
    return body(
        scene, frame, wire, rgb(206, 128, 84), edge=0.03, rise=0.03, gloss=0.5, metal=0.6, shadow=1
    )


def transistor(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a three-legged transistor over a hole board.

    Flaws: ``bent_lead``, ``cut_lead``, ``misplaced``.
    """
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(150, 118, 72), 6.0)
    holes = as_float(np.hypot(repeat(frame.x, 0.28), repeat(frame.y - 0.1, 0.28)) - 0.05)
    scene = paint(scene, rgb(214, 190, 130), frame.cover(as_float(holes - 0.035)))
    scene = paint(scene, rgb(40, 32, 24), frame.cover(holes))
    turn, shift = (0.5, 0.2) if flaw == "misplaced" else (0.0, 0.0)
    x = as_float((frame.x - shift) * np.cos(turn) + frame.y * np.sin(turn))
    y = as_float(frame.y * np.cos(turn) - (frame.x - shift) * np.sin(turn))
    own = Frame(x, y, frame.pixel, turn)
    for number, at in enumerate((-0.28, 0.0, 0.28)):
        lead = _lead(own, number, at, flaw)
        scene = body(
            scene, own, lead, rgb(204, 204, 208), edge=0.04, rise=0.05, gloss=0.6, metal=0.7
        )
    case = box_at(x, as_float(y + 0.36), 0.44, 0.36, 0.1)
    grain = blur(rng.standard_normal((size, size), dtype=np.float32), 0.7) * 5
    skin = as_float(rgb(42, 42, 45) + grain[..., None])
    return body(scene, own, case, skin, edge=0.12, rise=0.16, gloss=0.25)


def _lead(frame: Frame, number: int, at: float, flaw: str) -> FloatMap:
    if flaw == "bent_lead" and number == 1:
        upper = segment(frame, (at, -0.1), (at, 0.12), 0.04)
        return as_float(np.minimum(upper, segment(frame, (at, 0.12), (at + 0.2, 0.56), 0.04)))
    end = 0.22 if flaw == "cut_lead" and number == 2 else 0.66
    return segment(frame, (at, -0.1), (at, end), 0.04)


_TRACKS = (  # from pad to pad, with a bend
    ((-0.8, -0.62), (-0.1, -0.62), (0.2, -0.32), (0.8, -0.32)),
    ((-0.8, -0.4), (-0.2, -0.4), (0.1, -0.1), (0.8, -0.1)),
    ((-0.8, -0.18), (-0.3, -0.18), (0.0, 0.12), (0.8, 0.12)),
    ((-0.8, 0.62), (0.3, 0.62), (0.5, 0.42), (0.8, 0.42)),
)
_PADS = tuple((x, y) for track in _TRACKS for x, y in (track[0], track[-1]))
_PLANE = (-0.5, 0.26, 0.34, 0.2)  # middle and half sides


def bare_board(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a copper layer of a board.

    Flaws: ``open``, ``short``, ``mousebite``, ``spur``, ``copper``, ``pin_hole``, ``missing_pad``,
    ``solder_bridge``.
    """
    frame = still(size, rng)
    mask = rgb(24, 84, 54) + ((fractal(rng, size, size, 7.0, 2) - 0.5) * 10)[..., None]
    copper = rgb(208, 170, 100) + ((fractal(rng, size, size, 4.0, 2) - 0.5) * 22)[..., None]
    metal, drill = _copper(frame, flaw)
    scene = body(
        as_float(mask), frame, metal, as_float(copper), edge=0.02, rise=0.015, metal=0.4, shadow=1
    )
    scene = paint(scene, rgb(14, 16, 15), frame.cover(drill))
    if flaw == "solder_bridge":
        blob = union(*(circle(frame, 0.075, -0.8, y) for y in (-0.6, -0.51, -0.42)))
        tin = rgb(196, 198, 204)
        scene = body(scene, frame, blob, tin, edge=0.08, rise=0.06, gloss=0.9, metal=0.6)
    return scene


def _copper(frame: Frame, flaw: str) -> tuple[FloatMap, FloatMap]:
    """Return the signed distances to the copper and to the drilled holes."""
    pads = [pad for number, pad in enumerate(_PADS) if (flaw, number) != ("missing_pad", 3)]
    metal = union(
        box(frame, _PLANE[2], _PLANE[3], 0.03, _PLANE[0], _PLANE[1]),
        *(circle(frame, 0.085, *pad) for pad in pads),
        *(
            segment(frame, start, end, 0.032)
            for track in _TRACKS
            for start, end in itertools.pairwise(track)
        ),
    )
    drill = union(*(circle(frame, 0.036, *pad) for pad in pads))
    if flaw == "open":
        metal = subtract(metal, box(frame, 0.035, 0.06, 0.01, 0.45, -0.1))
    elif flaw == "short":
        metal = union(metal, segment(frame, (0.42, -0.32), (0.46, -0.1), 0.028))
    elif flaw == "mousebite":
        metal = subtract(metal, circle(frame, 0.04, 0.42, -0.145))
    elif flaw == "spur":
        metal = union(metal, segment(frame, (0.42, -0.12), (0.45, -0.21), 0.014))
    elif flaw == "copper":
        metal = union(metal, circle(frame, 0.05, 0.1, 0.36))
    elif flaw == "pin_hole":
        metal = subtract(metal, circle(frame, 0.038, -0.42, 0.24))
    elif flaw == "missing_pad":
        gone = _PADS[3]
        metal = subtract(metal, circle(frame, 0.14, *gone))
    return metal, drill


def chip(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a package with two rows of leads; ``bent_lead``, ``missing_lead``."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(206, 208, 206), 2.0)
    for side in (-1, 1):
        for number in range(7):
            x = (number - 3) * 0.19
            odd = side > 0 and number == 4
            if odd and flaw == "missing_lead":
                continue
            lean = 0.13 if odd and flaw == "bent_lead" else 0.0
            lead = segment(frame, (x, side * 0.38), (x + lean, side * 0.7), 0.038)
            tin = rgb(186, 188, 192)
            scene = body(scene, frame, lead, tin, edge=0.03, rise=0.05, gloss=0.6, metal=0.6)
    grain = blur(rng.standard_normal((size, size), dtype=np.float32), 0.7) * 4
    case = box(frame, 0.74, 0.44, 0.03)
    skin = as_float(rgb(44, 44, 47) + grain[..., None])
    scene = body(scene, frame, case, skin, edge=0.05, rise=0.08)
    scene = paint(scene, rgb(30, 30, 32), frame.cover(circle(frame, 0.05, -0.62, 0.3)))
    text = print_lines(frame, ["KX7402", "A36 118"], 1.0)
    return paint(scene, rgb(190, 190, 186), as_float(text * 0.85))
