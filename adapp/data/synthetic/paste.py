"""Two recipes that move pieces of normal pictures: CutPaste and NSA's seamless clone.

Sources: CutPaste (Li et al. 2021) sections 2.1-2.2; NSA (Schlueter et al. 2022) section 3,
with the constants that ``config`` names one by one.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.core.results import RgbImage
from adapp.data.raster import FloatImage, largest_change, luminance
from adapp.data.synthetic.canvas import Canvas, Layer

_PLACEMENTS = 12  # places tried for a patch with enough object under it
_CLONE_MARGIN = 3  # pixels of surroundings the Poisson solver sees


def paint_cutpaste(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return the picture with a rectangle of its own, or a thin turned scar, pasted elsewhere."""
    if rng.random() < canvas.config.scar_probability:
        return _scar(canvas, rng)
    area = rng.uniform(*canvas.config.cutpaste_area) * canvas.height * canvas.width
    ratio = (
        rng.uniform(0.3, 1) if rng.random() < 0.5 else rng.uniform(1, canvas.config.cutpaste_aspect)
    )
    tall = int(np.clip(np.sqrt(area * ratio), 3, canvas.height - 1))
    wide = int(np.clip(np.sqrt(area / ratio), 3, canvas.width - 1))
    patch = _jitter(canvas, rng, _cut(canvas, rng, tall, wide))
    return _lay(canvas, rng, patch, np.ones(patch.shape[:2], dtype=np.float32), "cutpaste")


