"""Flaws painted on any picture: what the synthetic anomalies lack, or show less plainly.

A painter takes a sound picture [S, S, 3] as float, its object's mask [S, S] and a generator, and
returns the damaged picture. What changed is found by comparison.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from adapp.core.results import BinaryMask
from adapp.data.noise import fractal
from adapp.data.procedural.surface import rgb
from adapp.data.raster import FloatImage, FloatMap, as_float, blur, largest_change, to_bytes, warp

Painter = Callable[[FloatImage, BinaryMask, np.random.Generator], FloatImage]


def _spot(
    mask: BinaryMask, rng: np.random.Generator, share: float, *, ragged: float = 0.5
) -> tuple[FloatMap, float, float]:
    """Return a signed distance in pixels to a ragged disc on the object, and its centre (x, y)."""
    size = mask.shape[0]
    within = _one_piece(mask, rng).astype(np.uint8)
    within[[0, -1], :] = within[:, [0, -1]] = 0
    inner = np.asarray(cv2.distanceTransform(within, cv2.DIST_L2, 5))
    deep = np.argwhere(inner >= min(0.6 * float(inner.max()), share * size))
    row, column = deep[int(rng.integers(len(deep)))]
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    radius = share * size
    wave = (fractal(rng, size, size, size / 8, 3) - 0.5) * np.float32(2 * ragged * radius)
    distance = as_float(np.hypot(columns - column, rows - row) - radius + wave)
    return distance, float(column), float(row)


def _one_piece(mask: BinaryMask, rng: np.random.Generator) -> BinaryMask:
    """Return one of the large pieces of ``mask``; all of it where there is only one."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 2:
        return mask
    sizes = np.asarray(stats)[1:, cv2.CC_STAT_AREA]
    large = np.flatnonzero(sizes > 0.4 * sizes.max()) + 1
    return np.asarray(labels == int(rng.choice(large)), dtype=np.bool_)


def _cover(distance: FloatMap, soft: float) -> FloatMap:
    """Return the coverage of a signed distance in pixels with an edge ``soft`` pixels wide."""
    return as_float(np.clip(0.5 - distance / np.float32(soft), 0, 1))


def _ground(pixels: FloatImage, mask: BinaryMask) -> FloatImage:
    """Return what lies around the object, or its darkest tone where it fills the picture, [3]."""
    if np.count_nonzero(~mask) > 0.02 * mask.size:
        return as_float(np.median(pixels[~mask], axis=0))
    return as_float(np.percentile(pixels.reshape(-1, 3), 2, axis=0) * 0.4)


