"""Typed defects that cover a spot: hole, stain, foreign body, dent, tint, pits. Constants ours."""

import numpy as np

from adapp.data.noise import fractal
from adapp.data.raster import FloatMap, blur, fill_polygons, warp
from adapp.data.synthetic.canvas import Canvas, Layer
from adapp.data.synthetic.shapes import blob, outline
from adapp.data.synthetic.tone import (
    add,
    add_grain,
    away_from,
    contrast,
    foreign_colour,
    lay,
    shading,
    shadow,
)


def _spot(
    canvas: Canvas,
    rng: np.random.Generator,
    area: float,
    roughness: float,
    longest: float = 2.0,
    at: tuple[float, float] | None = None,
) -> FloatMap:
    return blob(
        canvas.height,
        canvas.width,
        rng,
        canvas.place(rng) if at is None else at,
        area,
        roughness=roughness,
        elongation=rng.uniform(1, longest),
    )


def paint_hole(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a hole: what lies behind shows through, shaded by one wall, with a worn rim."""
    area = canvas.draw_area(rng, 0.03)
    alpha = _spot(canvas, rng, area, rng.uniform(0, 0.5), 1.6)
    local = canvas.local_colour(alpha)
    behind = local * np.float32(rng.uniform(0.05, 0.35))
    if canvas.has_object and rng.random() < 0.4:
        behind = canvas.ground_colour()
    if float(np.abs(behind - local).max()) < 30:
        behind = local + away_from(local, rng, 80.0, dark_share=0.6)
    pixels = canvas.pixels.copy()
    radius = float(np.sqrt(area / np.pi))
    light = rng.uniform(0, 2 * np.pi)
    rim = np.maximum(blur(alpha, max(0.8, radius * 0.15)) - alpha, 0)
    add(pixels, rim, float(rng.uniform(-50, 50)))
    lay(pixels, alpha, np.clip(behind, 0, 255))
    wall = shadow(1 - alpha, light, max(1.0, radius * 0.3))
    add(pixels, wall * alpha, float(-rng.uniform(0.2, 0.8) * behind.mean()))
    add(pixels, alpha * rng.standard_normal(alpha.shape, dtype=np.float32), canvas.noise * 0.7)
    return Layer(pixels, np.maximum(alpha, np.minimum(rim * 4, 1)), "hole")


def paint_stain(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return soaked-in spots: the texture stays, its tone changes, often with a darker rim."""
    area = canvas.draw_area(rng)
    alpha = _spot(canvas, rng, area, rng.uniform(0.2, 0.9), 2.5)
    radius = float(np.sqrt(area / np.pi))
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.5 else 0):
        x, y = canvas.place(rng)
        drop = _spot(canvas, rng, area * rng.uniform(0.02, 0.2), 0.3, 1.4, (x, y))
        alpha = np.maximum(alpha, drop)
    soft = blur(alpha, max(0.7, radius * rng.uniform(0.03, 0.3)))
    uneven = fractal(rng, canvas.height, canvas.width, max(4.0, radius * 0.8), 3)
    weight = soft * (1 - rng.uniform(0.1, 0.6) * uneven)
    if rng.random() < 0.5:
        edge = np.clip(4 * soft * (1 - soft), 0, 1)
        weight = np.clip(weight * rng.uniform(0.3, 0.8) + edge * rng.uniform(0.3, 0.7), 0, 1)
    local = canvas.local_colour(alpha)
    amount = contrast(canvas, rng, 120.0)
    vivid = not canvas.grey and rng.random() < 0.5
    goal = (
        foreign_colour(local, rng, amount, vivid=vivid)
        if vivid
        else local + away_from(local, rng, amount, dark_share=0.8)
    )
    tint = (np.clip(goal, 2, 255) / np.maximum(local, 2)).astype(np.float32)
    pixels = canvas.pixels.copy()
    if float(local.mean()) < 40 or float(tint.max()) > 2.5:  # too dark to be tinted: add instead
        add(pixels, weight.astype(np.float32), goal - local)
    else:
        lay(pixels, weight.astype(np.float32), canvas.pixels * tint)
    return Layer(pixels, np.clip(soft, 0, 1), "stain")


