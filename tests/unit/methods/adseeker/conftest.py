"""The toy joint space and a small data set in the project's own layout."""

import numpy as np
import pytest
from PIL import Image

from adapp.backbones.factory import create_joint, new_bridge


@pytest.fixture(scope="session")
def joint():
    return create_joint("tiny", "adseeker", bridge=new_bridge("tiny").state_dict(), device="cpu")


@pytest.fixture
def root(tmp_path):
    """Three categories: two with normal pictures and masked holes, one with masked cracks only."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "set"
    for part, level, normals, kind in (
        ("plate", 90, 3, "hole"),
        ("board", 160, 3, "hole"),
        ("ring", 120, 0, "crack"),
    ):
        for number in range(normals):
            _picture(rng, level, folder / part / "train" / "good" / f"{number}.png")
        for number in range(4):
            _damaged(rng, level, folder / part, kind, number)
    return folder


def _picture(rng, level, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.normal(level, 12, size=(72, 72, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def _damaged(rng, level, category, kind, number):
    place = category / "test" / kind / f"{number}.png"
    pixels = _picture(rng, level, place)
    mask = np.zeros(pixels.shape[:2], dtype=np.uint8)
    mask[20:44, 24:50] = 255
    pixels[mask > 0] = (250, 20, 20) if kind == "hole" else (20, 250, 240)
    Image.fromarray(pixels).save(place)
    truth = category / "ground_truth" / kind / f"{number}_mask.png"
    truth.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(truth)
