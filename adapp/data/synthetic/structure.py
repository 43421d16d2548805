"""Typed defects of structure: missing part, chip, bend, smear, misplaced piece. Constants ours."""

import cv2
import numpy as np

from adapp.data.noise import fractal
from adapp.data.raster import FloatImage, FloatMap, blur, resize, warp
from adapp.data.synthetic.canvas import Canvas, Layer
from adapp.data.synthetic.shapes import blob
from adapp.data.synthetic.tone import (
    add,
    add_grain,
    away_from,
    contrast,
    foreign_colour,
    lay,
    shading,
    window_around,
)

_INPAINT_SIDE = 40  # pixels; larger gaps are filled on a reduced copy


def filled_in(image: FloatImage, gap: FloatMap) -> FloatImage:
    """Return ``image`` with ``gap`` > 0 filled from its rim, [h, w, 3].

    Navier-Stokes inpainting on a reduced copy: the fill is smooth, grain is the caller's task.
    """
    height, width = gap.shape
    factor = max(1.0, max(height, width) / (2 * _INPAINT_SIDE))
    size = (max(4, round(width / factor)), max(4, round(height / factor)))
    small = cv2.resize(np.clip(image, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    hole = cv2.resize((gap > 0.01).astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    hole = cv2.dilate((hole > 0).astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    done = cv2.inpaint(small, hole, 2, cv2.INPAINT_TELEA).astype(np.float32)
    return resize(done, height, width)


def paint_missing(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return the picture with a piece of structure gone and its surroundings grown over."""
    area = max(canvas.draw_area(rng, 0.05), 0.002 * canvas.height * canvas.width)
    centre = canvas.place_on_detail(rng)
    gap = blob(
        canvas.height,
        canvas.width,
        rng,
        centre,
        area,
        roughness=rng.uniform(0, 0.3),
        elongation=rng.uniform(1, 2),
    )
    window = window_around(canvas, centre, 3.2 * np.sqrt(area / np.pi) + 4)
    pixels = canvas.pixels.copy()
    fill = filled_in(canvas.pixels[window], gap[window])
    fill = add_grain(canvas, rng, fill)
    alpha = blur(gap[window], 0.8)[..., None]
    pixels[window] += (fill - pixels[window]) * alpha
    return Layer(pixels, blur(gap, 0.8), "missing_part")


def paint_chip(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return an object with a piece broken off its edge; None for textures."""
    centre = canvas.place_on_outline(rng)
    if centre is None:
        return None
    area = canvas.draw_area(rng, 0.03) * 1.6
    alpha = blob(
        canvas.height,
        canvas.width,
        rng,
        centre,
        area,
        roughness=rng.uniform(0.2, 0.9),
        elongation=rng.uniform(1, 2.2),
    )
    inside = alpha * blur(canvas.foreground.astype(np.float32), 0.7)
    if float(inside.sum()) < 8:
        return None
    pixels = canvas.pixels.copy()
    window = window_around(canvas, centre, 4 * np.sqrt(area / np.pi) + 4)
    gone = np.maximum(canvas.foreground[window].astype(np.float32), alpha[window])
    ground = canvas.image[window][gone < 0.01]
    colour = np.median(ground, axis=0) if len(ground) > 20 else canvas.ground_colour()
    fill = np.broadcast_to(colour.astype(np.float32), canvas.pixels[window].shape)
    pixels[window] += (add_grain(canvas, rng, fill) - pixels[window]) * inside[window][..., None]
    broken = np.maximum(blur(inside, max(1.0, np.sqrt(area) * 0.08)) - inside, 0)
    broken *= canvas.foreground
    add(pixels, broken, away_from(canvas.local_colour(inside), rng, contrast(canvas, rng, 90.0)))
    return Layer(pixels, np.maximum(inside, np.minimum(3 * broken, 1)), "chip")


def _envelope(canvas: Canvas, centre: tuple[float, float], radius: float) -> FloatMap:
    y = (np.arange(canvas.height, dtype=np.float32)[:, None] - centre[1]) / np.float32(radius)
    x = (np.arange(canvas.width, dtype=np.float32)[None, :] - centre[0]) / np.float32(radius)
    inside = np.maximum(0, 1 - (x * x + y * y))
    weight: FloatMap = inside * inside
    return weight


def paint_bend(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a local deformation: shifted, twisted, or pinched structure."""
    area = max(canvas.draw_area(rng), 0.004 * canvas.height * canvas.width) * 2.5
    radius = float(np.sqrt(area / np.pi))
    centre = canvas.place_on_detail(rng)
    weight = _envelope(canvas, centre, radius)
    y = np.arange(canvas.height, dtype=np.float32)[:, None] - np.float32(centre[1])
    x = np.arange(canvas.width, dtype=np.float32)[None, :] - np.float32(centre[0])
    kind, sign = int(rng.integers(3)), rng.choice([-1.0, 1.0])
    if kind == 0:
        angle, reach = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.15, 0.4)
        shift_x, shift_y = weight * reach * np.cos(angle), weight * reach * np.sin(angle)
    elif kind == 1:
        turn = weight * np.float32(sign * rng.uniform(0.3, 1.1))
        shift_x = x * (np.cos(turn) - 1) - y * np.sin(turn)
        shift_y = x * np.sin(turn) + y * (np.cos(turn) - 1)
    else:
        pull = weight * np.float32(sign * rng.uniform(0.25, 0.6))
        shift_x, shift_y = x * pull, y * pull
    pixels = warp(canvas.pixels, shift_x.astype(np.float32), shift_y.astype(np.float32))
    return Layer(pixels, np.clip(weight * 20, 0, 1), "bend")


def paint_smear(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return smeared print: structure dragged along one direction; plain ink where it is even."""
    area = max(canvas.draw_area(rng), 0.004 * canvas.height * canvas.width)
    centre = canvas.place_on_detail(rng)
    angle = rng.uniform(0, np.pi)
    reach = int(np.clip(canvas.extent * rng.uniform(0.03, 0.14), 7, 61)) | 1
    kernel = np.zeros((reach, reach), dtype=np.float32)
    half = reach // 2
    tip = (round(half * np.cos(angle)), round(half * np.sin(angle)))
    cv2.line(kernel, (half - tip[0], half - tip[1]), (half + tip[0], half + tip[1]), 1.0)
    kernel /= kernel.sum()
    alpha = blob(
        canvas.height,
        canvas.width,
        rng,
        centre,
        area,
        roughness=0.6,
        elongation=rng.uniform(1, 2.5),
    )
    window = window_around(canvas, centre, 2.5 * np.sqrt(area) + reach)
    drag = np.asarray(cv2.filter2D(alpha[window], -1, kernel), dtype=np.float32)
    dragged = np.asarray(cv2.filter2D(canvas.pixels[window], -1, kernel), dtype=np.float32)
    pixels = canvas.pixels.copy()
    weight = np.clip(drag * 1.3, 0, 1)
    pixels[window] += (dragged - pixels[window]) * weight[..., None]
    streaks = fractal(rng, drag.shape[0], drag.shape[1], max(3.0, canvas.extent * 0.02), 3)
    streaks = np.asarray(cv2.filter2D(streaks, -1, kernel), dtype=np.float32)
    ink = drag * np.clip((streaks - 0.45) * 4, 0, 1)
    local = canvas.local_colour(alpha) if alpha.any() else canvas.ground_colour()
    colour = foreign_colour(local, rng, contrast(canvas, rng, 110.0), vivid=rng.random() < 0.3)
    full = np.zeros(canvas.foreground.shape, dtype=np.float32)
    full[window] = ink * np.float32(rng.uniform(0.3, 0.9))
    lay(pixels, full, colour)
    full[window] = np.maximum(drag, ink)
    return Layer(pixels, full, "smear")


def paint_misplaced(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return a round piece of structure turned in its place, as a wrongly mounted part."""
    area = max(canvas.draw_area(rng, 0.06), 0.004 * canvas.height * canvas.width)
    radius = float(np.sqrt(area / np.pi))
    centre = canvas.place_on_detail(rng)
    alpha = blob(canvas.height, canvas.width, rng, centre, area, roughness=0.0)
    turn = rng.choice([-1.0, 1.0]) * rng.uniform(25, 170)
    matrix = cv2.getRotationMatrix2D(centre, turn, 1.0)
    drift = rng.normal(0, radius * 0.12, 2)
    matrix = matrix + np.array([[0, 0, drift[0]], [0, 0, drift[1]]])
    size = (canvas.width, canvas.height)
    turned = cv2.warpAffine(canvas.pixels, matrix, size, borderMode=cv2.BORDER_REFLECT_101)
    pixels = canvas.pixels.copy()
    lay(pixels, blur(alpha, 0.7), np.asarray(turned, dtype=np.float32))
    rim = shading(blur(alpha, 1.2), rng.uniform(0, 2 * np.pi))
    add(pixels, rim, float(rng.uniform(0, 35)))
    return Layer(pixels, np.clip(blur(alpha, 1.2) * 3, 0, 1), "misplaced")
