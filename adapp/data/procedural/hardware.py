"""Turned, stamped and moulded parts on a ground, from washers to springs and cables."""

import numpy as np

from adapp.data.noise import fractal
from adapp.data.procedural.frame import (
    Frame,
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
from adapp.data.procedural.surface import (
    Light,
    Material,
    any_colour,
    bevel,
    ground,
    lamp,
    metal,
    metal_or_plastic,
    place,
    plastic,
    rgb,
    shade,
    streaks,
)
from adapp.data.raster import FloatImage, FloatMap, blur

Generator = np.random.Generator


def _finish(look: Generator, rng: Generator, frame: Frame, material: Material) -> FloatImage:
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


def _plate(
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
    colour = _finish(look, rng, frame, material)
    relief = bevel(frame, distance, edge, rise)
    if height is not None:
        relief = relief + height
    part = shade(blur(relief, 0.6), colour, material, light)
    return place(scene, part, frame.cover(distance), light, drop=drop, depth=depth)


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
    colour = _finish(look, rng, frame, material)
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
    rim = np.float32(outer)
    if kind == 1:
        rim = rim + np.float32(0.06) * np.cos(frame.angle() * teeth)
    distance = subtract(frame.radius() - rim, circle(frame, outer * inner))
    if kind == 2:
        distance = subtract(distance, box(frame, 0.6, look.uniform(0.012, 0.05), x=0.6 + 0.02))
    return _plate(look, rng, frame, distance.astype(np.float32), material, light)


def gasket(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a flat seal: round or oblong, with bolt holes and sometimes a raised bead."""
    material = plastic(look) if look.random() < 0.75 else metal(look)
    light, bolts = lamp(look, rng), int(look.integers(3, 11))
    shift, turn = freedom(look)
    outer, band = look.uniform(0.62, 0.82), look.uniform(0.12, 0.3)
    hole, squash = look.uniform(0.03, 0.075), look.uniform(0.6, 1.0)
    lugs, bead, lobed = look.random() < 0.5, look.random() < 0.5, look.uniform(0, 0.05)
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
    return _plate(look, rng, frame, distance, material, light, height)


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
    scene = _plate(look, rng, frame, distance, material, light, height.astype(np.float32))
    wall = frame.cover(hole) * frame.cover(np.float32(inner * bore * 0.82) - radius)
    spiral = 0.5 + 0.5 * np.sin(radius * np.float32(threads * 3) + frame.angle())
    tone = material.colour * np.float32(0.25) + (spiral * np.float32(70))[..., None]
    return scene + (tone - scene) * (wall * np.float32(0.85))[..., None]


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
    distance = subtract(outline, *cuts).astype(np.float32)
    raised = np.clip((np.float32(hub) - radius) / np.float32(0.02), 0, 1)
    ring = np.clip((radius - np.float32(outer - tooth - 0.07)) / np.float32(0.02), 0, 1)
    height = (raised + 0.6 * ring) * np.float32(look.uniform(0, 0.035) / frame.pixel)
    return _plate(look, rng, frame, distance, material, light, height)


def screw(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a screw or bolt seen from the side: head, shank, thread, tip."""
    material, light = metal(look), lamp(look, rng)
    shift, turn = freedom(look)
    heading = look.uniform(0, np.pi)
    shank, reach = look.uniform(0.07, 0.15), look.uniform(0.55, 0.8)
    pitch, depth = look.uniform(0.035, 0.085), look.uniform(0.12, 0.3)
    head, long_head = look.uniform(1.6, 2.4), look.uniform(0.1, 0.22)
    kind, bare = int(look.integers(3)), look.uniform(0.0, 0.4)
    pointed = look.random() < 0.6
    frame = pose(size, rng, shift=shift, turn=turn, heading=heading)
    along = frame.x + np.float32(reach)
    length = 2 * reach
    threaded = np.clip((along - np.float32(long_head + bare * length)) * 12, 0, 1)
    end = np.clip((np.float32(length) - along) / np.float32(0.2 if pointed else 0.03), 0, 1)
    phase = (along + frame.y * np.float32(0.25)) / np.float32(pitch)
    ridge = np.abs(phase - np.floor(phase) - np.float32(0.5)) * 2
    half = np.float32(shank) * (1 - np.float32(depth) * threaded * ridge)
    half = half * (end if pointed else np.minimum(1, 0.75 + 0.25 * end))
    body = np.maximum(np.abs(frame.y) - half, np.maximum(-along, along - np.float32(length)))
    if kind == 0:
        cap = box(frame, long_head / 2, shank * head, 0.03, x=-reach + long_head / 2)
    elif kind == 1:
        cone = np.float32(shank * head) - along * np.float32((head - 1) * shank / long_head)
        cap = np.maximum(np.abs(frame.y) - cone, np.abs(along - long_head / 2) - long_head / 2)
    else:
        dome = np.hypot((along - long_head) / np.float32(long_head), frame.y / (shank * head)) - 1
        cap = np.maximum(dome * np.float32(long_head), along - np.float32(long_head))
    distance = union(body, cap).astype(np.float32)
    widest = np.where(along < long_head, np.float32(shank * head), np.maximum(half, 0.01))
    bulge = np.sqrt(np.clip(1 - (frame.y / widest) ** 2, 0, 1))
    height = bulge * widest / np.float32(frame.pixel)
    height = height - threaded * ridge * np.float32(0.35 * pitch / frame.pixel)
    colour = _finish(look, rng, frame, material)
    part = shade(blur(height.astype(np.float32), 0.7), colour, material, light)
    scene = ground(look, rng, size)
    return place(scene, part, frame.cover(distance), light, drop=look.uniform(4, 10), depth=0.5)


def bearing(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a ball bearing: two rings, balls or a seal between them."""
    material, light = metal(look), lamp(look, rng)
    shift, turn = freedom(look)
    outer, bore = look.uniform(0.68, 0.86), look.uniform(0.24, 0.4)
    balls, sealed = int(look.integers(6, 13)), look.random() < 0.3
    seal_colour, thick = any_colour(look) * 0.7, look.uniform(0.2, 0.3)
    frame = pose(size, rng, shift=shift, turn=9.0 if turn > 3 else turn)
    radius, width = frame.radius(), outer - bore
    distance = np.maximum(radius - np.float32(outer), np.float32(bore) - radius)
    inner_edge, outer_edge = bore + thick * width, outer - thick * width
    race = np.minimum(radius - np.float32(inner_edge), np.float32(outer_edge) - radius)
    groove = np.clip(race / np.float32(0.02), 0, 1)
    height = -groove * np.float32(0.05 / frame.pixel)
    middle, ball = (inner_edge + outer_edge) / 2, (outer_edge - inner_edge) * 0.47
    spin = rng.uniform(0, 2 * np.pi)
    step = 2 * np.pi / balls
    turned = repeat(frame.angle() - np.float32(spin), step)
    apart = np.hypot(radius * np.cos(turned) - middle, radius * np.sin(turned))
    dome = np.sqrt(np.clip(ball * ball - apart * apart, 0, None)) / np.float32(frame.pixel)
    colour = _finish(look, rng, frame, material)
    dark = np.where((groove > 0.5) & (apart > ball), np.float32(0.22), np.float32(1))
    if sealed:
        seal = groove[..., None] * np.float32(0.95)
        colour = colour + (seal_colour - colour) * seal
        dark = np.ones_like(dark)
    else:
        height = height + dome
    scene = ground(look, rng, size)
    part = shade(
        blur(height.astype(np.float32) + bevel(frame, distance, 0.03, 0.02), 0.6),
        colour * dark[..., None],
        material,
        light,
    )
    return place(scene, part, frame.cover(distance), light, drop=look.uniform(2, 7))


def spring(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a coil spring or cable wound on a core, seen from the side."""
    material, light = metal_or_plastic(look, 0.7), lamp(look, rng)
    shift, turn = freedom(look)
    coils, half = look.uniform(6, 20), look.uniform(0.16, 0.34)
    reach, wire = look.uniform(0.6, 0.85), look.uniform(0.3, 0.48)
    lean, cored = look.uniform(0.1, 0.5), look.random() < 0.4
    core = plastic(look)
    frame = pose(size, rng, shift=shift, turn=turn, heading=look.uniform(0, np.pi), zoom=0.02)
    scene = ground(look, rng, size)
    period = np.float32(2 * reach / coils)
    if cored:
        rod = box(frame, reach * 1.1, half * 0.7, 0.03)
        round_rod = np.sqrt(np.clip(1 - (frame.y / (half * 0.7)) ** 2, 0, 1))
        flat = np.broadcast_to(core.colour, (size, size, 3))
        bar = shade((round_rod * half / frame.pixel).astype(np.float32), flat, core, light)
        scene = place(scene, bar, frame.cover(rod), light)
    for back in (True, False):
        tilt = np.float32(lean) * period * (-1 if back else 1)
        u = repeat(frame.x + tilt * frame.y / np.float32(half), float(period))
        inside = np.maximum(np.abs(u) - period * np.float32(wire), np.abs(frame.y) - half)
        inside = np.maximum(inside, np.abs(frame.x) - np.float32(reach))
        tube = np.sqrt(np.clip(1 - (u / (period * np.float32(wire))) ** 2, 0, 1)) * period
        arch = np.sqrt(np.clip(1 - (frame.y / np.float32(half)) ** 2, 0, 1)) * np.float32(half)
        height = (tube * np.float32(wire) + arch * (-0.4 if back else 1)) / np.float32(frame.pixel)
        colour = np.broadcast_to(material.colour * (0.55 if back else 1.0), (size, size, 3))
        coil = shade(blur(height.astype(np.float32), 0.6), colour, material, light)
        scene = place(scene, coil, frame.cover(inside.astype(np.float32)), light, drop=2.0)
    return scene


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
    return _plate(look, rng, frame, distance, material, light, rib * np.float32(size / 336))


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
    return _plate(look, rng, frame, distance, material, light, height)


def cable(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return the cut end of a cable: coloured cores with copper strands in a sheath."""
    sheath, light = plastic(look), lamp(look, rng)
    shift, turn = freedom(look)
    cores, outer = int(look.integers(2, 6)), look.uniform(0.68, 0.85)
    colours = [plastic(look) for _ in range(cores)]
    strand_colour = rgb(196, 130, 92) if look.random() < 0.7 else rgb(190, 190, 192)
    frame = pose(size, rng, shift=shift, turn=turn)
    scene = ground(look, rng, size)
    body = circle(frame, outer)
    flat = np.broadcast_to(sheath.colour, (size, size, 3))
    jacket = shade(bevel(frame, body, 0.06, 0.04), flat, sheath, light)
    scene = place(scene, jacket, frame.cover(body), light)
    reach = outer * 0.82 / (1 + 1 / np.sin(np.pi / cores))
    for index, core in enumerate(colours):
        angle = 2 * np.pi * index / cores + rng.normal(0, 0.03)
        x, y = (outer * 0.85 - reach) * np.cos(angle), (outer * 0.85 - reach) * np.sin(angle)
        outside, inside = circle(frame, reach, x, y), circle(frame, reach * 0.62, x, y)
        flat = np.broadcast_to(core.colour, (size, size, 3))
        insulated = shade(bevel(frame, outside, 0.05, 0.05), flat, core, light)
        scene = place(scene, insulated, frame.cover(outside), light, drop=3.0)
        pitch = reach * 0.22
        row = np.round((frame.y - y) / np.float32(pitch * 0.866))
        u = repeat(frame.x - np.float32(x) - (row % 2) * np.float32(pitch / 2), pitch)
        v = repeat(frame.y - np.float32(y), pitch * 0.866)
        wire = np.sqrt(np.clip(1 - (u * u + v * v) / np.float32((pitch / 2) ** 2), 0, 1))
        copper = strand_colour * (0.45 + 0.55 * wire)[..., None]
        strands = shade(
            (wire * np.float32(pitch / 2 / frame.pixel)).astype(np.float32),
            copper.astype(np.float32),
            Material(strand_colour, 0.5, 20.0, 0.6),
            light,
        )
        scene = place(scene, strands, frame.cover(inside), light, drop=1.0)
    return scene