def paint_contamination(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return foreign bodies: opaque crumbs or flakes with their own surface and a cast shadow."""
    area = canvas.draw_area(rng, 0.05)
    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 14))
    x, y = canvas.place(rng)
    spread = np.sqrt(area) * (0.0 if count == 1 else rng.uniform(1, 3))
    crumbs = []
    for _ in range(count):
        at = (x + rng.normal(0, 1) * spread, y + rng.normal(0, 1) * spread)
        share = area / count * rng.uniform(0.4, 1.6)
        ragged, long = rng.uniform(0.1, 0.9), rng.uniform(1, 3)
        crumbs.append(outline(rng, at, share, roughness=ragged, elongation=long))
    alpha = fill_polygons(canvas.height, canvas.width, crumbs)
    if not alpha.any():
        return None
    radius = float(np.sqrt(area / count / np.pi))
    alpha = blur(alpha, rng.uniform(0.3, 0.9))
    local = canvas.local_colour(alpha)
    amount = max(30.0, contrast(canvas, rng))
    colour = foreign_colour(local, rng, amount, vivid=not canvas.grey and rng.random() < 0.6)
    light = rng.uniform(0, 2 * np.pi)
    cast = blur(shadow(alpha, light, max(1.0, radius * rng.uniform(0.1, 0.5))), 0.6 + radius * 0.08)
    pixels = canvas.pixels.copy()
    add(pixels, cast, float(-rng.uniform(0.15, 0.5) * local.mean()))
    height = blur(alpha, max(0.8, radius * 0.35))
    height += rng.uniform(0, 0.15) * fractal(
        rng, canvas.height, canvas.width, max(3.0, radius * 0.5), 3
    )
    lit = shading(height, light + np.pi) * rng.uniform(8, 45)
    surface = add_grain(canvas, rng, colour + lit[..., None])
    lay(pixels, alpha, surface.astype(np.float32))
    return Layer(pixels, np.maximum(alpha, cast), "contamination")


def paint_dent(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a dent or bump: light and shade on opposite flanks, the texture slightly bent."""
    area = canvas.draw_area(rng)
    radius = float(np.sqrt(area / np.pi))
    alpha = _spot(canvas, rng, area, rng.uniform(0.0, 0.3), 1.8)
    height = blur(alpha, max(1.0, radius * rng.uniform(0.2, 0.5)))
    relief = shading(height, rng.uniform(0, 2 * np.pi))
    amount = max(20.0, contrast(canvas, rng, 110.0))
    level = max(float(canvas.local_colour(alpha).mean()), 40.0)
    slope_y, slope_x = (np.asarray(slope, dtype=np.float32) for slope in np.gradient(height))
    bend = np.float32(rng.uniform(-0.5, 0.5) * radius * radius * 0.3)
    pixels = warp(canvas.pixels, slope_x * bend, slope_y * bend)
    tone = np.clip(pixels / np.float32(level), 0.3, 1.5)
    pixels = pixels + relief[..., None] * tone * np.float32(amount)
    reach = blur(alpha, max(1.0, radius * 0.35))
    return Layer(pixels, np.clip(reach * 3, 0, 1), "dent")


def paint_discoloration(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a wide, soft change of hue, saturation or brightness; the texture stays."""
    area = max(canvas.draw_area(rng) * 2, 0.004 * canvas.height * canvas.width)
    radius = float(np.sqrt(area / np.pi))
    alpha = blur(_spot(canvas, rng, area, 0.6, 3), radius * rng.uniform(0.1, 0.4))
    patchy = fractal(rng, canvas.height, canvas.width, max(4.0, radius), 3)
    alpha = alpha * (1 - rng.uniform(0, 0.6) * patchy)
    local = canvas.local_colour(alpha)
    amount = contrast(canvas, rng, 90.0)
    if canvas.grey or rng.random() < 0.35:
        change = away_from(local, rng, amount, dark_share=0.5)
    else:
        change = foreign_colour(local, rng, amount, vivid=True) - local
    pixels = canvas.pixels.copy()
    add(pixels, alpha.astype(np.float32), change)
    return Layer(pixels, np.clip(alpha * 2, 0, 1).astype(np.float32), "discoloration")


def paint_pitting(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a cluster of small pits or pores, denser towards the middle."""
    count = int(rng.integers(4, 40))
    area = canvas.draw_area(rng, 0.02)
    x, y = canvas.place(rng)
    spread = canvas.extent * rng.uniform(0.02, 0.12)
    pits = []
    for _ in range(count):
        at = (x + rng.normal() * spread, y + rng.normal() * spread)
        share = max(3.0, area / count * float(rng.lognormal(0, 0.6)))
        pits.append(outline(rng, at, share, roughness=0.3, elongation=rng.uniform(1, 1.8)))
    alpha = fill_polygons(canvas.height, canvas.width, pits)
    if not alpha.any():
        return None
    radius = float(np.sqrt(area / count / np.pi))
    local = canvas.local_colour(alpha)
    change = away_from(local, rng, max(20.0, contrast(canvas, rng)), dark_share=0.85)
    pixels = canvas.pixels.copy()
    add(pixels, blur(alpha, 0.5), change)
    lip = shadow(alpha, rng.uniform(0, 2 * np.pi), max(0.8, radius * 0.5))
    add(pixels, lip, change * np.float32(-rng.uniform(0.1, 0.5)))
    return Layer(pixels, np.maximum(blur(alpha, 0.5), lip), "pitting")
