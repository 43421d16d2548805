"""Surfaces with a repeat: cloth, knit, tiles, carpet, mesh, tread plate, carton, solar cell."""

import numpy as np

from adapp.data.noise import cells, fractal
from adapp.data.procedural.frame import Frame, box_at, pose, repeat
from adapp.data.procedural.surface import (
    Material,
    any_colour,
    ground,
    lamp,
    metal_or_plastic,
    paint,
    place,
    plastic,
    rgb,
    shade,
    streaks,
)
from adapp.data.raster import FloatImage, FloatMap, as_float, blur, warp

Generator = np.random.Generator
_MATT = Material(rgb(0, 0, 0), 0.0, 1.0, 0.0)


def _wavy(frame: Frame, rng: Generator, amount: float) -> tuple[FloatMap, FloatMap]:
    """Return the frame's coordinates under a slow random drift: cloth never lies straight."""
    drift_x = (fractal(rng, frame.size, frame.size, frame.size / 2.5, 2) - 0.5) * np.float32(amount)
    drift_y = (fractal(rng, frame.size, frame.size, frame.size / 2.5, 2) - 0.5) * np.float32(amount)
    return frame.x + drift_x, frame.y + drift_y


def woven_fabric(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return cloth: plain weave, twill or satin of two yarns, carbon fibre among them."""
    warp_colour, weft_colour = any_colour(look), any_colour(look)
    if look.random() < 0.55:
        weft_colour = warp_colour * look.uniform(0.75, 1.1)
    threads, step = look.uniform(16, 62), int(look.integers(1, 5))
    over = int(look.integers(1, max(2, step)))
    angle = float(look.choice([0.0, 0.0, np.pi / 4, 0.3]))
    uneven, fluff, light = look.uniform(0.05, 0.3), look.uniform(5, 30), lamp(look, rng)
    gloss = look.uniform(0, 0.25)
    frame = pose(size, rng, heading=angle, shift=0.4, turn=0.015, zoom=0.008)
    x, y = _wavy(frame, rng, 0.03)
    column, row = x * np.float32(threads / 2), y * np.float32(threads / 2)
    at_column, at_row = np.floor(column).astype(np.int32), np.floor(row).astype(np.int32)
    period = step + 1
    warp_on_top = ((at_column + at_row * (over if step > 1 else 1)) % period) < max(1, period // 2)
    across, down = column - at_column - 0.5, row - at_row - 0.5
    yarn = np.where(warp_on_top, across, down)
    along = np.where(warp_on_top, down, across)
    height = np.sqrt(np.maximum(0.26 - yarn * yarn, 0.002)) - np.float32(0.5) * along * along
    pitch = size / threads
    index = np.where(warp_on_top, at_column, at_row + 4096) % 8192
    tones = 1 + rng.normal(0, uneven * 0.35, 8192).astype(np.float32)
    fibres = np.where(
        warp_on_top,
        streaks(rng, size, pitch * 1.5, 1.0, frame.turn + np.pi / 2),
        streaks(rng, size, pitch * 1.5, 1.0, frame.turn),
    )
    colour = np.where(warp_on_top[..., None], warp_colour, weft_colour).astype(np.float32)
    colour = colour * tones[index][..., None] + ((fibres - 0.5) * np.float32(fluff))[..., None]
    shaded = shade(
        blur((height * pitch * 0.8).astype(np.float32), 0.5),
        colour,
        Material(warp_colour, gloss, 10.0, 0.0),
        light,
    )
    gap = np.clip((0.12 - (0.5 - np.abs(yarn))) * 6, 0, 1)
    return as_float(shaded * (1 - 0.5 * gap)[..., None])


def knit(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return knitwear: columns of slanted loops."""
    colour, second, light = any_colour(look), any_colour(look), lamp(look, rng)
    loops, slant = look.uniform(9, 30), look.uniform(0.5, 1.1)
    striped, fluff = look.random() < 0.35, look.uniform(8, 30)
    band = int(look.integers(2, 7))
    frame = pose(size, rng, heading=look.uniform(0, np.pi), shift=0.4, turn=0.02, zoom=0.01)
    x, y = _wavy(frame, rng, 0.05)
    column = x * np.float32(loops / 2)
    across = np.abs(column - np.floor(column) - 0.5) * 2
    row = y * np.float32(loops * 0.62) + across * np.float32(slant)
    at_row = np.floor(row).astype(np.int32)
    part = row - at_row - np.float32(0.5)
    loop = np.maximum(1 - (part * 2.1) ** 2 - ((across - 0.5) * 1.75) ** 2 * 0.8, 0)
    height = np.sqrt(loop).astype(np.float32) * np.float32(size / loops * 0.45)
    base = np.where(((at_row // band) % 2 == 1)[..., None] & striped, second, colour)
    fuzz = fractal(rng, size, size, 3.0, 2) - 0.5
    base = base + (fuzz * np.float32(fluff))[..., None]
    dark = 1 - np.float32(0.6) * np.clip(1 - loop * 3, 0, 1)
    return shade(blur(height, 0.7), base.astype(np.float32) * dark[..., None], _MATT, light)


def tile(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return glazed tiles or bricks with joints, each piece of a slightly different tone."""
    material, light = plastic(look), lamp(look, rng)
    joint_colour = any_colour(look) * 0.4 + 80
    number, ratio = look.uniform(1.6, 7), float(look.choice([1.0, 1.0, 2.0, 2.6]))
    joint, varied = look.uniform(0.02, 0.07), look.uniform(0.0, 0.16)
    bond, mottled = look.random() < 0.5 and ratio > 1, look.uniform(2, 26)
    corner, sides = look.uniform(0.0, 0.06), look.uniform(0.01, 0.05)
    frame = pose(size, rng, shift=0.3, turn=0.01, zoom=0.01)
    width, tall = 2 / number, 2 / number / ratio
    row = np.round(frame.y / np.float32(tall))
    shift = np.where(row % 2 == 1, np.float32(width / 2), 0) if bond else np.float32(0)
    x = (frame.x - shift).astype(np.float32)
    column = np.round(x / np.float32(width))
    half_x, half_y = width / 2 - joint * width / 2, tall / 2 - joint * width / 2
    distance = box_at(
        repeat(x, width), repeat(frame.y, tall), half_x, half_y, min(corner, half_y * 0.9)
    )
    key = (column * 37 + row * 101).astype(np.int32) % 512
    tones = 1 + rng.normal(0, 1, 512).astype(np.float32) * np.float32(varied)
    noise = fractal(rng, size, size, size / look.uniform(4, 40), 4) - 0.5
    colour = material.colour * tones[key][..., None] + (noise * np.float32(mottled))[..., None]
    sand = fractal(rng, size, size, 2.5, 2) - 0.5
    joint_tone = joint_colour + (sand * 22)[..., None]
    cover = frame.cover(distance)
    scene = joint_tone + (colour - joint_tone) * cover[..., None]
    edge = np.clip(-distance / np.float32(sides), 0, 1)
    return shade(np.sqrt(edge) * np.float32(3 * size / 336), scene, material, light)


def carpet(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return loop or cut pile in one or more yarn colours, often with a stripe or check."""
    kinds = int(look.integers(1, 4))
    palette = np.stack([any_colour(look) for _ in range(kinds)]).astype(np.float32)
    rows, mottle, light = look.uniform(28, 80), look.uniform(8, 30), lamp(look, rng)
    stretch_y, jumble = look.uniform(0.7, 1.6), look.uniform(0.05, 0.45)
    banded, band = look.random() < 0.4, int(look.integers(2, 10))
    frame = pose(size, rng, heading=look.uniform(0, np.pi), shift=0.3, turn=0.02)
    rough = np.float32(jumble * 2 / rows * 6)
    x = frame.x + (fractal(rng, size, size, size / rows, 2) - 0.5) * rough
    y = frame.y + (fractal(rng, size, size, size / rows, 2) - 0.5) * rough
    column, row = x * np.float32(rows / 2), y * np.float32(rows / 2 * stretch_y)
    column = column + np.where(np.floor(row) % 2 == 1, np.float32(0.5), np.float32(0))
    at_column, at_row = np.floor(column).astype(np.int32), np.floor(row).astype(np.int32)
    across, down = column - at_column - 0.5, row - at_row - 0.5
    tuft = np.maximum(1 - 3.4 * (across * across + down * down), 0).astype(np.float32)
    pick = rng.integers(0, kinds, 4096)
    mixed = pick[(at_column * 57 + at_row * 131) % 4096]
    chosen = (at_row // band) % kinds if banded else mixed
    tone = 1 + rng.normal(0, 0.09, 4096).astype(np.float32)
    colour = palette[chosen] * tone[(at_column * 91 + at_row * 17) % 4096][..., None]
    fuzz = fractal(rng, size, size, 2.0, 2) - 0.5
    colour = colour + (fuzz * np.float32(mottle))[..., None]
    dark = 0.45 + 0.55 * np.clip(tuft * 2.2, 0, 1)
    return shade(blur(tuft, 0.6) * np.float32(4), colour * dark[..., None], _MATT, light)


def mesh(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a wire mesh or grating over a ground, woven or welded, square or diamond."""
    material = metal_or_plastic(look, 0.7)
    light, bars = lamp(look, rng), look.uniform(7, 26)
    thick, lean = look.uniform(0.14, 0.36), float(look.choice([0.0, np.pi / 4, 0.2]))
    woven, uneven = look.random() < 0.6, look.uniform(0, 0.05)
    squeeze = look.uniform(0.6, 1.0)
    scene = ground(look, rng, size)
    frame = pose(size, rng, heading=lean, shift=0.3, turn=0.01, zoom=0.008)
    x, y = _wavy(frame, rng, 0.02 + uneven)
    period = np.float32(2 / bars)
    turns_x, turns_y = x / period * np.float32(squeeze), y / period
    at_x, at_y = np.round(turns_x), np.round(turns_y)
    off_x, off_y = turns_x - at_x, turns_y - at_y
    sign = np.where((at_x + at_y) % 2 == 1, 1.0, -1.0) if woven else np.float32(0)
    round_x = np.maximum(thick**2 - off_x**2, 0) ** 0.5
    round_y = np.maximum(thick**2 - off_y**2, 0) ** 0.5
    lift = np.cos(np.pi * off_y) * sign * 0.25, -np.cos(np.pi * off_x) * sign * 0.25
    vertical = np.where(round_x > 0, round_x + lift[0] + 1, 0)
    level = np.where(round_y > 0, round_y + lift[1] + 1, 0)
    height = np.maximum(vertical, level).astype(np.float32)
    distance = np.minimum(np.abs(off_x), np.abs(off_y)) - np.float32(thick)
    cover = frame.cover((distance * period).astype(np.float32))
    grain = (fractal(rng, size, size, 3.0, 2) - 0.5) * np.float32(14)
    colour = material.colour + grain[..., None]
    wires = shade(height * np.float32(size / bars * 0.7), colour, material, light)
    return place(scene, wires, cover, light, drop=look.uniform(2, 9))


def tread_plate(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return embossed sheet: lozenges in alternating directions, or round studs."""
    material, light = metal_or_plastic(look, 0.65), lamp(look, rng)
    number, rise = look.uniform(4, 13), look.uniform(2, 6) * size / 336
    long, thin = look.uniform(0.3, 0.45), look.uniform(0.08, 0.18)
    studs, worn = look.random() < 0.35, look.uniform(3, 16)
    frame = pose(size, rng, heading=look.choice([0.0, np.pi / 4]), shift=0.3, turn=0.012)
    period = np.float32(2 / number)
    at_x, at_y = np.round(frame.x / period), np.round(frame.y / period)
    u, v = frame.x / period - at_x, frame.y / period - at_y
    if studs:
        body = 1 - (u * u + v * v) / np.float32(long * long * 0.7)
    else:
        swap = (at_x + at_y) % 2 == 1
        along, across = np.where(swap, u, v), np.where(swap, v, u)
        body = 1 - (along / np.float32(long)) ** 2 - np.abs(across) / np.float32(thin)
    height = np.sqrt(np.clip(body * np.float32(1.6), 0, 1)).astype(np.float32)
    scuff = streaks(rng, size, size / 8, 1.5, look.uniform(0, np.pi)) - 0.5
    tone = scuff + (fractal(rng, size, size, size / 5, 4) - 0.5)
    colour = material.colour + (tone * np.float32(worn * 2))[..., None]
    return shade(blur(height, 0.8) * np.float32(rise), colour, material, light)


def carton(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return corrugated board, ribbed sheet or corduroy: parallel flutes with paper fibres."""
    colour = rgb(186, 146, 100) if look.random() < 0.5 else any_colour(look)
    colour = colour * look.uniform(0.8, 1.15)
    flutes, depth = look.uniform(8, 46), look.uniform(0.4, 3.0)
    fibre, light, sharp = look.uniform(6, 28), lamp(look, rng), look.uniform(0.6, 2.0)
    frame = pose(size, rng, heading=look.uniform(0, np.pi), shift=0.3, turn=0.012)
    x, _ = _wavy(frame, rng, 0.012)
    wave = 0.5 + 0.5 * np.sin(x * np.float32(np.pi * flutes))
    height = (wave ** np.float32(sharp) * np.float32(depth * size / flutes * 0.12)).astype(
        np.float32
    )
    fibres = streaks(rng, size, 14.0, 1.2, frame.turn + 0.4) + streaks(
        rng, size, 10.0, 1.2, frame.turn - 0.7
    )
    cloud = fractal(rng, size, size, size / 3, 4)
    tone = (fibres - 1) * np.float32(fibre) + (cloud - 0.5) * np.float32(12)
    return shade(height, colour.astype(np.float32) + tone[..., None], _MATT, light)


def solar_cell(look: Generator, rng: Generator, size: int) -> FloatImage:
    """Return a solar cell's glow (electroluminescence): grains, fingers, busbars, dark rim."""
    grains, contrast = int(look.uniform(20, 260)), look.uniform(0, 0.42)
    busbars, fingers = int(look.integers(2, 6)), look.uniform(40, 100)
    level, bar = look.uniform(110, 205), look.uniform(0.012, 0.028)
    rim, cut = look.uniform(0.01, 0.05), look.uniform(0.0, 0.22)
    tint = rgb(1, 1, 1) if look.random() < 0.6 else rgb(*look.uniform(0.55, 1.0, 3))
    frame = pose(size, rng, shift=0.006, turn=0.006, zoom=0.004)
    labels, _ = cells(rng, size, size, grains)
    tones = rng.standard_normal(int(labels.max()) + 1, dtype=np.float32)
    bent_x, bent_y = (
        (fractal(rng, size, size, size / 6, 3) - 0.5) * np.float32(size * 0.08) for _ in range(2)
    )
    tone = warp(tones[labels], bent_x, bent_y)
    cloud = fractal(rng, size, size, size / 3, 5, 0.6) - 0.5
    glow = np.float32(level) * (1 + np.float32(contrast * 0.4) * blur(tone, 1.0) + 0.35 * cloud)
    dark = (fractal(rng, size, size, size / 12, 4) > 0.72).astype(np.float32)
    glow *= 1 - np.float32(contrast) * blur(dark, size / 160)
    glow *= 1 - 0.08 * (0.5 + 0.5 * np.sin(frame.y * np.float32(np.pi * fingers)))
    offset = np.float32(0 if busbars % 2 else 1 / busbars)
    bars = np.abs(repeat(frame.x + offset, 2 / busbars))
    scene = np.repeat(glow[..., None], 3, axis=2) * tint
    scene = paint(scene, rgb(12, 12, 14), frame.cover(bars - np.float32(bar)) * np.float32(0.9))
    outline = box_at(frame.x, frame.y, 1 - rim, 1 - rim, cut)
    return paint(rgb(8, 8, 9) + np.zeros_like(scene), scene, frame.cover(outline))
