"""Outlines and strokes of defects: blobs, curves, branching cracks."""

import numpy as np
from numpy.typing import NDArray

from adapp.data.raster import FloatMap, Points, draw_ribbon, fill_polygons

_OUTLINE_POINTS = 72


def outline(
    rng: np.random.Generator,
    centre: tuple[float, float],
    area: float,
    *,
    roughness: float = 0.3,
    elongation: float = 1.0,
) -> Points:
    """Return the outline of an irregular blob of ``area`` pixels around (x, y), [P, 2].

    ``roughness`` 0 draws an ellipse, 1 a ragged outline; ``elongation`` is its axis ratio.
    """
    angles = np.linspace(0, 2 * np.pi, _OUTLINE_POINTS, endpoint=False)
    radius = np.ones_like(angles)
    for order in range(2, 11):
        weight = roughness * rng.normal() / order
        radius += weight * np.cos(order * angles + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.15)
    x = radius * np.cos(angles) * np.sqrt(elongation)
    y = radius * np.sin(angles) / np.sqrt(elongation)
    measured = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    scale = np.sqrt(area / max(measured, 1e-6))
    turn = rng.uniform(0, np.pi)
    turned_x = (x * np.cos(turn) - y * np.sin(turn)) * scale + centre[0]
    turned_y = (x * np.sin(turn) + y * np.cos(turn)) * scale + centre[1]
    return np.stack([turned_x, turned_y], axis=1).astype(np.float32)


def blob(
    height: int,
    width: int,
    rng: np.random.Generator,
    centre: tuple[float, float],
    area: float,
    *,
    roughness: float = 0.3,
    elongation: float = 1.0,
) -> FloatMap:
    """Return the coverage of such a blob, [height, width] in [0, 1]."""
    points = outline(rng, centre, area, roughness=roughness, elongation=elongation)
    return fill_polygons(height, width, [points])


def curve(
    rng: np.random.Generator,
    middle: tuple[float, float],
    length: float,
    *,
    bend: float,
    jitter: float = 0.0,
    heading: float | None = None,
) -> Points:
    """Return a smooth curve of ``length`` pixels through ``middle``, [P, 2] (x, y).

    Args:
        rng: Source of randomness.
        middle: Point the curve's centre of mass lies on.
        length: Length along the curve in pixels.
        bend: Standard deviation of the total slow turning in radians.
        jitter: Standard deviation of the turning at each step in radians.
        heading: Direction at the start; random if None.
    """
    count = int(np.clip(length / 3, 8, 96))
    start = rng.uniform(0, 2 * np.pi) if heading is None else heading
    knots = rng.normal(0, bend, 5)
    turning = np.interp(np.linspace(0, 4, count), np.arange(5), np.cumsum(knots) / 2)
    turning = turning + np.cumsum(rng.normal(0, jitter, count) if jitter else np.zeros(count))
    angle = start + turning
    step = length / count
    points = np.stack([np.cumsum(np.cos(angle)), np.cumsum(np.sin(angle))], axis=1) * step
    points += np.asarray(middle) - points.mean(axis=0)
    return points.astype(np.float32)


def taper(count: int, width: float, ends: float = 0.2) -> NDArray[np.float32]:
    """Return one width per point, thinning to both ends over a share ``ends`` of the stroke."""
    place = np.linspace(0, 1, count)
    shape = np.clip(np.minimum(place, 1 - place) / max(ends, 1e-6), 0.25, 1)
    return (width * shape).astype(np.float32)


def crack_tree(
    height: int,
    width: int,
    rng: np.random.Generator,
    middle: tuple[float, float],
    length: float,
    thickness: float,
) -> FloatMap:
    """Return a jagged crack with side branches, [height, width] in [0, 1]."""
    heading = rng.uniform(0, 2 * np.pi)
    trunk = curve(rng, middle, length, bend=0.35, jitter=0.28, heading=heading)
    widths = taper(len(trunk), thickness, 0.5) * rng.uniform(0.6, 1.2, len(trunk))
    alpha = draw_ribbon(height, width, trunk, widths.astype(np.float32))
    for _ in range(int(rng.integers(0, 5))):
        at = int(rng.integers(1, len(trunk) - 1))
        side = heading + rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 1.3)
        reach = length * rng.uniform(0.1, 0.45)
        branch = curve(rng, (0.0, 0.0), reach, bend=0.3, jitter=0.3, heading=side)
        branch += trunk[at] - branch[0]
        thin = np.linspace(0.75 * thickness, 0.3 * thickness, len(branch)).astype(np.float32)
        alpha = np.maximum(alpha, draw_ribbon(height, width, branch, thin))
    return alpha
