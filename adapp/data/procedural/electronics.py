"""Electronic parts: circuit board, packaged chip, connector."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.data.noise import fractal
from adapp.data.procedural.frame import Frame, box, box_at, circle, freedom, pose, repeat
from adapp.data.procedural.lettering import print_lines, stamp, word
from adapp.data.procedural.surface import (
    Light,
    Material,
    any_colour,
    bevel,
    ground,
    lamp,
    metal,
    paint,
    place,
    plastic,
    rgb,
    shade,
)
from adapp.data.raster import FloatImage, as_float, blur

Generator = np.random.Generator
Drawing = NDArray[np.uint8]  # [R, R]
_SIDE = 640

_MASKS = ((24, 92, 48), (20, 70, 130), (150, 30, 34), (26, 28, 30), (30, 120, 90), (225, 225, 220))


@dataclass(frozen=True, slots=True, eq=False)
class Artwork:
    """The layers of a circuit board, each drawn at one fixed resolution, [R, R] in 0..255.

    Attributes:
        copper: Traces under the solder mask.
        pads: Bare metal: pads and the rims of vias.
        silk: Printed frames and names.
        drills: Holes.
    """

    copper: Drawing
    pads: Drawing
    silk: Drawing
    drills: Drawing


def draw_artwork(look: Generator) -> Artwork:
    """Return the artwork of a made-up board."""
    copper, pads, silk, drills = (np.zeros((_SIDE, _SIDE), dtype=np.uint8) for _ in range(4))
    lanes, pitch = int(look.integers(8, 26)), int(look.integers(20, 44))
    for _ in range(lanes):
        _route(look, copper, pads, drills, pitch)
    for _ in range(int(look.integers(2, 7))):
        _footprint(look, pads, silk, pitch)
    return Artwork(copper, pads, silk, drills)


def board(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a circuit board: traces, vias, pads, silk-screen frames under a solder mask."""
    solder_mask = np.array(_MASKS[int(look.integers(len(_MASKS)))], dtype=np.float32)
    solder_mask = np.clip(solder_mask * look.uniform(0.75, 1.25), 8, 240)
    shiny = rgb(205, 206, 204) if look.random() < 0.5 else rgb(214, 178, 104)
    light = lamp(look, rng)
    artwork = draw_artwork(look)
    frame = pose(size, rng, shift=0.008, turn=0.008, zoom=0.004)
    return etched(artwork, frame, solder_mask, shiny, light, rng)


def etched(
    artwork: Artwork,
    frame: Frame,
    solder_mask: FloatImage,
    shiny: FloatImage,
    light: Light,
    rng: Generator,
) -> FloatImage:
    """Return the board made from ``artwork``, [S, S, 3]; colours are [3] in 0..255."""
    size = frame.size
    layers = (artwork.copper, artwork.pads, artwork.silk, artwork.drills)
    trace, pad, ink, drill = (stamp(frame, as_float(layer) / np.float32(255)) for layer in layers)
    weave = fractal(rng, size, size, 3.0, 2) - 0.5
    mottled = fractal(rng, size, size, size / 4, 3) - 0.5
    base = solder_mask + (weave * 7 + mottled * 9)[..., None]
    base = base * (1 + np.float32(0.3) * trace)[..., None] + (8 * trace)[..., None]
    coat = Material(solder_mask, 0.25, 25.0, 0.0)
    scene = shade(blur(trace, 0.9) * np.float32(2.2), base, coat, light)
    scene = paint(scene, rgb(232, 232, 226), ink * np.float32(0.9))
    tarnish = (fractal(rng, size, size, 6.0, 3) - 0.5) * 26
    solder = Material(shiny, 0.6, 14.0, 0.8)
    metal_pad = shade(blur(pad, 1.3) * np.float32(4), shiny + tarnish[..., None], solder, light)
    scene = paint(scene, metal_pad, pad)
    return paint(scene, rgb(14, 14, 15), drill)


