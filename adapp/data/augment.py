"""Mild views of a normal picture: what the same part could look like in the next shot."""

import cv2
import numpy as np

from adapp.core.results import RgbImage


def mild_views(image: RgbImage, count: int, seed: int) -> list[RgbImage]:
    """Return ``count`` views of a normal picture that every inspector would still call normal.

    Each is moved by up to 4 %, turned by up to 4 degrees, scaled by up to 4 %, lit up to 8 %
    brighter or darker with up to 8 % contrast, and gets sensor noise of about 2 grey levels.

    Args:
        image: RGB picture, [H, W, 3].
        count: Views wanted, at least 0.
        seed: Seed of the draw; the same seed gives the same views.
    """
    rng = np.random.default_rng(seed)
    return [_view(image, rng) for _ in range(count)]


def _view(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), float(rng.uniform(-4, 4)), float(rng.uniform(0.96, 1.04))
    )
    matrix[0, 2] += float(rng.uniform(-0.04, 0.04)) * width
    matrix[1, 2] += float(rng.uniform(-0.04, 0.04)) * height
    moved = cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    ).astype(np.float32)
    mean = moved.mean(axis=(0, 1))
    lit = (moved - mean) * rng.uniform(0.92, 1.08) + mean * rng.uniform(0.92, 1.08)
    noisy = lit + rng.normal(0.0, 2.0, size=moved.shape)
    view: RgbImage = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return view
