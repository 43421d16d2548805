"""Typed defects that run along a line: scratch, crack, cut, fibre, fold. All constants ours."""

import numpy as np

from adapp.data.noise import fractal
from adapp.data.raster import blur, draw_ribbon, translate
from adapp.data.synthetic.canvas import Canvas, Layer
from adapp.data.synthetic.shapes import crack_tree, curve, taper
from adapp.data.synthetic.tone import (
    add,
    away_from,
    contrast,
    foreign_colour,
    lay,
    shading,
    shadow,
)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def paint_scratch(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return one or a few nearly straight grooves, lit on one flank and dark on the other."""
    pixels = canvas.pixels.copy()
    support = np.zeros(canvas.foreground.shape, dtype=np.float32)
    heading = rng.uniform(0, 2 * np.pi)
    middle = canvas.place(rng)
    length = canvas.extent * _log_uniform(rng, 0.06, 0.7)
    width = max(0.8, canvas.extent * _log_uniform(rng, 0.002, 0.014))
    amount = contrast(canvas, rng)
    wear = fractal(rng, canvas.height, canvas.width, max(4.0, length / 6), 2)
    broken = np.clip(0.3 + 1.8 * wear, 0, 1) if rng.random() < 0.6 else np.ones_like(wear)
    for _ in range(1 if rng.random() < 0.6 else int(rng.integers(2, 6))):
        spread = rng.normal(0, 0.12 * length, 2)
        place = (middle[0] + spread[0], middle[1] + spread[1])
        line = curve(
            rng,
            place,
            length * rng.uniform(0.5, 1),
            bend=0.12,
            heading=heading + rng.normal(0, 0.1),
        )
        alpha = draw_ribbon(canvas.height, canvas.width, line, taper(len(line), width))
        support = np.maximum(support, alpha * broken)
    if not support.any():
        return None
    change = away_from(canvas.local_colour(support), rng, amount, dark_share=0.45)
    add(pixels, support, change)
    flank = translate(support, -np.sin(heading) * width * 0.7, np.cos(heading) * width * 0.7)
    flank = np.maximum(flank - support, 0)
    add(pixels, flank, change * np.float32(-rng.uniform(0.2, 0.7)))
    return Layer(pixels, np.maximum(support, flank), "scratch")


def paint_crack(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a jagged, branching crack, dark where the material has room to darken."""
    length = canvas.extent * _log_uniform(rng, 0.1, 0.9)
    thickness = max(0.9, canvas.extent * _log_uniform(rng, 0.002, 0.012))
    middle = canvas.place(rng)
    alpha = crack_tree(canvas.height, canvas.width, rng, middle, length, thickness)
    alpha = np.clip(blur(alpha, rng.uniform(0.3, 0.8)) * 1.2, 0, 1)
    pixels = canvas.pixels.copy()
    change = away_from(canvas.local_colour(alpha), rng, contrast(canvas, rng), dark_share=0.9)
    add(pixels, alpha, change)
    support = alpha
    if rng.random() < 0.4:  # a lifted edge catches the light
        lip = shadow(alpha, rng.uniform(0, 2 * np.pi), max(1.0, thickness * 0.6))
        add(pixels, lip, change * np.float32(-0.35))
        support = np.maximum(alpha, lip)
    return Layer(pixels, support, "crack")


def paint_cut(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a slit that gapes in the middle, dark inside, with one lit lip."""
    length = canvas.extent * _log_uniform(rng, 0.06, 0.4)
    gape = max(1.5, length * rng.uniform(0.03, 0.14))
    line = curve(rng, canvas.place(rng), length, bend=0.2)
    widths = gape * np.sin(np.linspace(0.05, np.pi - 0.05, len(line))) ** 0.8
    alpha = draw_ribbon(canvas.height, canvas.width, line, widths.astype(np.float32))
    if not alpha.any():
        return None
    pixels = canvas.pixels.copy()
    local = canvas.local_colour(alpha)
    inside = canvas.ground_colour() if canvas.has_object and rng.random() < 0.4 else local * 0.25
    if float(np.abs(inside - local).max()) < 30:
        inside = local + away_from(local, rng, 70.0, dark_share=1.0)
    lay(pixels, alpha, inside.astype(np.float32))
    lip = shadow(alpha, rng.uniform(0, 2 * np.pi), max(1.2, gape * 0.35))
    change = away_from(local, rng, contrast(canvas, rng, 90.0), dark_share=0.3)
    add(pixels, lip, change)
    return Layer(pixels, np.maximum(alpha, lip), "cut")


def paint_fibre(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a loose thread or hair that lies on the surface and throws a soft shadow."""
    length = canvas.extent * _log_uniform(rng, 0.12, 1.0)
    width = max(0.9, canvas.extent * _log_uniform(rng, 0.0025, 0.012))
    line = curve(rng, canvas.place(rng), length, bend=rng.uniform(0.5, 1.6), jitter=0.05)
    alpha = draw_ribbon(canvas.height, canvas.width, line, np.full(len(line), width, np.float32))
    if not alpha.any():
        return None
    alpha *= np.float32(rng.uniform(0.75, 1.0))
    pixels = canvas.pixels.copy()
    light = rng.uniform(0, 2 * np.pi)
    dark = blur(shadow(alpha, light, width * rng.uniform(0.8, 2.0)), 0.5 + width * 0.3)
    local = canvas.local_colour(alpha)
    dark_amount = np.float32(-rng.uniform(0.1, 0.4) * min(float(local.mean()), 160.0))
    add(pixels, dark, float(dark_amount))
    vivid = not canvas.grey and rng.random() < 0.5
    colour = foreign_colour(local, rng, max(25.0, contrast(canvas, rng)), vivid=vivid)
    lay(pixels, alpha, colour)
    relief = shading(blur(alpha, max(0.6, width * 0.4)), light + np.pi)
    add(pixels, relief * alpha, rng.uniform(5, 30))
    return Layer(pixels, np.maximum(alpha, dark), "fibre")


def paint_fold(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a crease or wrinkle: a long ridge seen by its shading alone."""
    length = canvas.extent * _log_uniform(rng, 0.15, 0.9)
    width = canvas.extent * _log_uniform(rng, 0.01, 0.05)
    line = curve(rng, canvas.place(rng), length, bend=0.3)
    ridge = draw_ribbon(canvas.height, canvas.width, line, taper(len(line), width))
    height = blur(ridge, max(1.0, width * 0.35))
    relief = shading(height, rng.uniform(0, 2 * np.pi))
    pixels = canvas.pixels.copy()
    amount = max(25.0, contrast(canvas, rng, 100.0))
    level = max(40.0, float(canvas.local_colour(ridge).mean()))
    tone = canvas.pixels / np.float32(level)  # shading scales with what is lit
    pixels += relief[..., None] * np.clip(tone, 0.3, 1.5) * np.float32(amount)
    return Layer(pixels, np.clip(height * 4, 0, 1), "fold")
