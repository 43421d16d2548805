"""Packed goods and consumer parts: label, tablets, capsule, cap, keypad, biscuit."""

import numpy as np

from adapp.data.noise import fractal
from adapp.data.procedural.frame import (
    Frame,
    box,
    box_at,
    circle,
    freedom,
    grid_cells,
    pose,
    repeat,
)
from adapp.data.procedural.lettering import print_lines, word
from adapp.data.procedural.surface import (
    Material,
    any_colour,
    bevel,
    ground,
    lamp,
    metal,
    metal_or_plastic,
    paint,
    place,
    plastic,
    rgb,
    shade,
    streaks,
)
from adapp.data.raster import FloatImage, blur

Generator = np.random.Generator


def label(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a printed label: headline, lines of small print, a barcode, a coloured band."""
    paper = any_colour(look) * 0.2 + 195
    ink = any_colour(look) * 0.3
    band = any_colour(look)
    wide, tall, light = look.uniform(0.72, 0.92), look.uniform(0.5, 0.85), lamp(look, rng)
    head, small = word(look, 4, 9), [word(look, 10, 20) for _ in range(int(look.integers(2, 6)))]
    bars = (look.random(95) < 0.5).astype(np.float32)
    banded, code_high = look.random() < 0.7, look.uniform(0.12, 0.24)
    curved = look.uniform(0, 0.12)
    shift, turn = freedom(look)
    frame = pose(size, rng, shift=shift, turn=min(turn, 0.05))
    scene = ground(look, rng, size)
    sheet = box(frame, wide, tall, look.uniform(0, 0.08))
    fibre = (fractal(rng, size, size, 2.5, 2) - 0.5) * 6
    page = paper + fibre[..., None]
    if banded:
        page = paint(page, band, frame.cover(frame.y + np.float32(tall * 0.62)))
    title = Frame(frame.x, frame.y + np.float32(tall * 0.8), frame.pixel, frame.turn)
    front = rgb(250, 250, 250) if banded and band.mean() < 150 else ink
    page = paint(page, front, print_lines(title, [head], min(wide * 1.2, tall * 0.26 * len(head))))
    lines = Frame(frame.x, frame.y + np.float32(tall * 0.12), frame.pixel, frame.turn)
    page = paint(page, ink, print_lines(lines, small, wide * 1.7, tall * 0.85 / len(small)))
    column = np.clip((frame.x / np.float32(wide * 0.8) + 1) * 47.5, 0, 94)
    low = column.astype(np.int32)
    code = bars[low] * frame.cover(
        box_at(frame.x, frame.y - np.float32(tall * 0.68), wide * 0.78, code_high)
    )
    page = paint(page, ink, code)
    page = page * (1 + np.float32(curved) * np.cos(frame.x * np.float32(2.2)))[..., None]
    page = page * (1 + 0.04 * (streaks(rng, size, size, size / 5, 0.4) - 0.5))[..., None]
    return place(scene, page, frame.cover(sheet), light, drop=2.0, depth=0.3)


def pills(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return tablets in rows, bare or in a blister, round or oblong, some with a break line."""
    tablet, light = plastic(look), lamp(look, rng)
    if look.random() < 0.5:
        tablet = Material(rgb(232, 230, 224) * look.uniform(0.85, 1.05), 0.1, 10.0, 0.0)
    second, foil = plastic(look).colour, metal(look).colour
    columns, rows = int(look.integers(1, 6)), int(look.integers(1, 6))
    blister, oblong = look.random() < 0.6, look.uniform(0.0, 0.45)
    scored, two_tone = look.random() < 0.5, look.random() < 0.3
    loose = 0.06 if blister else 0.12
    frame = pose(size, rng, shift=0.012, turn=0.015, zoom=0.006)
    period = (1.9 / columns, 1.9 / rows)
    half = 0.36 * min(period)
    x, y, number = grid_cells(frame, rng, columns, rows, period, loose * half)
    spread = 0.06 if blister else 3.0
    spin = rng.normal(0, spread, columns * rows).astype(np.float32)[number]
    u, v = x * np.cos(spin) + y * np.sin(spin), y * np.cos(spin) - x * np.sin(spin)
    body = box_at(u, v, half * (1 + oblong), half * (1 - oblong), half * (1 - oblong) * 0.98)
    scene = ground(look, rng, size)
    if blister:
        crinkle = fractal(rng, size, size, 5.0 * size / 336, 2) * np.float32(1.6)
        sheet = np.broadcast_to(foil, (size, size, 3))
        scene = shade(crinkle, sheet, Material(foil, 0.3, 12.0, 0.5), light)
    dome = bevel(frame, body, half * 0.8, half * 0.4)
    if scored:
        dome = dome - np.clip(1 - np.abs(u) / np.float32(half * 0.09), 0, 1) * 2
    grain = (fractal(rng, size, size, 2.0, 2) - 0.5) * 9
    skin = tablet.colour + grain[..., None]
    if two_tone:
        skin = paint(skin, second, frame.cover(u))
    drawn = shade(blur(dome, 0.6), skin, tablet, light)
    scene = place(scene, drawn, frame.cover(body), light, drop=4.0)
    if blister:  # the clear bubble shows as a bright rim with a highlight
        bubble = box_at(x, y, half * (1.18 + oblong), half * (1.18 - oblong * 0.6), half * 0.7)
        rim = np.exp(-((bubble / np.float32(half * 0.07)) ** 2))
        glint = bevel(frame, bubble, half * 0.5, half * 0.3)
        shine = shade(glint, np.zeros_like(scene), Material(foil, 1.0, 60.0, 0.0), light)
        scene = scene + (rim * 24)[..., None] + 0.6 * shine
    return scene


def capsule(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return one glossy two-part capsule, lying in a category's direction, with print."""
    one, other = plastic(look), plastic(look)
    light, heading = lamp(look, rng), look.uniform(0, np.pi)
    shift, turn = freedom(look)
    reach, half = look.uniform(0.55, 0.8), look.uniform(0.16, 0.3)
    joint, step = look.uniform(-0.2, 0.2), look.uniform(0.01, 0.03)
    text, ink = word(look, 2, 5), look.choice([20.0, 235.0])
    material = Material(one.colour, look.uniform(0.4, 0.9), look.uniform(20, 80), 0.0)
    frame = pose(size, rng, shift=shift, turn=turn, heading=heading)
    left = frame.cover(frame.x - np.float32(joint))
    body = box(frame, reach, half, half * 0.99)
    body = body + np.float32(step) * (1 - left)
    across = np.clip(1 - (frame.y / np.float32(half)) ** 2, 0, 1)
    along = np.clip((np.float32(reach) - np.abs(frame.x)) / np.float32(half), 0, 1)
    round_end = np.sqrt(across) * np.sqrt(np.clip(along * (2 - along), 0, 1))
    height = round_end * np.float32(half / frame.pixel) * (1 - np.float32(0.1) * (1 - left))
    skin = paint(other.colour + np.zeros((size, size, 3), dtype=np.float32), one.colour, left)
    skin = skin + ((fractal(rng, size, size, 3.0, 2) - 0.5) * 5)[..., None]
    side = Frame(frame.x + np.float32(reach * 0.45), frame.y, frame.pixel, frame.turn)
    skin = paint(skin, rgb(ink, ink, ink), print_lines(side, [text], reach * 0.5) * np.float32(0.8))
    drawn = shade(blur(height.astype(np.float32), 0.8), skin, material, light)
    scene = ground(look, rng, size)
    return place(scene, drawn, frame.cover(body), light, drop=look.uniform(4, 12))


def bottle_cap(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a crown cork or screw cap seen from above: crimped rim, printed or embossed top."""
    material, light = metal_or_plastic(look, 0.6), lamp(look, rng)
    painted, ink = any_colour(look), any_colour(look)
    shift, turn = freedom(look)
    flutes, outer = int(look.integers(18, 60)), look.uniform(0.62, 0.84)
    crimp, top = look.uniform(0.015, 0.06), look.uniform(0.66, 0.86)
    ring, star, points = look.random() < 0.7, look.random() < 0.4, int(look.integers(3, 9))
    text = [word(look, 3, 7) for _ in range(int(look.integers(1, 3)))]
    frame = pose(size, rng, shift=shift, turn=turn)
    radius, angle = frame.radius(), frame.angle()
    wave = np.cos(angle * flutes)
    body = (radius - np.float32(outer - crimp) - np.float32(crimp) * wave).astype(np.float32)
    inner = np.float32(outer * top)
    slope = np.clip((radius - inner) / np.float32(outer - inner), 0, 1)
    height = -slope * slope * np.float32(0.16 / frame.pixel)
    height = height + wave * slope * np.float32(crimp * 0.7 / frame.pixel)
    skin = painted + ((fractal(rng, size, size, 3.0, 2) - 0.5) * 8)[..., None]
    skin = paint(skin, material.colour, frame.cover(inner - radius) * np.float32(0.6))
    if ring:
        band = np.abs(radius - inner * np.float32(0.9)) - np.float32(0.015)
        skin = paint(skin, ink, frame.cover(band))
    if star:
        petals = radius - inner * np.float32(0.45) * (1 + np.float32(0.35) * np.cos(angle * points))
        skin = paint(skin, ink, frame.cover(petals.astype(np.float32)))
        height = height + frame.cover(petals.astype(np.float32)) * 1.5
    else:
        skin = paint(skin, ink, print_lines(frame, text, float(inner) * 1.2))
    drawn = shade(blur(height.astype(np.float32), 0.7), skin, material, light)
    scene = ground(look, rng, size)
    return place(scene, drawn, frame.cover(body), light, drop=look.uniform(4, 10))


def keypad(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a panel of moulded keys with printed signs."""
    panel, key, light = plastic(look), plastic(look), lamp(look, rng)
    accent, ink = plastic(look).colour, any_colour(look)
    if abs(float(ink.mean() - key.colour.mean())) < 60:
        ink = rgb(20, 20, 20) if key.colour.mean() > 120 else rgb(235, 235, 235)
    columns, rows = int(look.integers(2, 6)), int(look.integers(2, 6))
    fill, corner = look.uniform(0.3, 0.42), look.uniform(0.1, 0.95)
    special = look.integers(0, columns * rows, 2)
    signs = [word(look, 1, 2) for _ in range(columns * rows)]
    frame = pose(size, rng, shift=0.01, turn=0.01, zoom=0.005)
    period = (1.92 / columns, 1.92 / rows)
    x, y, number = grid_cells(frame, rng, columns, rows, period, 0.0)
    half_x, half_y = fill * period[0], fill * period[1]
    body = box_at(x, y, half_x, half_y, corner * min(half_x, half_y))
    rough = (fractal(rng, size, size, 2.5, 2) - 0.5) * 9
    scene = np.clip(panel.colour + rough[..., None], 0, 255)
    tops = np.where(np.isin(number, special)[..., None], accent, key.colour).astype(np.float32)
    caps = tops + rough[..., None]
    ink_cover = np.zeros((size, size), dtype=np.float32)
    for index, sign in enumerate(signs):
        here = number == index
        local = Frame(x / np.float32(half_x), y / np.float32(half_x), frame.pixel, 0.0)
        ink_cover = np.where(here, print_lines(local, [sign], 0.28 * len(sign)), ink_cover)
    caps = paint(caps, ink, ink_cover * np.float32(0.9))
    relief = bevel(frame, body, min(half_x, half_y) * 0.35, 0.035)
    drawn = shade(blur(relief, 0.6), caps, key, light)
    return place(scene, drawn, frame.cover(body), light, drop=look.uniform(2, 6))


def biscuit(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return baked goods: round or square, docked with holes, browned towards the rim."""
    tone = rgb(206, 156, 96) * look.uniform(0.7, 1.15) + look.normal(0, 6, 3)
    material = Material(tone.astype(np.float32), 0.03, 5.0, 0.0)
    light, shape = lamp(look, rng), int(look.integers(3))
    shift, turn = freedom(look)
    outer, scallops = look.uniform(0.6, 0.82), int(look.integers(10, 40))
    docks, browned = int(look.integers(0, 6)), look.uniform(0.2, 0.6)
    bumps, crumbs = look.uniform(2, 9), int(look.choice([0, 0, 15, 40]))
    crumb_colour = any_colour(look) * 0.4
    frame = pose(size, rng, shift=shift, turn=turn, zoom=0.02)
    ragged = (fractal(rng, size, size, size / 7, 3) - 0.5) * np.float32(0.05)
    if shape == 0:
        body = frame.radius() - np.float32(outer)
    elif shape == 1:
        body = frame.radius() - outer * (1 + 0.03 * np.cos(frame.angle() * scallops))
    else:
        body = box(frame, outer, outer * 0.8, 0.08)
    body = (body + ragged).astype(np.float32)
    inward = np.clip(-body / np.float32(0.35), 0, 1)
    rough = fractal(rng, size, size, size / 16, 4, 0.65)
    height = bevel(frame, body, 0.16, 0.09) + rough * np.float32(bumps * size / 336)
    brown = 1 - np.float32(browned) * (1 - inward) ** 2 - 0.25 * (rough - 0.5)
    if docks:
        period = 1.5 * outer / docks
        u, v = repeat(frame.x, period), repeat(frame.y, period)
        hole = np.hypot(u, v) - np.float32(0.025)
        hole = np.maximum(hole, body + np.float32(0.12))
        brown = brown * (1 - 0.5 * frame.cover(hole))
        height = height - 4 * frame.cover(hole)
    colour = material.colour * brown[..., None]
    for _ in range(crumbs):
        x, y = rng.uniform(-0.7, 0.7, 2) * outer
        crumb = circle(frame, float(rng.uniform(0.015, 0.05)), float(x), float(y)) + ragged
        colour = paint(colour, crumb_colour, frame.cover(crumb))
        height = height + np.clip(-crumb / np.float32(0.03), 0, 1) * 3
    drawn = shade(blur(height.astype(np.float32), 0.8), colour, material, light)
    scene = ground(look, rng, size)
    return place(scene, drawn, frame.cover(body), light, drop=look.uniform(4, 9))
