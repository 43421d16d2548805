"""Flat hardware: perforated plate, washer, gasket, nut, gear, bracket, flange."""

import numpy as np

from adapp.data.noise import fractal
from adapp.data.procedural.frame import (
    box,
    box_at,
    circle,
    freedom,
    polygon,
    pose,
    repeat,
    segment,
    subtract,
    union,
)
from adapp.data.procedural.plate import plate, skin
from adapp.data.procedural.surface import (
    any_colour,
    bevel,
    lamp,
    metal,
    metal_or_plastic,
    place,
    plastic,
    shade,
)
from adapp.data.raster import FloatImage, as_float, blur

Generator = np.random.Generator


def perforated_plate(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return sheet with punched holes, in rows or staggered, round, square or slotted."""
    material, light = metal_or_plastic(look, 0.75), lamp(look, rng)
    number, fill = look.uniform(4, 15), look.uniform(0.22, 0.4)
    staggered, shape = look.random() < 0.5, int(look.integers(3))
    back = any_colour(look) * look.choice([0.12, 0.3, 0.9])
    frame = pose(size, rng, shift=look.uniform(0.002, 0.15), turn=0.01, zoom=0.006)
    period = np.float32(2 / number)
    tall = period * np.float32(0.866 if staggered else 1.0)
    row = np.round(frame.y / tall)
    shift = np.where(row % 2 == 1, period / 2, np.float32(0)) if staggered else np.float32(0)
    u, v = repeat(frame.x - shift, float(period)), repeat(frame.y, float(tall))
    if shape == 0:
        hole = np.hypot(u, v) - period * np.float32(fill)
    elif shape == 1:
        hole = box_at(u, v, float(period) * fill * 0.9, float(period) * fill * 0.9, 0.008)
    else:
        hole = box_at(
            u,
            v,
            float(period) * fill * 1.15,
            float(period) * fill * 0.55,
            0.4 * float(period) * fill,
        )
    scene = back + ((fractal(rng, size, size, size / 4, 3) - 0.5) * 10)[..., None]
    colour = skin(look, rng, frame, material)
    relief = blur(bevel(frame, -hole, look.uniform(0.01, 0.03), look.uniform(0.01, 0.03)), 0.5)
    part = shade(relief, colour, material, light)
    drop = look.uniform(2, 9)
    return place(scene.astype(np.float32), part, frame.cover(-hole), light, drop=drop, depth=0.6)


def washer(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a washer: plain, toothed, or split."""
    material, light = metal_or_plastic(look, 0.8), lamp(look, rng)
    shift, turn = freedom(look)
    outer, inner = look.uniform(0.5, 0.85), look.uniform(0.3, 0.68)
    kind, teeth = int(look.integers(3)), int(look.integers(8, 22))
    frame = pose(size, rng, shift=shift, turn=turn)
    tooth = np.float32(0.06 if kind == 1 else 0.0)
    rim = np.float32(outer) + tooth * np.cos(frame.angle() * teeth)
    distance = subtract(frame.radius() - rim, circle(frame, outer * inner))
    if kind == 2:
        distance = subtract(distance, box(frame, 0.6, look.uniform(0.012, 0.05), x=0.6 + 0.02))
    return plate(look, rng, frame, distance.astype(np.float32), material, light)


def gasket(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a flat seal: round or oblong, with bolt holes and sometimes a raised bead."""
    material = plastic(look) if look.random() < 0.75 else metal(look)
    light, bolts = lamp(look, rng), int(look.integers(3, 11))
    shift, turn = freedom(look)
    outer, band = look.uniform(0.62, 0.82), look.uniform(0.12, 0.3)
    hole, squash = look.uniform(0.03, 0.075), look.uniform(0.6, 1.0)
    lugs, bead, lobed = look.random() < 0.5, look.random() < 0.5, look.uniform(0, 0.05)
    hole = hole if lugs else min(hole, 0.36 * band)
    frame = pose(size, rng, shift=shift, turn=turn)
    stretched = np.hypot(frame.x, frame.y / np.float32(squash))
    outline = stretched - np.float32(outer)
    outline = outline + np.float32(lobed) * np.cos(frame.angle() * bolts)
    inside = stretched - np.float32(outer - band)
    holes, ears = [], []
    for index in range(bolts):
        angle = 2 * np.pi * index / bolts
        reach = outer - band / 2 + (0.08 if lugs else 0.0)
        x, y = reach * np.cos(angle), reach * np.sin(angle) * squash
        holes.append(circle(frame, hole, x, y))
        ears.append(circle(frame, hole + 0.06, x, y))
    body = union(outline, *ears) if lugs else outline
    distance = subtract(body, inside, *holes).astype(np.float32)
    height = None
    if bead:
        ridge = np.abs(stretched - np.float32(outer - band * 0.75))
        height = np.clip(1 - ridge / np.float32(0.03), 0, 1) * np.float32(3.5 * size / 336)
    return plate(look, rng, frame, distance, material, light, height)


def hex_nut(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a nut with chamfer and threaded bore, hexagonal, square, or with a flange."""
    material, light = metal_or_plastic(look, 0.85), lamp(look, rng)
    shift, turn = freedom(look)
    sides = int(look.choice([6, 6, 6, 4, 8]))
    inner, bore = look.uniform(0.42, 0.66), look.uniform(0.45, 0.66)
    flanged, threads = look.random() < 0.35, look.uniform(30, 70)
    frame = pose(size, rng, shift=shift, turn=turn)
    prism = polygon(frame, sides, inner)
    hole = circle(frame, inner * bore)
    body = union(prism, circle(frame, inner * 1.35)) if flanged else prism
    distance = subtract(body, hole).astype(np.float32)
    radius = frame.radius()
    chamfer = np.clip((radius - np.float32(inner * 0.93)) / np.float32(0.14), 0, 1)
    height = -chamfer * np.float32(0.09 / frame.pixel)
    if flanged:
        height = height - (prism > 0) * np.float32(0.05 / frame.pixel)
    sunk = np.clip((np.float32(inner * bore + 0.05) - radius) / np.float32(0.05), 0, 1)
    height = height - sunk * np.float32(0.05 / frame.pixel)
    scene = plate(look, rng, frame, distance, material, light, height.astype(np.float32))
    wall = frame.cover(hole) * frame.cover(np.float32(inner * bore * 0.82) - radius)
    spiral = 0.5 + 0.5 * np.sin(radius * np.float32(threads * 3) + frame.angle())
    tone = material.colour * np.float32(0.25) + (spiral * np.float32(70))[..., None]
    return as_float(scene + (tone - scene) * (wall * np.float32(0.85))[..., None])


def gear(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a toothed wheel with hub, bore, keyway and sometimes lightening holes."""
    material, light = metal_or_plastic(look, 0.7), lamp(look, rng)
    shift, turn = freedom(look)
    teeth, outer = int(look.integers(10, 46)), look.uniform(0.6, 0.82)
    tooth, bore = look.uniform(0.05, 0.12), look.uniform(0.1, 0.24)
    spokes, keyed = int(look.choice([0, 0, 3, 4, 5, 6])), look.random() < 0.6
    hub = bore + look.uniform(0.06, 0.16)
    steep = look.uniform(1.5, 5)
    frame = pose(size, rng, shift=shift, turn=turn)
    radius = frame.radius()
    wave = np.tanh(np.float32(steep) * np.cos(frame.angle() * teeth))
    outline = radius - np.float32(outer - tooth / 2) - np.float32(tooth / 2) * wave
    cuts = [circle(frame, bore)]
    if keyed:
        cuts.append(box(frame, bore * 0.25, bore * 0.4, y=-bore))
    middle = (hub + outer - tooth) / 2
    for index in range(spokes):
        angle = 2 * np.pi * (index + 0.5) / spokes
        cuts.append(
            circle(
                frame,
                min(0.36 * (outer - tooth - hub), 2.2 * middle / max(spokes, 1) * 0.6),
                middle * np.cos(angle),
                middle * np.sin(angle),
            )
        )
    distance = subtract(as_float(outline), *cuts)
    raised = np.clip((np.float32(hub) - radius) / np.float32(0.02), 0, 1)
    ring = np.clip((radius - np.float32(outer - tooth - 0.07)) / np.float32(0.02), 0, 1)
    height = (raised + 0.6 * ring) * np.float32(look.uniform(0, 0.035) / frame.pixel)
    return plate(look, rng, frame, distance, material, light, height)


def bracket(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a flat bracket: a random outline of arms with holes, slots and a pressed rib."""
    material, light = metal_or_plastic(look, 0.75), lamp(look, rng)
    shift, turn = freedom(look)
    arms = int(look.integers(2, 5))
    angles = np.cumsum(look.uniform(0.8, 2.4, arms))
    lengths, widths = look.uniform(0.35, 0.72, arms), look.uniform(0.1, 0.22, arms)
    drilled = look.random(arms) < 0.8
    ribbed, middle_hole = look.random() < 0.5, look.uniform(0.05, 0.14)
    frame = pose(size, rng, shift=shift, turn=turn)
    bodies, cuts = [circle(frame, middle_hole + 0.13)], [circle(frame, middle_hole)]
    rib = np.zeros((size, size), dtype=np.float32)
    for angle, length, width, has_hole in zip(angles, lengths, widths, drilled, strict=True):
        tip = (float(length * np.cos(angle)), float(length * np.sin(angle)))
        arm = segment(frame, (0.0, 0.0), tip, float(width))
        bodies.append(arm)
        if has_hole:
            cuts.append(circle(frame, float(width) * 0.45, *tip))
        if ribbed:
            line = segment(frame, (tip[0] * 0.4, tip[1] * 0.4), (tip[0] * 0.7, tip[1] * 0.7), 0.02)
            rib = np.maximum(rib, np.clip(1 - line / np.float32(0.02), 0, 1) * 3)
    distance = subtract(union(*bodies), *cuts).astype(np.float32)
    return plate(look, rng, frame, distance, material, light, rib * np.float32(size / 336))


def flange(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a machined flange or impeller: concentric steps, bolt circle, curved vanes."""
    material, light = metal_or_plastic(look, 0.8), lamp(look, rng)
    shift, turn = freedom(look)
    steps, vanes = int(look.integers(2, 6)), int(look.choice([0, 0, 5, 6, 8, 12]))
    radii = np.sort(look.uniform(0.2, 0.86, steps))
    levels = look.uniform(-0.06, 0.06, steps)
    outer, bore = look.uniform(0.82, 0.92), look.uniform(0.08, 0.16)
    bolts, circle_at = int(look.integers(3, 9)), look.uniform(0.45, 0.72)
    twist, edge = look.uniform(-4, 4), look.uniform(0.012, 0.04)
    frame = pose(size, rng, shift=shift, turn=turn)
    radius = frame.radius()
    height = np.zeros((size, size), dtype=np.float32)
    for at, level in zip(radii, levels, strict=True):
        rise = np.clip((radius - np.float32(at)) / np.float32(edge), 0, 1)
        height += rise * rise * (3 - 2 * rise) * np.float32(level / frame.pixel)
    if vanes:
        phase = np.cos(vanes * (frame.angle() + np.float32(twist) * radius))
        ring = np.clip((radius - 0.3) * 12, 0, 1) * np.clip((0.7 - radius) * 12, 0, 1)
        height += ring * np.clip(phase * 4, -1, 1) * np.float32(0.02 / frame.pixel)
    cuts = [circle(frame, bore)]
    for index in range(bolts if look.random() < 0.75 else 0):
        angle = 2 * np.pi * index / bolts
        cuts.append(circle(frame, 0.045, circle_at * np.cos(angle), circle_at * np.sin(angle)))
    distance = subtract(radius - np.float32(outer), *cuts).astype(np.float32)
    return plate(look, rng, frame, distance, material, light, height)
