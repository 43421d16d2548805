"""Drawn living tissue: leaf, skin, bowel wall, and schematic medical sections.

Schematic means: made to show where things lie, from no scan of any person.
"""

import numpy as np

from adapp.data.illustration.solid import backdrop, body, smooth_step, still
from adapp.data.noise import fractal
from adapp.data.procedural.frame import Frame, circle, segment
from adapp.data.procedural.surface import paint, rgb
from adapp.data.raster import FloatImage, FloatMap, as_float, blur

Generator = np.random.Generator


def leaf(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a green leaf; ``lesion`` are a few brown spots, ``rust`` many small ones."""
    frame = still(size, rng)
    scene = backdrop(rng, size, rgb(226, 226, 222), 2.0)
    width = 0.5 * np.sqrt(np.clip(1 - frame.y * frame.y / 0.81, 0, 1)) * (1 - 0.3 * frame.y)
    distance = as_float((np.abs(frame.x) - width) * 0.8)
    veins = np.abs(np.sin((np.abs(frame.x) * 1.6 + frame.y * 2.2) * 7.5))
    fine = np.exp(-((veins / 0.09) ** 2)) + 1.4 * np.exp(-((frame.x / 0.018) ** 2))
    cloud = fractal(rng, size, size, size / 6, 3) - 0.5
    skin = rgb(62, 116, 46) + (cloud * 24)[..., None] + fine[..., None] * rgb(34, 34, 20)
    if flaw in {"lesion", "rust"}:
        skin = _spots(as_float(skin), frame, rng.spawn(1)[0], flaw)
    relief = as_float(-fine * 1.2)
    return body(scene, frame, distance, as_float(skin), edge=0.3, rise=0.06, relief=relief)


def _spots(skin: FloatImage, frame: Frame, rng: Generator, flaw: str) -> FloatImage:
    count, least, most = (5, 0.05, 0.12) if flaw == "lesion" else (60, 0.012, 0.028)
    ragged = (fractal(rng, frame.size, frame.size, frame.size / 20, 2) - 0.5) * 0.08
    for _ in range(count):
        x, y = float(rng.uniform(-0.36, 0.36)), float(rng.uniform(-0.65, 0.65))
        radius = float(rng.uniform(least, most))
        spot = as_float(circle(frame, radius, x, y) + ragged * min(1.0, radius * 9))
        halo = smooth_step(as_float(-spot), -radius * 0.9, 0.0)
        skin = paint(skin, rgb(178, 168, 60), as_float(halo * 0.75))
        skin = paint(skin, rgb(112, 66, 30), frame.cover(spot))
    return skin


def skin(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return skin under a dermatoscope; ``lesion`` is a pigmented, uneven spot."""
    frame = still(size, rng)
    fine, cloud = fractal(rng, size, size, 7.0, 3) - 0.5, fractal(rng, size, size, size / 3, 3)
    scene = as_float(rgb(222, 176, 156) + (fine * 22 + (cloud - 0.5) * 16)[..., None])
    if flaw == "lesion":
        own = rng.spawn(1)[0]  # the rest of the picture stays as it is
        edge = (fractal(own, size, size, size / 5, 4) - 0.5) * 0.4
        spot = as_float(np.hypot(frame.x * 0.9, frame.y) - 0.46 + edge)
        share = smooth_step(as_float(-spot), -0.05, 0.08)
        net = fractal(own, size, size, size / 12, 3)
        pigment = as_float(rgb(116, 70, 44) - ((net - 0.3) * 90)[..., None])
        scene = paint(scene, pigment, share)
    for _ in range(4):
        start = (float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1)))
        lean = float(rng.uniform(-0.4, 0.4))
        hair = segment(frame, start, (start[0] + lean, start[1] + 0.6), 0.004)
        scene = paint(scene, rgb(70, 50, 40), as_float(frame.cover(hair) * 0.7))
    return scene


