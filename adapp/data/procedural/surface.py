"""Materials under a lamp: height fields to shading, colours of things, grounds to lie on."""

from dataclasses import dataclass

import cv2
import numpy as np

from adapp.data.noise import fractal, stretch
from adapp.data.procedural.frame import Frame
from adapp.data.raster import FloatImage, FloatMap, as_float, blur, translate

Colour = FloatImage  # [3] in 0..255


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp: its direction in the picture, its height, and the share of light from all around."""

    azimuth: float
    elevation: float
    ambient: float


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """How a surface answers light.

    Attributes:
        colour: Its own colour, [3] in 0..255.
        gloss: Strength of the highlight, 0..1.
        polish: Exponent of the highlight.
        metal: Share of the surroundings it mirrors, 0..1.
    """

    colour: Colour
    gloss: float
    polish: float
    metal: float


def lamp(look: np.random.Generator, rng: np.random.Generator) -> Light:
    """Return the lamp of a category, moved a little for one picture."""
    azimuth, elevation = look.uniform(0, 2 * np.pi), look.uniform(0.6, 1.25)
    ambient = look.uniform(0.3, 0.65)
    return Light(azimuth + rng.normal(0, 0.06), elevation + rng.normal(0, 0.03), ambient)


def rgb(red: float, green: float, blue: float) -> Colour:
    """Return a colour from its three values in 0..255."""
    return np.array([red, green, blue], dtype=np.float32)


def any_colour(look: np.random.Generator) -> Colour:
    """Return a colour of any hue; greys, dark and light ones are common."""
    hue, value = look.uniform(0, 180), look.uniform(35, 235)
    saturation = 255 * look.beta(1.0, 2.0)
    pixel = np.array([[[hue, saturation, value]]], dtype=np.uint8)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0], dtype=np.float32)


_METALS = (
    (168, 170, 174),  # steel
    (196, 197, 198),  # aluminium
    (120, 122, 126),  # zinc
    (198, 168, 98),  # brass
    (190, 122, 92),  # copper
    (70, 72, 76),  # black oxide
    (206, 182, 120),  # yellow chromate
)


def metal(look: np.random.Generator) -> Material:
    """Return bare, plated or blackened metal."""
    base = np.array(_METALS[int(look.integers(len(_METALS)))], dtype=np.float32)
    colour = np.clip(base * look.uniform(0.75, 1.15) + look.normal(0, 4, 3), 20, 245)
    return Material(
        colour.astype(np.float32), look.uniform(0.2, 0.7), look.uniform(8, 50), look.uniform(0.3, 1)
    )


def plastic(look: np.random.Generator) -> Material:
    """Return plastic, rubber, paint or ceramic of any colour."""
    return Material(any_colour(look), look.uniform(0.02, 0.4), look.uniform(5, 60), 0.0)


def metal_or_plastic(look: np.random.Generator, metal_share: float = 0.5) -> Material:
    """Return one or the other."""
    return metal(look) if look.random() < metal_share else plastic(look)


def shade(height: FloatMap, colour: FloatImage, material: Material, light: Light) -> FloatImage:
    """Return a height field (in pixels) of ``colour`` under the lamp, [S, S, 3] in 0..255.

    A flat patch keeps its colour, so shading never changes a category's mean tone.
    """
    height = as_float(height)
    slope_x = np.asarray(cv2.Scharr(height, cv2.CV_32F, 1, 0), dtype=np.float32) / 32
    slope_y = np.asarray(cv2.Scharr(height, cv2.CV_32F, 0, 1), dtype=np.float32) / 32
    upright = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    lift = np.float32(np.sin(light.elevation))
    flat = np.float32(np.cos(light.elevation))
    lamp_x, lamp_y = np.float32(np.cos(light.azimuth)), np.float32(np.sin(light.azimuth))
    facing = (lift - flat * (slope_x * lamp_x + slope_y * lamp_y)) * upright
    diffuse = light.ambient + (1 - light.ambient) * np.maximum(facing, 0) / lift
    if material.metal > 0:
        wave = np.sin(3.1 * slope_x * upright + 4.3 * slope_y * upright + 0.9)
        diffuse = diffuse * (1 + np.float32(0.35 * material.metal) * (wave - np.float32(0.7833)))
    out = as_float(colour * diffuse[..., None])
    if material.gloss > 0:
        half = np.float32(np.sqrt((1 + lift) / 2))
        side = flat / (2 * half)
        mirror = np.maximum((half - side * (slope_x * lamp_x + slope_y * lamp_y)) * upright, 0)
        shine = mirror**material.polish - half**material.polish
        out += (np.float32(150 * material.gloss) * np.maximum(shine, 0))[..., None]
    return out


def bevel(frame: Frame, distance: FloatMap, width: float, rise: float) -> FloatMap:
    """Return the height in pixels of a plate with rounded edges: 0 outside, ``rise`` inside."""
    inward = np.clip(-distance / np.float32(width), 0, 1)
    height: FloatMap = np.sqrt(inward * (2 - inward)) * np.float32(rise / frame.pixel)
    return height


def place(
    scene: FloatImage,
    part: FloatImage,
    cover: FloatMap,
    light: Light,
    *,
    drop: float = 4.0,
    depth: float = 0.45,
) -> FloatImage:
    """Return ``scene`` with ``part`` lying on it and its soft shadow beside, [S, S, 3].

    ``drop`` is the shadow's length in pixels at 336 px, ``depth`` the share of light it takes.
    """
    reach = drop * scene.shape[0] / 336
    x, y = -reach * np.cos(light.azimuth), -reach * np.sin(light.azimuth)
    cast = blur(translate(cover, float(x), float(y)), 0.5 + reach * 0.45)
    near = blur(cover, 0.8 + reach * 0.25)
    dark = 1 - np.float32(depth) * np.maximum(cast, 0.7 * near)
    dimmed = scene * dark[..., None]
    return as_float(dimmed + (part - dimmed) * cover[..., None])


def paint(scene: FloatImage, colour: FloatImage, cover: FloatMap) -> FloatImage:
    """Return ``scene`` with a thin coat of ``colour`` ([3] or [S, S, 3]) over it."""
    return scene + (colour - scene) * cover[..., None]


def streaks(
    rng: np.random.Generator, size: int, length: float, width: float, angle: float
) -> FloatMap:
    """Return noise drawn out along ``angle`` in radians, [size, size] in 0..1; sizes in pixels."""
    room = int(size * 1.45)
    rows, columns = int(room / max(width, 1)) + 2, int(room / max(length, 1)) + 2
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    field = cv2.resize(grid, (room, room), interpolation=cv2.INTER_CUBIC)
    matrix = cv2.getRotationMatrix2D((room / 2, room / 2), float(np.degrees(-angle)), 1.0)
    turned = cv2.warpAffine(field, matrix, (room, room), borderMode=cv2.BORDER_REFLECT_101)
    edge = (room - size) // 2
    cut = np.ascontiguousarray(turned[edge : edge + size, edge : edge + size])
    return stretch(np.asarray(cut, dtype=np.float32))


def ground(look: np.random.Generator, rng: np.random.Generator, size: int) -> FloatImage:
    """Return what a part lies on: lightbox, dark mat, coloured sheet, cloth, metal, wood, belt."""
    kind = int(look.integers(7))
    if kind == 0:
        colour = np.full(3, look.uniform(205, 245), dtype=np.float32)
        rough, cell = look.uniform(0, 3), 80.0
    elif kind == 1:
        colour = np.full(3, look.uniform(10, 45), dtype=np.float32) + np.float32(look.normal(0, 2))
        rough, cell = look.uniform(1, 5), look.uniform(2, 30)
    elif kind == 2:
        colour, rough, cell = any_colour(look), look.uniform(1, 6), look.uniform(2, 60)
    else:
        colour, rough, cell = any_colour(look) * 0.5 + 60, look.uniform(3, 14), look.uniform(2, 8)
    values = fractal(rng, size, size, max(2.0, cell * size / 336), 3) - 0.5
    scene = colour + (values * np.float32(2 * rough))[..., None]
    if kind == 4:
        angle = look.uniform(0, np.pi)
        scene += ((streaks(rng, size, size / 3, 1.5, angle) - 0.5) * 40)[..., None]
    elif kind == 5:
        axis = np.arange(size, dtype=np.float32) * np.float32(336 / size)
        period, depth = look.uniform(3, 9), look.uniform(4, 18)
        phase = rng.uniform(0, 6, 2)
        across = np.sin(axis * np.float32(2 * np.pi / period) + phase[0]).astype(np.float32)
        down = np.sin(axis * np.float32(2 * np.pi / period) + phase[1]).astype(np.float32)
        scene += (np.float32(depth) * across[None, :] * down[:, None])[..., None]
    return np.clip(scene, 0, 255).astype(np.float32)
