"""What a camera does to a scene: uneven light, vignette, blur, exposure, noise, compression."""

from dataclasses import dataclass

import cv2
import numpy as np

from adapp.core.results import RgbImage
from adapp.data.raster import FloatImage, FloatMap, as_float, blur, luminance

_MONOCHROME = 0.22  # share of categories seen by a grey camera
_COMPRESSED = 0.35  # share of categories stored as JPEG on the way


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera and its surroundings.

    Attributes:
        gradient: Relative fall of the light across the picture, 0..1.
        towards: Direction of that fall in radians.
        vignette: Relative darkening of the corners, 0..1.
        softness: Blur in pixels at 336 px.
        read: Noise of a dark pixel in grey levels.
        shot: Noise variance per grey level of signal.
        tone: Logarithm of the exponent of the tone curve; 0 keeps tones.
        monochrome: Whether it sees grey only.
        quality: JPEG quality on the way, or None for no compression.
    """

    gradient: float
    towards: float
    vignette: float
    softness: float
    read: float
    shot: float
    tone: float
    monochrome: bool
    quality: int | None


def choose_camera(look: np.random.Generator) -> Camera:
    """Return the camera of a category."""
    gradient, towards = look.uniform(0.0, 0.22), look.uniform(0, 2 * np.pi)
    vignette, softness = look.uniform(0.0, 0.3), look.uniform(0.25, 1.0)
    read, shot = look.uniform(0.6, 2.2), look.uniform(0.02, 0.22)
    monochrome, compressed = look.random() < _MONOCHROME, look.random() < _COMPRESSED
    quality, tone = int(look.integers(70, 97)), look.uniform(-0.12, 0.12)
    return Camera(
        gradient=gradient,
        towards=towards,
        vignette=vignette,
        softness=softness,
        read=read,
        shot=shot,
        tone=tone,
        monochrome=monochrome,
        quality=quality if compressed else None,
    )


def capture(scene: FloatImage, camera: Camera, rng: np.random.Generator) -> FloatImage:
    """Return the light that reaches the sensor, noise included, [S, S, 3] in 0..255.

    The input is the scene in 0..255, [S, S, 3].
    """
    scene = as_float(scene)
    size = scene.shape[0]
    towards = camera.towards + rng.normal(0, 0.15)
    gain = np.float32(np.exp(rng.normal(0, 0.03)))
    lit = scene * (_falloff(size, camera.gradient, towards, camera.vignette) * gain)[..., None]
    lit = as_float(lit * (1 + rng.normal(0, 0.006, 3)))
    if camera.monochrome:
        lit = np.repeat(luminance(np.maximum(lit, 0))[..., None], 3, axis=2)
    lit = blur(lit, camera.softness * size / 336 * float(np.exp(rng.normal(0, 0.12))))
    lit = 255 * np.clip(lit / 255, 0, 1) ** np.float32(np.exp(camera.tone))
    spread = np.sqrt(camera.read**2 + camera.shot * np.maximum(lit, 0), dtype=np.float32)
    channels = 1 if camera.monochrome else 3
    grain = rng.standard_normal((size, size, channels), dtype=np.float32)
    return as_float(np.clip(lit + spread * grain, 0, 255))


def expose(scene: FloatImage, camera: Camera, rng: np.random.Generator) -> RgbImage:
    """Return the picture ``camera`` takes of ``scene``, [S, S, 3]."""
    image = np.ascontiguousarray(np.rint(capture(scene, camera, rng)).astype(np.uint8))
    return image if camera.quality is None else _compressed(image, camera.quality)


def _falloff(size: int, gradient: float, towards: float, vignette: float) -> FloatMap:
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    slope = np.float32(np.cos(towards)) * x + np.float32(np.sin(towards)) * y
    return as_float(1 + gradient * slope - np.float32(vignette / 2) * (x * x + y * y))


def _compressed(image: RgbImage, quality: int) -> RgbImage:
    _, stored = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(back, dtype=np.uint8)[..., ::-1])