def break_off(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a large piece missing and a pale, rough fracture along the gap."""
    size = mask.shape[0]
    ground = _ground(pixels, mask)
    mask = _one_piece(mask, rng)
    rows, columns = np.nonzero(mask)
    turn = rng.uniform(0, 2 * np.pi)
    along = columns * np.cos(turn) + rows * np.sin(turn)
    cut = float(np.percentile(along, 74))
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    ragged = (fractal(rng, size, size, size / 7, 4) - 0.5) * (0.16 * size)
    beyond = as_float(grid_x * np.cos(turn) + grid_y * np.sin(turn) - cut + ragged)
    gone = as_float(_cover(as_float(-beyond), 2.0) * mask)
    lip = as_float(np.clip(1 + beyond / (0.045 * size), 0, 1) * (beyond < 0) * mask)
    grain = fractal(rng, size, size, 5.0, 2)
    pale = as_float(np.median(pixels[mask], axis=0) * 0.5 + 96 + (grain[..., None] - 0.5) * 50)
    out = pixels + (pale - pixels) * (0.85 * (lip > 0.05) * mask)[..., None]
    return as_float(out + (ground - out) * gone[..., None])


def burn(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a brown to black zone that fades outwards."""
    size = mask.shape[0]
    distance, _, _ = _spot(mask, rng, 0.15)
    heat = as_float(np.clip(-distance / (0.16 * size) + 0.35, 0, 1) * mask)
    scorched = as_float(pixels * rgb(0.42, 0.27, 0.16))
    out = pixels + (scorched - pixels) * np.minimum(1, 1.7 * heat)[..., None]
    return as_float(out + (rgb(26, 20, 18) - out) * (np.clip(heat - 0.5, 0, 1) * 1.6)[..., None])


def _rust(pixels: FloatImage, cover: FloatMap, rng: np.random.Generator) -> FloatImage:
    size = cover.shape[0]
    grain, cloud = fractal(rng, size, size, 5.0, 3), fractal(rng, size, size, size / 10, 3)
    tone = rgb(146, 82, 40) + ((grain - 0.5) * 80)[..., None] * rgb(1, 0.8, 0.5)
    tone = as_float(tone + ((cloud - 0.5) * 60)[..., None] * rgb(1, 0.7, 0.4))
    return as_float(pixels + (tone - pixels) * cover[..., None])


def corrosion(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a few ragged areas of rust."""
    size = mask.shape[0]
    distance, _, _ = _spot(mask, rng, 0.13, ragged=0.9)
    fleck = fractal(rng, size, size, size / 9, 4)
    near = np.clip(1 - distance / (0.22 * size), 0, 1)
    cover = np.clip((near * 0.6 + fleck * 0.6 - 0.62) * 7, 0, 0.95)
    return _rust(pixels, as_float(cover * mask), rng)


def corrosion_all(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object rusted on all of its face."""
    cloud = fractal(rng, mask.shape[0], mask.shape[1], mask.shape[0] / 4, 3)
    return _rust(pixels, as_float((0.75 + 0.25 * cloud) * mask), rng)


def deformation(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object squeezed inwards from its outline."""
    size = mask.shape[0]
    rows, columns = np.nonzero(_one_piece(mask, rng))
    middle_x, middle_y = float(columns.mean()), float(rows.mean())
    turn = rng.uniform(0, 2 * np.pi)
    reach = float(np.percentile(np.hypot(columns - middle_x, rows - middle_y), 92))
    x, y = middle_x + reach * np.cos(turn), middle_y + reach * np.sin(turn)
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    near = np.exp(-(((grid_x - x) ** 2 + (grid_y - y) ** 2) / (2 * (0.36 * reach) ** 2)))
    push = 0.3 * reach * near
    return warp(pixels, as_float(push * np.cos(turn)), as_float(push * np.sin(turn)))


def extra_material(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a lump of the like material standing out of it."""
    size = mask.shape[0]
    distance, _, _ = _spot(mask, rng, 0.085, ragged=0.35)
    inward = np.clip(-distance / (0.07 * size), 0, 1)
    height = as_float(blur(as_float(np.sqrt(inward * (2 - inward))), 1.5) * (0.07 * size))
    slope_x = np.asarray(cv2.Sobel(height, cv2.CV_32F, 1, 0), dtype=np.float32) / 8
    slope_y = np.asarray(cv2.Sobel(height, cv2.CV_32F, 0, 1), dtype=np.float32) / 8
    tone = np.percentile(pixels[mask], 70, axis=0)
    lit = 1 + 0.5 * np.clip(slope_x + slope_y, -1, 1)
    lump = as_float(tone * lit[..., None] + 70 * np.clip(slope_x + slope_y - 0.5, 0, 1)[..., None])
    cast = blur(_cover(as_float(np.roll(distance, (4, 4), (0, 1))), 3.0), 3.0)
    dimmed = pixels * (1 - 0.35 * cast)[..., None]
    return as_float(dimmed + (lump - dimmed) * _cover(distance, 1.5)[..., None])


def print_fault(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with its print rubbed off along a band where there is most of it."""
    size = mask.shape[0]
    grey = pixels.mean(axis=2)
    busy = blur(as_float(np.abs(grey - blur(as_float(grey), size / 24)) * mask), size / 14)
    inner = mask
    for side in (size // 12, size // 4):  # away from the rim, as far as the object allows
        shrunk = cv2.erode(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
        inner = np.asarray(shrunk, dtype=np.bool_) if shrunk.any() else inner
    row, column = np.unravel_index(int(np.argmax(np.where(inner, busy, 0))), busy.shape)
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    turn = rng.uniform(0.5, 1.1)
    across = np.abs((grid_x - column) * np.cos(turn) + (grid_y - row) * np.sin(turn))
    along = np.abs((grid_y - row) * np.cos(turn) - (grid_x - column) * np.sin(turn))
    face = cv2.erode(mask.astype(np.uint8), np.ones((size // 24, size // 24), np.uint8))
    worn = as_float(_cover(as_float(across - 0.055 * size), 3.0) * (along < 0.2 * size) * face)
    near = (across < 0.12 * size) & (along < 0.2 * size) & mask
    paper = as_float(np.median(pixels[near], axis=0))
    doubled = as_float(np.roll(pixels, (round(0.015 * size), round(0.03 * size)), (0, 1)))
    ghost = as_float(np.minimum(pixels, doubled) * 0.7 + pixels * 0.3)
    part = _cover(as_float(across - 0.16 * size), 4.0) * (along < 0.2 * size) * face
    out = pixels + (ghost - pixels) * part[..., None]
    return as_float(out + (paper - out) * (0.95 * worn)[..., None])


def bubble(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with three round blisters: dark rim, bright crescent."""
    size = mask.shape[0]
    out, first = pixels, _spot(mask, rng, 0.065, ragged=0.0)
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    for number, share in enumerate((0.065, 0.035, 0.025)):
        turn = rng.uniform(0, 2 * np.pi)
        apart = 0.0 if number == 0 else 0.14 * size
        x, y = first[1] + apart * np.cos(turn), first[2] + apart * np.sin(turn)
        away = as_float(np.hypot(grid_x - x, grid_y - y) / (share * size))
        inside = _cover(as_float((away - 1) * share * size), 1.5) * mask
        rim = np.exp(-(((away - 0.9) / 0.14) ** 2))
        glint = np.exp(-(((grid_x - x + 0.4 * share * size) ** 2) / (0.3 * share * size) ** 2))
        glint = glint * np.exp(-(((grid_y - y + 0.4 * share * size) / (0.3 * share * size)) ** 2))
        seen = out * (0.72 - 0.4 * rim)[..., None] + (150 * glint)[..., None]
        out = as_float(out + (seen - out) * inside[..., None])
    return out


def rough_texture(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a patch whose fine structure is coarse and matt."""
    size = mask.shape[0]
    distance, _, _ = _spot(mask, rng, 0.19, ragged=0.6)
    cover = as_float(_cover(distance, 0.05 * size) * mask)
    coarse = fractal(rng, size, size, size / 26, 3) - 0.5
    slope = np.asarray(cv2.Sobel(coarse, cv2.CV_32F, 1, 1, ksize=5), dtype=np.float32)
    slope = slope / max(float(np.abs(slope).max()), 1e-6)
    matt = blur(pixels, size / 60) * 1.06 + (slope * 110 + coarse * 46)[..., None]
    return as_float(pixels + (matt - pixels) * cover[..., None])


def flip(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with its other face up: recessed where it stood out, mirrored."""
    del rng
    soft = blur(pixels, 6.0)
    turned = np.ascontiguousarray((2 * soft - pixels)[:, ::-1])
    both = mask & mask[:, ::-1]
    ring = as_float(cv2.distanceTransform(both.astype(np.uint8), cv2.DIST_L2, 5))
    step = np.exp(-(((ring - 0.45 * ring.max()) / (0.08 * max(float(ring.max()), 1.0))) ** 2))
    turned = turned * (1 - 0.45 * step)[..., None]
    return np.where(both[..., None], np.clip(turned, 0, 255), pixels).astype(np.float32)


def other(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the picture with one of its objects in the look of another product."""
    chosen = blur(as_float(_one_piece(mask, rng)), 0.8)
    grey = pixels.mean(axis=2, keepdims=True)
    tinted = grey * rgb(0.94, 0.62, 0.5) + rgb(8, 0, 0)
    return as_float(pixels + (tinted - pixels) * chosen[..., None])


def scratch(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with two long, nearly parallel lines, bright beside dark."""
    size = mask.shape[0]
    _, x, y = _spot(mask, rng, 0.1)
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    turn, out = rng.uniform(0, np.pi), pixels
    light = 1.0 if float(np.median(pixels[mask])) < 190 else -1.0
    for number, reach in enumerate((rng.uniform(0.2, 0.3), rng.uniform(0.1, 0.16))):
        lean = turn + number * rng.uniform(0.03, 0.12)
        along = (grid_x - x) * np.cos(lean) + (grid_y - y) * np.sin(lean) - number * 0.04 * size
        bow = 0.02 * size * np.sin(along / (0.2 * size))
        across = (grid_y - y) * np.cos(lean) - (grid_x - x) * np.sin(lean) - bow
        across = across - number * 0.03 * size
        fade = np.clip((reach * size - np.abs(along)) / (0.08 * size), 0, 1) * mask
        width = max(1.0, 0.0045 * size)
        line = np.exp(-((across / width) ** 2)) * fade
        side = np.exp(-(((across - 1.8 * width) / width) ** 2)) * fade
        out = as_float(out + light * (95 * line - 55 * side)[..., None])
    return np.clip(out, 0, 255).astype(np.float32)


def _wash(
    pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator, share: float, tone: FloatImage
) -> FloatImage:
    """Return the object with a soft, uneven wash of ``tone`` (factors [3]) over a spot."""
    size = mask.shape[0]
    distance, _, _ = _spot(mask, rng, share, ragged=0.7)
    cover = _cover(distance, 0.03 * size) * mask
    rim = np.exp(-((distance / (0.02 * size)) ** 2)) * cover
    uneven = 0.75 + 0.25 * fractal(rng, size, size, size / 10, 3)
    seen = pixels * (1 - (1 - tone) * uneven[..., None])
    out = pixels + (seen - pixels) * cover[..., None]
    return as_float(out * (1 - 0.18 * rim)[..., None])


def stain(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a brownish, wet-looking stain through which its texture shows."""
    return _wash(pixels, mask, rng, 0.12, rgb(0.5, 0.42, 0.34))


def spot(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a small dark spot of sharp outline."""
    size = mask.shape[0]
    distance, _, _ = _spot(mask, rng, 0.05, ragged=0.6)
    cover = as_float(_cover(distance, 2.0) * mask)
    grain = fractal(rng, size, size, 6.0, 2) - 0.5
    dark = pixels * rgb(0.34, 0.26, 0.2) + (grain * 20)[..., None]
    return as_float(pixels + (dark - pixels) * cover[..., None])


def pale_patch(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a patch of nearly its own tone, lighter or darker, soft-edged."""
    factor = 1.14 if float(np.median(pixels[mask])) < 190 else 0.86
    return _wash(pixels, mask, rng, 0.13, rgb(factor, factor, factor * 0.9))


def crater(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the object with a piece broken out of its face: rough, lit on one side."""
    return _bowl(pixels, mask, rng, 0.1)


def dark_area(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the picture with a region, bounded by a jagged line, that hardly glows."""
    size = mask.shape[0]
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    ragged = (fractal(rng, size, size, size / 5, 4) - 0.5) * (0.2 * size)
    beyond = as_float(grid_x + 0.6 * grid_y - 1.05 * size + ragged)
    return as_float(pixels * (1 - 0.78 * _cover(as_float(-beyond), 2.0) * mask)[..., None])


def dark_stripe(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the picture with narrow dark stripes that each end at a point."""
    size = mask.shape[0]
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    dim = np.zeros((size, size), dtype=np.float32)
    for _ in range(5):
        y, start, length = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.6), rng.uniform(0.12, 0.3)
        within = (grid_x > start * size) & (grid_x < (start + length) * size)
        dim = np.maximum(dim, within * np.exp(-(((grid_y - y * size) / (0.012 * size)) ** 2)))
    return as_float(pixels * (1 - 0.7 * dim * mask)[..., None])


def pothole(pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator) -> FloatImage:
    """Return the surface with a large bowl broken out of it."""
    return _bowl(pixels, mask, rng, 0.24)


def _bowl(
    pixels: FloatImage, mask: BinaryMask, rng: np.random.Generator, share: float
) -> FloatImage:
    """Return the picture with a rough hollow, dark on the side of the lamp."""
    size = mask.shape[0]
    distance, x, y = _spot(mask, rng, share, ragged=0.45)
    grid_y, grid_x = np.mgrid[:size, :size].astype(np.float32)
    tilt = np.clip(((grid_x - x) + (grid_y - y)) / (2 * share * size), -1, 1)
    stones = fractal(rng, size, size, 12.0, 3) - 0.5
    bowl = pixels * (0.5 + 0.3 * tilt)[..., None] + (stones * 46)[..., None]
    edge = np.exp(-((distance / (0.018 * size)) ** 2)) * mask
    out = pixels + (bowl - pixels) * (_cover(distance, 3.0) * mask)[..., None]
    return as_float(out * (1 - 0.4 * edge)[..., None])


PAINTERS: Mapping[str, Painter] = MappingProxyType(
    {
        "break": break_off,
        "burn": burn,
        "corrosion": corrosion,
        "corrosion_all": corrosion_all,
        "deformation": deformation,
        "extra_material": extra_material,
        "print_fault": print_fault,
        "bubble": bubble,
        "rough_texture": rough_texture,
        "flip": flip,
        "other": other,
        "dark_area": dark_area,
        "dark_stripe": dark_stripe,
        "pothole": pothole,
        "scratch": scratch,
        "stain": stain,
        "spot": spot,
        "pale_patch": pale_patch,
        "crater": crater,
    }
)


def change_of(sound: FloatImage, damaged: FloatImage, least: int) -> BinaryMask:
    """Return where two pictures differ by at least ``least`` grey levels, holes closed, [S, S]."""
    marked = (largest_change(to_bytes(damaged), to_bytes(sound)) >= least).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((2, 2), dtype=np.uint8))
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, kernel), dtype=np.bool_)
