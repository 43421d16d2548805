"""How a defect differs from its surroundings: contrast, colour, grain, shading."""

import numpy as np

from adapp.data.raster import FloatImage, FloatMap, Window, as_float, bounding_window, translate
from adapp.data.synthetic.canvas import Canvas

_FAINT = 11.0  # grey levels of the faintest intended contrast
_FAINT_NOISE = 2.2  # the same in units of the picture's own noise
_STRONG = 150.0  # grey levels of the strongest


def contrast(canvas: Canvas, rng: np.random.Generator, strongest: float = _STRONG) -> float:
    """Return a contrast in grey levels, from barely visible to ``strongest``, log-uniform."""
    faint = max(_FAINT, _FAINT_NOISE * canvas.noise)
    return float(np.exp(rng.uniform(np.log(faint), np.log(max(strongest, faint + 1)))))


def away_from(
    colour: FloatImage, rng: np.random.Generator, amount: float, dark_share: float = 0.6
) -> FloatImage:
    """Return a signed change of colour that the range 0..255 has room for, [3].

    ``dark_share`` is the odds of darkening where both directions have room.
    """
    level = float(colour.mean())
    darker = rng.random() < dark_share
    if level - amount < 0 and level < 127:
        darker = False
    elif level + amount > 255 and level >= 127:
        darker = True
    tint = rng.uniform(0.75, 1.25, 3) if rng.random() < 0.5 else np.ones(3)
    return (tint * (-amount if darker else amount)).astype(np.float32)


def foreign_colour(
    local: FloatImage, rng: np.random.Generator, amount: float, *, vivid: bool
) -> FloatImage:
    """Return a colour ``amount`` grey levels from ``local`` in a random direction, [3]."""
    if vivid:
        direction = rng.normal(size=3)
        direction /= max(float(np.abs(direction).max()), 1e-6)
    else:
        direction = np.ones(3) * rng.choice([-1.0, 1.0]) + rng.normal(0, 0.15, 3)
    there = local + amount * direction
    mirrored = local - amount * direction
    lost = np.abs(there - np.clip(there, 0, 255)).sum()
    if lost > np.abs(mirrored - np.clip(mirrored, 0, 255)).sum():
        there = mirrored
    return np.clip(there, 0, 255).astype(np.float32)


def add_grain(canvas: Canvas, rng: np.random.Generator, layer: FloatImage) -> FloatImage:
    """Return ``layer`` [h, w, 3] with grain of the picture's own strength."""
    grain = rng.standard_normal(layer.shape[:2], dtype=np.float32) * np.float32(canvas.noise)
    return layer + grain[..., None]


def lay(pixels: FloatImage, alpha: FloatMap, colour: FloatImage) -> None:
    """Blend ``colour`` ([3] or as large as the window of ``alpha``) into ``pixels`` in place."""
    window = bounding_window(alpha)
    if window is None:
        return
    blend = alpha[window][..., None]
    layer = colour[window] if colour.ndim == 3 else colour
    pixels[window] += (layer - pixels[window]) * blend


def add(pixels: FloatImage, amount: FloatMap, colour: FloatImage | float) -> None:
    """Add ``amount`` x ``colour`` to ``pixels`` in place, inside the window of ``amount``."""
    window = bounding_window(np.abs(amount))
    if window is not None:
        pixels[window] += amount[window][..., None] * np.asarray(colour, dtype=np.float32)


def shading(height: FloatMap, light: float) -> FloatMap:
    """Return the slope of a height field towards ``light`` (radians), peak magnitude 1."""
    dy, dx = np.gradient(height)
    slope = as_float(dx * np.cos(light) + dy * np.sin(light))
    peak = float(np.abs(slope).max())
    if peak > 1e-9:
        slope /= np.float32(peak)
    return slope


def shadow(alpha: FloatMap, light: float, reach: float) -> FloatMap:
    """Return the part of a moved copy of ``alpha`` that lies beside it, in [0, 1]."""
    moved = translate(alpha, reach * float(np.cos(light)), reach * float(np.sin(light)))
    beside: FloatMap = np.maximum(moved - alpha, 0)
    return beside


def window_around(
    canvas: Canvas, centre: tuple[float, float], half: float, least: int = 8
) -> Window:
    """Return a window of half-width ``half`` pixels around (x, y), cut at the border."""
    reach = max(least, int(half))
    x, y = int(centre[0]), int(centre[1])
    return (
        slice(max(0, y - reach), min(canvas.height, y + reach + 1)),
        slice(max(0, x - reach), min(canvas.width, x + reach + 1)),
    )
