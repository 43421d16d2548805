"""A small data set in the project's own layout, and the toy encoder."""

import numpy as np
import pytest
from PIL import Image

from adapp.backbones.factory import create


@pytest.fixture(scope="session")
def backbone():
    return create("tiny", "raid", dtype="float32", device="cpu")


@pytest.fixture
def root(tmp_path):
    """Two categories: one with normals and masked scratches, one with masked cracks only."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "set"
    for number in range(4):
        picture(rng, 90, folder / "steel_plate" / "train" / "good" / f"{number}.png")
    for number in range(3):
        defective(rng, 90, folder / "steel_plate", "scratch", number)
    for number in range(5):
        defective(rng, 170, folder / "concrete_01", "cracks", number)
    return folder


def picture(rng, level, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.normal(level, 12, size=(96, 128, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def defective(rng, level, category, defect_type, number):
    place = category / "test" / defect_type / f"{number}.png"
    pixels = picture(rng, level, place)
    mask = np.zeros(pixels.shape[:2], dtype=np.uint8)
    mask[20:44, 30:70] = 255
    pixels[mask > 0] = 255 - pixels[mask > 0]
    Image.fromarray(pixels).save(place)
    truth = category / "ground_truth" / defect_type / f"{number}_mask.png"
    truth.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(truth)
