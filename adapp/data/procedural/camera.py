"""What a camera does to a scene: lighting gradient, vignette, blur, exposure, noise, compression.

``look`` fixes the camera and the lamp of a category; ``rng`` varies one exposure.
"""

import cv2
import numpy as np

from adapp.core.results import RgbImage
from adapp.data.raster import FloatImage, FloatMap, as_float, blur, luminance

_MONOCHROME = 0.22  # share of categories seen by a grey camera
_COMPRESSED = 0.35  # share of categories stored as JPEG on the way


def expose(scene: FloatImage, look: np.random.Generator, rng: np.random.Generator) -> RgbImage:
    """Return the picture a camera takes of ``scene`` [S, S, 3] in 0..255."""
    scene = as_float(scene)
    size = scene.shape[0]
    gradient = look.uniform(0.0, 0.22)
    towards = look.uniform(0, 2 * np.pi) + rng.normal(0, 0.15)
    vignette = look.uniform(0.0, 0.3)
    softness = look.uniform(0.25, 1.0) * size / 336
    read, shot = look.uniform(0.6, 2.2), look.uniform(0.02, 0.22)
    monochrome, compressed = look.random() < _MONOCHROME, look.random() < _COMPRESSED
    quality, tone = int(look.integers(70, 97)), look.uniform(-0.12, 0.12)

    gain = np.float32(np.exp(rng.normal(0, 0.03)))
    lit = scene * (_falloff(size, gradient, towards, vignette) * gain)[..., None]
    lit = (lit * (1 + rng.normal(0, 0.006, 3))).astype(np.float32)
    if monochrome:
        lit = np.repeat(luminance(np.maximum(lit, 0))[..., None], 3, axis=2)
    lit = blur(lit, softness * float(np.exp(rng.normal(0, 0.12))))
    lit = 255 * np.clip(lit / 255, 0, 1) ** np.float32(np.exp(tone))
    spread = np.sqrt(read**2 + shot * np.maximum(lit, 0), dtype=np.float32)
    channels = 1 if monochrome else 3
    grain = rng.standard_normal((size, size, channels), dtype=np.float32)
    seen = np.clip(lit + spread * grain, 0, 255)
    image = np.ascontiguousarray(np.rint(seen).astype(np.uint8))
    return _compressed(image, quality) if compressed else image


def _falloff(size: int, gradient: float, towards: float, vignette: float) -> FloatMap:
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    slope = np.float32(np.cos(towards)) * x + np.float32(np.sin(towards)) * y
    return as_float(1 + gradient * slope - np.float32(vignette / 2) * (x * x + y * y))


def _compressed(image: RgbImage, quality: int) -> RgbImage:
    _, stored = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(back, dtype=np.uint8)[..., ::-1])