def _scar(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    wide = max(2, round(rng.uniform(*canvas.config.scar_width) * canvas.extent))
    tall = max(4, round(rng.uniform(*canvas.config.scar_length) * canvas.extent))
    patch = _jitter(canvas, rng, _cut(canvas, rng, tall, wide))
    side = int(np.ceil(np.hypot(tall, wide))) + 2
    matrix = cv2.getRotationMatrix2D((wide / 2, tall / 2), rng.uniform(-45, 45), 1.0)
    matrix = matrix + np.array([[0, 0, (side - wide) / 2], [0, 0, (side - tall) / 2]])
    size = (side, side)
    turned = cv2.warpAffine(patch, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(np.ones((tall, wide), dtype=np.float32), matrix, size)
    return _lay(
        canvas,
        rng,
        np.asarray(turned, dtype=np.float32),
        np.asarray(alpha, dtype=np.float32),
        "cutpaste_scar",
    )


def _cut(canvas: Canvas, rng: np.random.Generator, tall: int, wide: int) -> FloatImage:
    top = int(rng.integers(0, canvas.height - tall))
    left = int(rng.integers(0, canvas.width - wide))
    return canvas.pixels[top : top + tall, left : left + wide].copy()


def _jitter(canvas: Canvas, rng: np.random.Generator, patch: FloatImage) -> FloatImage:
    reach = canvas.config.cutpaste_jitter
    brightness, contrast, saturation = rng.uniform(1 - reach, 1 + reach, 3).astype(np.float32)
    patch = patch * brightness
    mean = patch.mean(dtype=np.float32)
    patch = mean + (patch - mean) * contrast
    grey = luminance(patch)[..., None]
    jittered: FloatImage = np.clip(grey + (patch - grey) * saturation, 0, 255)
    return jittered


def _lay(
    canvas: Canvas, rng: np.random.Generator, patch: FloatImage, alpha: FloatImage, name: str
) -> Layer | None:
    tall, wide = patch.shape[:2]
    if tall >= canvas.height or wide >= canvas.width:
        return None
    for _ in range(_PLACEMENTS):
        top = int(rng.integers(0, canvas.height - tall))
        left = int(rng.integers(0, canvas.width - wide))
        window = (slice(top, top + tall), slice(left, left + wide))
        if canvas.foreground[window].mean() >= canvas.config.nsa_object_overlap:
            break
    else:
        return None
    pixels = canvas.pixels.copy()
    support = np.zeros(canvas.foreground.shape, dtype=np.float32)
    blend = alpha[..., None]
    pixels[window] = pixels[window] * (1 - blend) + patch * blend
    support[window] = alpha
    return Layer(pixels, support, name)


def paint_nsa(canvas: Canvas, rng: np.random.Generator, others: Sequence[RgbImage]) -> Layer | None:
    """Return the picture with pieces of another normal picture cloned in seamlessly.

    Without ``others`` the pieces come from the picture itself, mirrored.
    """
    source = _source(canvas, rng, others)
    image = canvas.image.copy()
    support = np.zeros(canvas.foreground.shape, dtype=np.float32)
    for _ in range(int(rng.integers(1, canvas.config.nsa_patches_max + 1))):
        patch = _nsa_patch(canvas, rng, source)
        window = _nsa_window(canvas, rng, patch)
        if window is not None:
            _clone(image, patch, window, rng)
            support[window] = 1
    if not support.any():
        return None
    change = largest_change(image, canvas.image)
    support *= cv2.medianBlur(change, 5) >= canvas.config.nsa_change
    return Layer(image, support, "nsa")


def _source(canvas: Canvas, rng: np.random.Generator, others: Sequence[RgbImage]) -> RgbImage:
    if not others:
        return np.ascontiguousarray(canvas.image[::-1, ::-1])
    other = others[int(rng.integers(len(others)))]
    if other.shape == canvas.image.shape:
        return other
    size = (canvas.width, canvas.height)
    return np.asarray(cv2.resize(other, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _nsa_patch(canvas: Canvas, rng: np.random.Generator, source: RgbImage) -> RgbImage:
    config = canvas.config
    drawn = config.nsa_half_width_min + rng.gamma(config.nsa_gamma_shape, config.nsa_gamma_scale, 2)
    half = np.minimum(drawn, config.nsa_half_width_max)
    tall = max(6, round(2 * half[0] * canvas.height))
    wide = max(6, round(2 * half[1] * canvas.width))
    top = int(rng.integers(0, canvas.height - tall + 1))
    left = int(rng.integers(0, canvas.width - wide + 1))
    patch = source[top : top + tall, left : left + wide]
    factor = rng.uniform(*config.nsa_resize)
    size = (
        int(np.clip(wide * factor, 6, canvas.width - 8)),
        int(np.clip(tall * factor, 6, canvas.height - 8)),
    )
    return np.asarray(cv2.resize(patch, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _nsa_window(
    canvas: Canvas, rng: np.random.Generator, patch: RgbImage
) -> tuple[slice, slice] | None:
    tall, wide = patch.shape[:2]
    for _ in range(_PLACEMENTS):
        top = int(rng.integers(2, canvas.height - tall - 1))
        left = int(rng.integers(2, canvas.width - wide - 1))
        window = (slice(top, top + tall), slice(left, left + wide))
        if canvas.foreground[window].mean() >= canvas.config.nsa_object_overlap:
            return window
    return None


def _clone(
    image: RgbImage, patch: RgbImage, window: tuple[slice, slice], rng: np.random.Generator
) -> None:
    """Blend ``patch`` into ``image`` in place; only the surroundings of the window are solved."""
    rows, columns = window
    top, left = max(0, rows.start - _CLONE_MARGIN), max(0, columns.start - _CLONE_MARGIN)
    around = (slice(top, rows.stop + _CLONE_MARGIN), slice(left, columns.stop + _CLONE_MARGIN))
    tall, wide = patch.shape[:2]
    shape: NDArray[np.uint8] = np.zeros((tall, wide), dtype=np.uint8)
    if rng.random() < 0.5:
        shape[1:-1, 1:-1] = 255
    else:
        cv2.ellipse(
            shape, (wide // 2, tall // 2), (wide // 2 - 1, tall // 2 - 1), 0, 0, 360, 255, -1
        )
    ys, xs = np.nonzero(shape)
    # OpenCV centres the mask's bounding box, not the patch, on the point it is given.
    middle = (
        columns.start - left + (int(xs.min()) + int(xs.max()) + 1) // 2,
        rows.start - top + (int(ys.min()) + int(ys.max()) + 1) // 2,
    )
    ground = np.ascontiguousarray(image[around])
    image[around] = cv2.seamlessClone(patch, ground, shape, middle, cv2.NORMAL_CLONE)
