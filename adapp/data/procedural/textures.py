"""Surfaces of one stuff: metal, cast iron, leather, wood, concrete, marble, granite, foam."""

import numpy as np

from adapp.data.noise import cells, colourise, fractal, stretch
from adapp.data.procedural.frame import pose
from adapp.data.procedural.surface import (
    Material,
    any_colour,
    lamp,
    metal,
    plastic,
    rgb,
    shade,
    streaks,
)
from adapp.data.raster import FloatImage, FloatMap, as_float, blur, warp

Generator = np.random.Generator


def _scale(size: int) -> float:
    return size / 336


def brushed_metal(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return sheet metal brushed along one direction, or turned in circles."""
    material, light = metal(look), lamp(look, rng)
    angle, length = look.uniform(0, np.pi), look.uniform(0.15, 1.2) * size
    strength, fine = look.uniform(8, 40), look.uniform(1.0, 2.5) * _scale(size)
    turned = look.random() < 0.3
    centre = look.uniform(-1.6, 1.6, 2)
    sheen, broad = look.uniform(0, 0.35), look.uniform(10, 40) * _scale(size)
    heading = angle + rng.normal(0, 0.01)
    if turned:
        frame = pose(size, rng, shift=0.01)
        radius = np.hypot(frame.x - centre[0], frame.y - centre[1])
        line = rng.standard_normal(4 * size, dtype=np.float32)
        line = as_float(np.convolve(line, np.ones(3) / 3, mode="same"))
        at = np.clip(radius / 4 * (4 * size), 0, 4 * size - 1).astype(np.int32)
        lines = stretch(line[at].astype(np.float32))
        around = np.arctan2(frame.y - centre[1], frame.x - centre[0])
        glow = np.cos(2 * (around - heading)).astype(np.float32)
    else:
        lines = 0.6 * streaks(rng, size, length, fine, heading)
        lines += 0.4 * streaks(rng, size, length / 3, fine, heading)
        glow = streaks(rng, size, 3 * size, broad * 3, heading) * 2 - 1
    flat = np.broadcast_to(material.colour, (size, size, 3))
    height = (lines * np.float32(0.6)).astype(np.float32)
    lit = shade(height, flat, material, light)
    lit += ((lines - lines.mean()) * np.float32(strength))[..., None]
    return as_float(lit * (1 + sheen * glow)[..., None])


def cast_surface(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a sand-cast, shot-blasted or hammer-painted surface: bumps under slanting light."""
    material = metal(look) if look.random() < 0.6 else plastic(look)
    light = lamp(look, rng)
    cell, octaves = look.uniform(3, 22) * _scale(size), int(look.integers(2, 5))
    rise, blotch = look.uniform(0.6, 4.0) * _scale(size), look.uniform(0, 0.2)
    ridged = look.random() < 0.35
    bumps = fractal(rng, size, size, cell, octaves, look.uniform(0.4, 0.7))
    if ridged:
        bumps = 1 - np.abs(2 * bumps - 1)
    tone = 1 + np.float32(blotch) * (fractal(rng, size, size, size / 4, 2) - 0.5)
    colour = material.colour * tone[..., None]
    return shade(bumps * np.float32(rise * 2.5), colour, material, light)


def _pebbles(rng: Generator, size: int, count: int) -> FloatMap:
    """Return domes over a Voronoi partition, 1 in the middle of a cell and 0 at its farthest."""
    labels, distance = cells(rng, size, size, count)
    farthest = np.zeros(int(labels.max()) + 1, dtype=np.float32)
    np.maximum.at(farthest, labels.ravel(), distance.ravel())
    return as_float(1 - (distance / np.maximum(farthest, 1)[labels]) ** 2)


def leather(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return grained leather or moulded plastic: pebbles between fine creases."""
    material, light = plastic(look), lamp(look, rng)
    count = int(look.uniform(350, 5000))
    crease, rise = look.uniform(0.25, 0.7), look.uniform(1.2, 3.5)
    tint = look.uniform(0.04, 0.2)
    dome, detail = _pebbles(rng, size, count), _pebbles(rng, size, count * 3)
    height = blur(dome + 0.35 * detail, 0.8 * _scale(size)) * np.float32(rise)
    dark = np.clip((1 - dome) * np.float32(2.2) - np.float32(2.2 - 1.4 * crease), 0, 1)
    tones = 1 + np.float32(tint) * (fractal(rng, size, size, size / 3, 3) - 0.5)
    colour = material.colour * (tones * (1 - np.float32(0.5) * dark))[..., None]
    return shade(height, colour, material, light)


_WOODS = ((196, 150, 100), (150, 100, 62), (222, 186, 138), (110, 72, 48), (186, 160, 130))


def wood(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return wood: rings cut along the grain, pores, sometimes in planks."""
    base = np.array(_WOODS[int(look.integers(len(_WOODS)))], dtype=np.float32)
    base = np.clip(base * look.uniform(0.8, 1.2) + look.normal(0, 8, 3), 20, 245)
    angle, rings = look.uniform(0, np.pi), look.uniform(4, 26)
    wavy, depth, pores = look.uniform(0.1, 0.8), look.uniform(15, 60), look.uniform(5, 30)
    planks, sharp = int(look.integers(0, 5)), look.uniform(1.0, 3.5)
    frame = pose(size, rng, heading=angle, shift=0.3, turn=0.03)
    along = streaks(rng, size, size * 0.9, size * 0.25, angle)
    offset = np.zeros((size, size), dtype=np.float32)
    seam = np.zeros((size, size), dtype=np.float32)
    if planks > 1:
        place = (frame.y + 4) * np.float32(planks / 2)
        offset = rng.uniform(0, 20, 16 * planks).astype(np.float32)[place.astype(np.int32)]
        gap = np.abs(place - np.round(place)) * np.float32(2 / planks)
        seam = np.clip(1 - gap / np.float32(0.006 + frame.pixel), 0, 1)
    turns = (frame.y + np.float32(wavy) * along) * np.float32(rings) + offset
    ring = (turns - np.floor(turns)) ** np.float32(sharp)
    fibre = streaks(rng, size, size * 0.12, 1.4 * _scale(size), angle)
    plank_tone = np.sin(offset * 7) * np.float32(9)
    tone = np.float32(depth) * (0.4 - ring) + np.float32(pores) * (fibre - 0.5) + plank_tone
    tinted = base + tone[..., None] * rgb(1.0, 0.9, 0.75)
    return as_float(tinted * (1 - 0.7 * seam)[..., None])


def concrete(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return concrete, plaster or asphalt: blotches, grit and small voids."""
    base = look.uniform(70, 205) + look.normal(0, 6, 3)
    blotch, grit = look.uniform(6, 34), look.uniform(4, 26)
    voids, grain = int(look.integers(0, 90)), look.uniform(1.2, 5.0) * _scale(size)
    light = lamp(look, rng)
    stones = look.random() < 0.35
    cloud = fractal(rng, size, size, size / look.uniform(2, 6), 5, 0.6) - 0.5
    fine = fractal(rng, size, size, grain, 2, 0.7) - 0.5
    tone = np.float32(blotch) * cloud + np.float32(grit) * fine
    height = fine * np.float32(1.2)
    if stones:
        labels, distance = cells(rng, size, size, int(look.uniform(900, 6000)))
        tones = rng.normal(0, look.uniform(8, 30), int(labels.max()) + 1).astype(np.float32)
        tone += blur(tones[labels], 0.8)
        height -= distance * np.float32(0.25)
    dark = np.zeros((size, size), dtype=np.float32)
    frame = pose(size, rng)
    for _ in range(voids):
        x, y = rng.uniform(-1, 1, 2)
        radius = 0.004 + 0.02 * rng.beta(1, 6)
        dark = np.maximum(dark, frame.cover(np.hypot(frame.x - x, frame.y - y) - radius))
    colour = (base.astype(np.float32) + tone[..., None]) * (1 - np.float32(0.55) * dark)[..., None]
    return shade(height - 2 * dark, colour, Material(rgb(0, 0, 0), 0.0, 1.0, 0.0), light)


def marble(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return polished marble: warped clouds with dark or light veins."""
    one, other = any_colour(look) * 0.4 + 130, any_colour(look) * 0.4 + 90
    if look.random() < 0.4:
        one, other = one - 95, other - 60
    vein_colour = any_colour(look) * 0.5 + look.choice([0.0, 110.0])
    veins, thin = look.uniform(1.2, 4.0), look.uniform(6, 22)
    strength, reach = look.uniform(0.4, 0.95), look.uniform(0.1, 0.5) * size
    bent_x = (fractal(rng, size, size, size / 2.5, 4) - 0.5) * np.float32(reach)
    bent_y = (fractal(rng, size, size, size / 2.5, 4) - 0.5) * np.float32(reach)
    cloud = warp(fractal(rng, size, size, size / 2, 5, 0.6), bent_x, bent_y)
    scene = colourise(cloud, np.stack([one, other]))
    for share in (1.0, 0.5):
        field = warp(fractal(rng, size, size, size / veins * share, 3), bent_x, bent_y)
        vein = np.clip(1 - np.abs(field - 0.5) * np.float32(thin / share), 0, 1) ** 1.5
        vein *= np.float32(strength * share) * fractal(rng, size, size, size / 3, 2)
        scene += (vein_colour - scene) * vein[..., None]
    return scene


def granite(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return granite or terrazzo: chips of a few minerals."""
    count, kinds = int(look.uniform(600, 9000)), int(look.integers(3, 7))
    palette = np.stack([any_colour(look) for _ in range(kinds)])
    middle = palette.mean(axis=0)
    palette = middle + (palette - middle) * look.uniform(0.25, 0.9)
    weights = look.dirichlet(np.full(kinds, 0.9))
    joints, inside = look.uniform(0, 0.8), look.uniform(2, 14)
    matrix_colour = any_colour(look) * 0.5 + 80
    rough = look.uniform(1, 5)
    labels, distance = cells(rng, size, size, count)
    chosen = rng.choice(kinds, size=int(labels.max()) + 1, p=weights)
    scene = palette.astype(np.float32)[chosen[labels]]
    scene += ((fractal(rng, size, size, rough, 3) - 0.5) * np.float32(2 * inside))[..., None]
    if joints > 0.35:
        radius = np.float32(size / np.sqrt(count))
        edge = np.clip(distance / radius * np.float32(2.2) - np.float32(1.9 - joints), 0, 1)
        scene += (matrix_colour - scene) * blur(edge, 0.6)[..., None]
    return blur(scene, 0.5 * _scale(size))


def foam(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return foam, sponge or bread: pores of many sizes with lit rims."""
    material, light = plastic(look), lamp(look, rng)
    count, depth = int(look.uniform(150, 1800)), look.uniform(0.35, 0.85)
    height = np.zeros((size, size), dtype=np.float32)
    pores = np.zeros((size, size), dtype=np.float32)
    wide = look.uniform(0.55, 0.95)
    for number, share in ((count, wide), (count * 4, wide * 0.8)):
        labels, distance = cells(rng, size, size, number)
        radius = np.float32(size / np.sqrt(number) * 0.5)
        reach = radius * np.float32(share) * rng.uniform(0.3, 1.2, int(labels.max()) + 1)
        inside = np.clip(1 - distance / np.maximum(reach[labels], 0.5), 0, 1).astype(np.float32)
        height -= np.sqrt(inside) * radius * np.float32(0.5)
        pores = np.maximum(pores, np.clip(inside * 2.5, 0, 1))
    tone = 1 + np.float32(0.1) * (fractal(rng, size, size, size / 4, 3) - 0.5)
    colour = material.colour * (tone * (1 - np.float32(depth) * pores))[..., None]
    return shade(blur(height, 0.7 * _scale(size)), colour, material, light)
