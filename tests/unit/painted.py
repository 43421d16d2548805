"""Noisy grey parts and painted defects with their masks, in the project's own layout."""

import numpy as np
from PIL import Image


def good_part(rng, level, size, path):
    """Write a noisy grey picture of ``size`` (rows, columns) and return its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.normal(level, 12, size=(*size, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def defective_part(rng, level, size, category, kind, number, *, box, paint):
    """Write one with a defect in ``box`` (rows, columns as slices), painted over, and its mask."""
    place = category / "test" / kind / f"{number}.png"
    pixels = good_part(rng, level, size, place)
    pixels[box] = paint(pixels[box])
    Image.fromarray(pixels).save(place)
    mask = np.zeros(size, dtype=np.uint8)
    mask[box] = 255
    truth = category / "ground_truth" / kind / f"{number}_mask.png"
    truth.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(truth)