def colon(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return folds of bowel wall around a dark lumen; ``lesion`` is a polyp."""
    frame = still(size, rng)
    reach = as_float(np.hypot(frame.x - 0.12, frame.y + 0.1))
    warp = (fractal(rng, size, size, size / 4, 2) - 0.5) * 0.3
    folds = np.cos((np.log(reach + 0.12) + warp) * 9)
    light = 70 + 150 * smooth_step(reach, 0.05, 1.1) + folds * 26 * smooth_step(reach, 0.15, 0.4)
    vessels = np.abs(fractal(rng, size, size, size / 6, 3) - 0.5)
    red = np.exp(-((vessels / 0.02) ** 2)) * 22
    scene = as_float(light[..., None] * rgb(0.98, 0.62, 0.54) - red[..., None] * rgb(0.3, 1, 1))
    if flaw == "lesion":
        polyp = circle(frame, 0.24, -0.42, 0.3)
        tone = as_float(
            rgb(218, 120, 104) + (fractal(rng, size, size, 9.0, 2)[..., None] - 0.5) * 14
        )
        scene = body(scene, frame, polyp, tone, edge=0.24, rise=0.2, gloss=0.7, polish=30)
    return np.clip(scene, 0, 255).astype(np.float32)


def _grey(tone: FloatMap, rng: Generator, noise: float) -> FloatImage:
    grain = blur(rng.standard_normal(tone.shape, dtype=np.float32), 0.8) * np.float32(2 * noise)
    return as_float(np.repeat(np.clip(tone + grain, 0, 255)[..., None], 3, axis=2))


def brain(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a schematic section of a head.

    Flaws: ``lesion`` (a ringed mass), ``oedema``, ``bend`` (the midline pushed aside).
    """
    frame = still(size, rng)
    shift = 0.1 * np.exp(-(((frame.y - 0.05) / 0.35) ** 2)) if flaw == "bend" else 0.0
    x = as_float(frame.x - shift)
    oval = as_float(np.hypot(frame.x / 0.74, frame.y / 0.9))
    folds = np.abs(fractal(rng, size, size, size / 9, 3) - 0.5)
    cortex = np.exp(-((folds / 0.035) ** 2)) * smooth_step(oval, 0.5, 0.8)
    tone = np.where(oval < 0.9, 128 - 56 * cortex, 12)
    tone = tone - 70 * np.exp(-((x / 0.018) ** 2)) * (oval < 0.88)
    for side in (-1, 1):
        horn = np.hypot((x - side * (0.11 + 0.1 * np.abs(frame.y))) / 0.075, frame.y / 0.34)
        tone = np.where(horn < 1, 34, tone)
    tone = tone + np.where((oval > 0.94) & (oval < 1.0), 190, 0)
    spot = as_float(np.hypot(frame.x - 0.36, frame.y + 0.22))
    own = rng.spawn(1)[0]
    if flaw == "lesion":
        ragged = (fractal(own, size, size, size / 9, 2) - 0.5) * 0.07
        tone = tone + 40 * smooth_step(as_float(0.3 - spot), 0.0, 0.16)
        tone = np.where(spot + ragged < 0.16, 226, tone)
        tone = np.where(spot + ragged < 0.1, 90, tone)
    elif flaw == "oedema":
        ragged = (fractal(own, size, size, size / 5, 3) - 0.5) * 0.4
        tone = tone + 84 * smooth_step(as_float(0.3 - spot + ragged), -0.06, 0.14) * (oval < 0.84)
    return _grey(blur(as_float(tone), 1.2), rng, 5)


def liver(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return a schematic section of the abdomen; ``lesion`` and ``cyst`` lie in the liver."""
    frame = still(size, rng)
    wide = as_float(np.hypot(frame.x / 0.95, frame.y / 0.74))
    tone = np.where(wide < 1, 74, 6)
    tone = np.where(wide < 0.9, 104, tone)
    organ = as_float(np.hypot((frame.x + 0.36) / 0.56, (frame.y + 0.06) / 0.52) + 0.24 * frame.x)
    inside = organ < 1
    tone = np.where(inside, 142, tone)
    vessels = np.abs(fractal(rng, size, size, size / 3.5, 3) - 0.5)
    tone = tone + np.exp(-((vessels / 0.02) ** 2)) * 30 * inside
    tone = np.where(np.hypot(frame.x - 0.02, frame.y - 0.44) < 0.13, 232, tone)
    tone = np.where(np.hypot(frame.x - 0.02, frame.y - 0.24) < 0.07, 168, tone)
    tone = np.where(np.hypot((frame.x - 0.46) / 1.3, frame.y + 0.2) < 0.2, 46, tone)
    tone = np.where(np.hypot(frame.x - 0.6, frame.y - 0.2) < 0.14, 150, tone)
    spot = as_float(np.hypot(frame.x + 0.42, frame.y + 0.1))
    if flaw == "lesion":
        ragged = (fractal(rng.spawn(1)[0], size, size, size / 8, 2) - 0.5) * 0.1
        tone = np.where(spot + ragged < 0.19, 158, tone)
        tone = np.where(spot + ragged < 0.16, 100, tone)
    elif flaw == "cyst":
        tone = np.where(spot < 0.13, 52, tone)
    return _grey(blur(as_float(tone), 1.5), rng, 8)


def breast(rng: Generator, size: int, flaw: str) -> FloatImage:
    """Return schematic ultrasound speckle; ``benign`` and ``malignant`` are masses."""
    frame = still(size, rng)
    depth = as_float((frame.y + 1) / 2)
    waves = (fractal(rng, size, size, size / 3, 3) - 0.5) * 0.12
    layers = 96 + 46 * np.cos((depth + waves) * 15) * np.exp(-1.2 * depth) - 30 * depth
    if flaw == "benign":
        mass = as_float(np.hypot(frame.x / 0.42, frame.y / 0.26))
        behind = (frame.y > 0.15) * np.exp(-((frame.x / 0.3) ** 4))
        layers = np.where(mass < 1, 26, layers + 46 * behind)
    elif flaw == "malignant":
        angle = np.arctan2(frame.y, frame.x)
        wild = fractal(rng.spawn(1)[0], size, size, 24.0, 2)
        spikes = 0.2 * np.abs(np.sin(angle * 4.5)) + (wild - 0.5) * 0.5
        mass = as_float(np.hypot(frame.x / 0.28, frame.y / 0.38) - spikes)
        behind = (frame.y > 0.2) * np.exp(-((frame.x / 0.26) ** 4))
        layers = np.where(mass < 1, 20, layers * (1 - 0.75 * behind))
    noise = rng.standard_normal((2, size, size), dtype=np.float32)
    speckle = blur(as_float(np.hypot(noise[0], noise[1])), 1.1)
    tone = as_float(np.clip(blur(as_float(layers), 2.0) * speckle, 0, 255))
    return as_float(np.repeat(tone[..., None], 3, axis=2))