def _route(look: Generator, copper: Drawing, pads: Drawing, drills: Drawing, pitch: int) -> None:
    """Draw one bundle of traces with 45-degree corners and a via at each end, in place."""
    side = copper.shape[0]
    directions = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
    start = look.integers(0, side // pitch, 2) * pitch
    heading, width = int(look.integers(8)), int(look.integers(4, 9))
    bundle, bends = int(look.integers(1, 5)), int(look.integers(2, 6))
    turns, runs = look.integers(-1, 2, bends), look.integers(1, 8, bends) * pitch
    across = directions[(heading + 2) % 8]
    for lane in range(bundle):
        point = start + np.array(across) * lane * pitch // 2
        path, course = [point], heading
        for turn, run in zip(turns, runs, strict=True):
            point = point + np.array(directions[course]) * run
            path.append(point)
            course = (course + int(turn)) % 8
        cv2.polylines(
            copper,
            [np.array(path, np.int32)],
            isClosed=False,
            color=255,
            thickness=width,
            lineType=cv2.LINE_AA,
        )
        for end in (path[0], path[-1]):
            spot = (int(end[0]), int(end[1]))
            cv2.circle(pads, spot, width + 4, 255, -1, cv2.LINE_AA)
            cv2.circle(drills, spot, max(2, width // 2), 255, -1, cv2.LINE_AA)


def _footprint(look: Generator, pads: Drawing, silk: Drawing, pitch: int) -> None:
    """Draw the pads and the silk-screen frame of one component, in place."""
    side = pads.shape[0]
    left, top = (int(value) for value in look.integers(20, side - 160, 2))
    count, kind = int(look.integers(2, 9)), int(look.integers(3))
    long, wide = int(look.integers(14, 30)), max(6, pitch // 3)
    for index in range(count if kind else 2):
        at = top + index * (wide + max(5, wide // 2))
        if kind == 0:
            at = top
            x = left + index * (long + 24)
            cv2.rectangle(pads, (x, at), (x + long, at + long), 255, -1)
            continue
        cv2.rectangle(pads, (left, at), (left + long, at + wide), 255, -1)
        if kind == 2:
            right = left + 3 * long
            cv2.rectangle(pads, (right, at), (right + long, at + wide), 255, -1)
    bottom = top + (count * (wide + max(5, wide // 2)) if kind else long)
    right = left + (4 * long if kind == 2 else (2 * long + 24 if kind == 0 else long))
    cv2.rectangle(silk, (left - 8, top - 8), (right + 8, bottom + 8), 255, 3, cv2.LINE_AA)
    name = "RCUQDL"[int(look.integers(6))] + str(int(look.integers(1, 99)))
    cv2.putText(silk, name, (left, top - 14), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2, cv2.LINE_AA)


def chip(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a packaged circuit with legs on two or four sides and a marking."""
    light, legs = lamp(look, rng), int(look.integers(4, 15))
    four, wide = look.random() < 0.5, look.uniform(0.36, 0.55)
    tall = wide if four else look.uniform(0.3, 0.7)
    body = Material(any_colour(look) * 0.15 + 22, 0.15, 12.0, 0.0)
    leg = metal(look)
    shift, turn = freedom(look)
    turn = 0.05 if turn > 3 else turn
    text = [word(look, 4, 9) for _ in range(int(look.integers(1, 4)))]
    dot, under = look.uniform(0.02, 0.05), any_colour(look) * 0.5 + 30
    length, thick = look.uniform(0.1, 0.22), look.uniform(0.2, 0.36)
    frame = pose(size, rng, shift=shift, turn=turn)
    scene = (
        ground(look, rng, size)
        if look.random() < 0.6
        else under
        + np.zeros((size, size, 3), dtype=np.float32)
        + ((fractal(rng, size, size, 4.0, 3) - 0.5) * 14)[..., None]
    )
    pitch = 2 * tall * 0.92 / legs
    rows = np.maximum(np.abs(frame.y) - np.float32(pitch * legs / 2), 0)
    shift_y = np.float32(0 if legs % 2 else pitch / 2)
    pins = box_at(frame.x, repeat(frame.y + shift_y, pitch), wide + length, pitch * thick, 0.01)
    pins = np.maximum(pins, rows)
    if four:
        across = 2 * wide * 0.92 / legs
        shift_x = np.float32(0 if legs % 2 else across / 2)
        columns = np.maximum(np.abs(frame.x) - np.float32(across * legs / 2), 0)
        more = box_at(
            repeat(frame.x + shift_x, across), frame.y, across * thick, tall + length, 0.01
        )
        pins = np.minimum(pins, np.maximum(more, columns))
    reach = np.maximum(np.abs(frame.x) - wide, np.abs(frame.y) - tall)
    bent = -(np.clip(reach / np.float32(length), 0, 1) ** 2) * np.float32(0.1 / frame.pixel)
    flat = np.broadcast_to(leg.colour, (size, size, 3))
    metal_legs = shade(blur(as_float(bevel(frame, pins, 0.02, 0.02) + bent), 0.6), flat, leg, light)
    scene = place(scene, metal_legs, frame.cover(pins), light, drop=3.0)
    package = box(frame, wide, tall, 0.02)
    grain = (fractal(rng, size, size, 2.5, 2) - 0.5) * 9
    case = shade(bevel(frame, package, 0.05, 0.03), body.colour + grain[..., None], body, light)
    case = paint(case, rgb(190, 190, 186), print_lines(frame, text, wide * 1.5) * np.float32(0.75))
    mark = circle(frame, dot, -wide + 0.09, -tall + 0.09)
    case = paint(case, body.colour * np.float32(0.5), frame.cover(mark))
    return place(scene, case, frame.cover(package), light, drop=5.0)


def connector(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a connector housing with one or more rows of pins or sockets."""
    shell, light = plastic(look), lamp(look, rng)
    contact = rgb(214, 178, 104) if look.random() < 0.5 else rgb(200, 201, 203)
    columns, rows = int(look.integers(3, 14)), int(look.integers(1, 4))
    socket, round_pin = look.random() < 0.45, look.random() < 0.4
    wide = look.uniform(0.6, 0.86)
    pitch = 2 * wide / (columns + 0.8)
    tall = min(0.8, (rows + 0.9) * pitch / 2 + look.uniform(0.0, 0.12))
    shift, turn = freedom(look)
    turn = 0.03 if turn > 3 else turn
    latch, wall = look.uniform(0.1, 0.3), look.uniform(0.03, 0.07)
    frame = pose(size, rng, shift=shift, turn=turn)
    scene = ground(look, rng, size)
    body = np.minimum(
        box(frame, wide + wall, tall + wall, 0.04), box(frame, latch, 0.09, 0.02, y=-tall - wall)
    )
    flat = shell.colour + ((fractal(rng, size, size, 3.0, 2) - 0.5) * 8)[..., None]
    housing = shade(bevel(frame, body, 0.04, 0.04), flat, shell, light)
    scene = place(scene, housing, frame.cover(body), light, drop=look.uniform(3, 9))
    well = box(frame, wide, tall, 0.03)
    inside = housing * np.float32(0.5)
    scene = paint(scene, inside, frame.cover(well))
    u = repeat(frame.x + np.float32(0 if columns % 2 else pitch / 2), pitch)
    v = repeat(frame.y + np.float32(0 if rows % 2 else pitch / 2), pitch)
    half = pitch * 0.24
    pin = np.hypot(u, v) - np.float32(half) if round_pin else box_at(u, v, half, half, 0.008)
    limit = np.maximum(
        np.abs(frame.x) - np.float32(columns * pitch / 2), np.abs(frame.y) - rows * pitch / 2
    )
    pin = np.maximum(pin, limit).astype(np.float32)
    if socket:
        scene = paint(scene, rgb(12, 12, 14), frame.cover(pin - np.float32(half * 0.5)))
        pin = pin + np.float32(half * 0.45)
    tones = 1 + 0.12 * (fractal(rng, size, size, size / 12, 2) - 0.5)
    gold = shade(
        bevel(frame, pin, half * 0.8, half * 0.8),
        contact * tones[..., None],
        Material(contact, 0.7, 14.0, 0.8),
        light,
    )
    return place(scene, gold, frame.cover(pin), light, drop=2.0 if socket else 5.0)
