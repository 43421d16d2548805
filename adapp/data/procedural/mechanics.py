"""Round hardware: screw, bearing, spring, cable end."""

import numpy as np

from adapp.data.procedural.frame import box, circle, freedom, pose, repeat, union
from adapp.data.procedural.plate import skin
from adapp.data.procedural.surface import (
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
)
from adapp.data.raster import FloatImage, blur

Generator = np.random.Generator


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
    colour = skin(look, rng, frame, material)
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
    colour = skin(look, rng, frame, material)
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
