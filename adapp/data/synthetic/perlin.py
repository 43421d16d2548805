"""The Perlin/texture recipe: a noise-shaped region shows another texture.

Source: DRAEM section 3.2, with the threshold of RAID; the ten source changes are ours.
"""

from collections.abc import Callable

import cv2
import numpy as np

from adapp.core.results import BinaryMask, RgbImage
from adapp.data.noise import perlin, texture
from adapp.data.raster import FloatImage, as_float, blur, luminance, to_bytes
from adapp.data.synthetic.canvas import Canvas, Layer

_REDRAWS = 6  # noise fields tried before the recipe gives up


def paint(canvas: Canvas, rng: np.random.Generator) -> Layer | None:
    """Return the picture with noise-shaped regions of another texture; None if none fits."""
    mask = _outline(canvas, rng)
    if mask is None:
        return None
    kinds = {"procedural": ("procedural",), "self": ("self",), "both": ("procedural", "self")}
    options = kinds[canvas.config.texture_source]
    if options[int(rng.integers(len(options)))] == "self":
        name, source = "structural", shuffled(canvas, rng)
    else:
        name, source = "texture", to_bytes(texture(rng, canvas.height, canvas.width))
    beta = rng.uniform(0, canvas.config.blend_beta_max)
    mixed = cv2.addWeighted(source, 1 - beta, canvas.image, beta, 0)
    pixels = cv2.copyTo(mixed, mask.astype(np.uint8), canvas.image.copy())
    return Layer(np.asarray(pixels, dtype=np.uint8), as_float(mask), name)


def _outline(canvas: Canvas, rng: np.random.Generator) -> BinaryMask | None:
    low, high = canvas.config.perlin_scale_exponent
    least = canvas.config.least_area * canvas.height * canvas.width
    for _ in range(_REDRAWS):
        rows, columns = (int(2 ** rng.integers(low, high + 1)) for _ in range(2))
        tall, wide = (canvas.height + 1) // 2, (canvas.width + 1) // 2
        field = perlin(rng, tall, wide, rows, columns)  # smooth, so half the resolution will do
        turn = rng.uniform(-canvas.config.perlin_rotation, canvas.config.perlin_rotation)
        matrix = cv2.getRotationMatrix2D((wide / 2, tall / 2), turn, 2.0)
        matrix = matrix + np.array([[0, 0, wide / 2], [0, 0, tall / 2]])
        turned = cv2.warpAffine(field, matrix, (canvas.width, canvas.height))
        mask = np.asarray(turned > canvas.config.perlin_threshold) & canvas.foreground
        if np.count_nonzero(mask) >= max(least, 8):
            return mask
    return None


def shuffled(canvas: Canvas, rng: np.random.Generator) -> RgbImage:
    """Return the picture itself, augmented, cut in a grid and shuffled, [H, W, 3]."""
    grid = canvas.config.shuffle_grid
    source = augment(canvas.image, rng, canvas.config.source_augmentations)
    tall, wide = canvas.height // grid, canvas.width // grid
    out = source.copy()
    for place, taken in enumerate(rng.permutation(grid * grid)):
        row, column = divmod(place, grid)
        from_row, from_column = divmod(int(taken), grid)
        out[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide] = source[
            from_row * tall : (from_row + 1) * tall, from_column * wide : (from_column + 1) * wide
        ]
    return out


def augment(image: RgbImage, rng: np.random.Generator, count: int) -> RgbImage:
    """Return ``image`` under ``count`` different random changes, [H, W, 3].

    Changes of single pixels are gathered in one table of 256 tones before they are applied.
    """
    tones = _TONES
    for index in rng.choice(len(_CHANGES), size=count, replace=False):
        change = _CHANGES[int(index)]
        if change in _OF_TONES:
            tones = np.clip(change(tones, rng), 0, 255)
        else:
            image = to_bytes(change(as_float(_toned(image, tones)), rng))
            tones = _TONES
    return _toned(image, tones)


def _toned(image: RgbImage, tones: FloatImage) -> RgbImage:
    if tones is _TONES:
        return image
    return np.asarray(cv2.LUT(image, to_bytes(tones).reshape(1, 256, 3)), dtype=np.uint8)


_TONES: FloatImage = np.repeat(np.arange(256, dtype=np.float32), 3).reshape(256, 1, 3)


def _gamma(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    table = 255 * (np.arange(256) / 255) ** np.exp(rng.uniform(-0.7, 0.7))
    return as_float(table[image.astype(np.uint8)])


def _brightness(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    factors = rng.uniform(0.8, 1.2, 3) if rng.random() < 0.5 else rng.uniform(0.8, 1.2, 1)
    scaled: FloatImage = image * factors.astype(np.float32)
    return scaled + np.float32(rng.uniform(-30, 30))


def _sharpen(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    return image + (image - blur(image, 1.5)) * np.float32(rng.uniform(0.3, 1.5))


def _tint(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    return image + rng.uniform(-50, 50, 3).astype(np.float32)


def _saturation(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    grey = luminance(image)[..., None]
    return grey + (image - grey) * np.float32(rng.uniform(0.0, 2.0))


def _solarise(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    level = np.float32(rng.uniform(32, 128))
    return as_float(np.where(image > level, 255 - image, image))


def _posterise(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    step = np.float32(2 ** int(rng.integers(4, 7)))
    return as_float(np.floor(image / step) * step + step / 2)


def _invert(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    share = np.float32(rng.uniform(0.6, 1.0))
    return image * (1 - share) + (255 - image) * share


def _contrast(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    low, high = np.percentile(image[::8, ::8], [rng.uniform(0, 10), rng.uniform(90, 100)])
    return (image - np.float32(low)) * np.float32(255 / max(high - low, 8))


def _turn(image: FloatImage, rng: np.random.Generator) -> FloatImage:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-45, 45), 1.0)
    turned = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(turned, dtype=np.float32)


_CHANGES: tuple[Callable[[FloatImage, np.random.Generator], FloatImage], ...] = (
    _gamma,
    _brightness,
    _sharpen,
    _tint,
    _saturation,
    _solarise,
    _posterise,
    _invert,
    _contrast,
    _turn,
)
_OF_TONES = frozenset({_gamma, _brightness, _tint, _solarise, _posterise, _invert})
