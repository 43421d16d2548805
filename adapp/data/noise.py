"""Random fields and textures: gradient noise, fractal noise, cells, stripes, checks.

Every function draws only from the generator it is given, so a seed fixes the picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.data.raster import FloatImage, FloatMap, as_float, resize, warp

Colours = NDArray[np.float32]  # [P, 3] RGB, 0..255


def perlin(rng: np.random.Generator, height: int, width: int, rows: int, columns: int) -> FloatMap:
    """Return gradient noise with ``rows`` x ``columns`` cells, [height, width] in about [-1, 1].

    Source: DRAEM section 3.2, which takes Perlin's noise for the outline of anomalies.
    """
    angles = rng.uniform(0, 2 * np.pi, (rows + 1, columns + 1)).astype(np.float32)
    gradient_y, gradient_x = np.sin(angles), np.cos(angles)
    y = np.linspace(0, rows, height, endpoint=False, dtype=np.float32)
    x = np.linspace(0, columns, width, endpoint=False, dtype=np.float32)
    cell_y, cell_x = y.astype(np.intp), x.astype(np.intp)
    part_y, part_x = as_float(y - cell_y)[:, None], as_float(x - cell_x)[None, :]
    fade_y, fade_x = _fade(part_y), _fade(part_x)
    above, below = (1 - fade_y), fade_y
    # What depends on the row alone is settled on [height, columns + 1] before it is spread.
    rise = above * part_y * gradient_y[cell_y] + below * (part_y - 1) * gradient_y[cell_y + 1]
    run = above * gradient_x[cell_y] + below * gradient_x[cell_y + 1]
    left = rise.take(cell_x, axis=1) + run.take(cell_x, axis=1) * part_x
    right = rise.take(cell_x + 1, axis=1) + run.take(cell_x + 1, axis=1) * (part_x - 1)
    left += fade_x * (right - left)
    return as_float(left * np.float32(np.sqrt(2)))


def _fade(part: FloatMap) -> FloatMap:
    return part * part * part * (part * (part * 6 - 15) + 10)


def fractal(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell: float,
    octaves: int = 4,
    persistence: float = 0.5,
) -> FloatMap:
    """Return smooth noise whose largest features span ``cell`` pixels, stretched to [0, 1]."""
    total = np.zeros((height, width), dtype=np.float32)
    for octave in range(octaves):
        side = max(cell / 2**octave, 1.0)
        rows, columns = int(height / side) + 2, int(width / side) + 2
        grid = rng.standard_normal((rows, columns), dtype=np.float32)
        total += np.float32(persistence**octave) * resize(grid, height, width)
        if side <= 1.0:
            break
    return stretch(total)


def stretch(values: FloatMap) -> FloatMap:
    """Return ``values`` mapped to [0, 1] by their extremes; zeros if they are constant."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return np.zeros_like(values)
    return (values - np.float32(low)) / np.float32(high - low)


def cells(
    rng: np.random.Generator, height: int, width: int, count: int
) -> tuple[NDArray[np.int32], FloatMap]:
    """Return a Voronoi partition: the cell of each pixel from 0, and the distance to its seed."""
    seeds = np.full((height, width), 255, dtype=np.uint8)
    seeds[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
    distance, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    return np.asarray(labels, dtype=np.int32) - 1, np.asarray(distance, dtype=np.float32)


def stripes(height: int, width: int, period: float, angle: float, phase: float) -> FloatMap:
    """Return a sinusoidal grating in [0, 1]; ``period`` in pixels, ``angle`` in radians."""
    rows = np.arange(height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    columns = np.arange(width, dtype=np.float32)[None, :] * np.float32(np.cos(angle))
    turns = (rows + columns) * np.float32(2 * np.pi / period) + np.float32(phase)
    wave: FloatMap = 0.5 + 0.5 * np.sin(turns, dtype=np.float32)
    return wave


def random_colours(rng: np.random.Generator, count: int) -> Colours:
    """Return ``count`` colours, from nearly grey to vivid, [count, 3] in 0..255."""
    grey = rng.uniform(15, 240, (count, 1))
    tint = rng.uniform(-1, 1, (count, 3)) * rng.uniform(5, 110)
    return np.clip(grey + tint, 0, 255).astype(np.float32)


def colourise(values: FloatMap, colours: Colours) -> FloatImage:
    """Return ``values`` in [0, 1] laid over a ramp of ``colours``, [H, W, 3] in 0..255."""
    steps = np.linspace(0, 1, 256)
    knots = np.linspace(0, 1, len(colours))
    table = np.stack([np.interp(steps, knots, colours[:, c]) for c in range(3)], axis=1)
    index = np.clip(values * 255, 0, 255).astype(np.uint8)
    layers = cv2.cvtColor(index, cv2.COLOR_GRAY2RGB)
    return as_float(cv2.LUT(layers, as_float(table)[None]))


def texture(rng: np.random.Generator, height: int, width: int) -> FloatImage:
    """Return one procedural texture, [height, width, 3] in 0..255.

    One of fractal noise, stripes, checks, Voronoi cells; half of them warped. They stand in for
    the photographs of textures that DRAEM takes from DTD.
    """
    family = int(rng.integers(4))
    extent = float(min(height, width))
    if family == 0:
        octaves = int(rng.integers(2, 6))
        values = fractal(rng, height, width, extent * rng.uniform(0.03, 0.4), octaves)
    elif family == 1:
        period = extent * rng.uniform(0.015, 0.2)
        values = stripes(height, width, period, rng.uniform(0, np.pi), rng.uniform(0, 6))
        if rng.random() < 0.5:
            values = (values > 0.5).astype(np.float32)
    elif family == 2:
        period, angle = extent * rng.uniform(0.03, 0.3), rng.uniform(0, np.pi)
        one = stripes(height, width, period, angle, rng.uniform(0, 6)) > 0.5
        other = stripes(height, width, period, angle + np.pi / 2, rng.uniform(0, 6)) > 0.5
        values = (one ^ other).astype(np.float32)
    else:
        labels, distance = cells(rng, height, width, int(rng.integers(12, 400)))
        tones = rng.random(int(labels.max()) + 1, dtype=np.float32)
        values = tones[labels] if rng.random() < 0.5 else stretch(distance)
    if rng.random() < 0.5:
        values = _bent(rng, values, extent)
    return colourise(values, random_colours(rng, int(rng.integers(2, 5))))


def _bent(rng: np.random.Generator, values: FloatMap, extent: float) -> FloatMap:
    height, width = values.shape
    reach = np.float32(extent * rng.uniform(0.02, 0.1))
    cell = extent * rng.uniform(0.2, 0.5)
    shift_x = (fractal(rng, height, width, cell, 1) - 0.5) * reach
    shift_y = (fractal(rng, height, width, cell, 1) - 0.5) * reach
    return warp(values, shift_x, shift_y)
