"""A small data set in the project's own layout, and the toy encoder."""

import numpy as np
import pytest

from adapp.backbones.factory import create
from tests.unit.painted import defective_part, good_part

SIZE = (96, 128)
BOX = np.s_[20:44, 30:70]


@pytest.fixture(scope="session")
def backbone():
    return create("tiny", "raid", dtype="float32", device="cpu")


@pytest.fixture
def root(tmp_path):
    return write_set(tmp_path / "set")


def write_set(folder):
    """Two categories: one with normals and masked scratches, one with masked cracks only."""
    rng = np.random.default_rng(0)
    for number in range(4):
        good_part(rng, 90, SIZE, folder / "steel_plate" / "train" / "good" / f"{number}.png")
    for number in range(3):
        inverted(rng, 90, folder / "steel_plate", "scratch", number)
    for number in range(5):
        inverted(rng, 170, folder / "concrete_01", "cracks", number)
    return folder


def inverted(rng, level, category, kind, number):
    defective_part(rng, level, SIZE, category, kind, number, box=BOX, paint=lambda part: 255 - part)
