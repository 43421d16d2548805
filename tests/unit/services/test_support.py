"""Supports drawn for a measurement, and pictures left on disk until they are needed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapp.data.samples import Category, Sample
from adapp.services.support import PicturesOnDisk, draw_support, shared_window


def samples(folder: Path, values: list[np.ndarray]) -> tuple[Sample, ...]:
    found = []
    for i, value in enumerate(values):
        path = folder / f"{i}.png"
        Image.fromarray(value).save(path)
        found.append(Sample(path, "s/c", 0, "good", "train"))
    return tuple(found)


def grey(level: int) -> np.ndarray:
    return np.full((8, 6, 3), level, np.uint8)


def test_no_shots_read_nothing(tmp_path: Path) -> None:
    broken = Sample(tmp_path / "none.png", "s/c", 0, "good", "train")
    drawn = draw_support(Category("s/c", tmp_path, "mvtec", (broken,), ()), 0, 0, None)
    assert (drawn.samples, list(drawn.images), drawn.rejected) == ((), [], {})


def test_images_follow_their_samples(tmp_path: Path) -> None:
    train = samples(tmp_path, [grey(level) for level in (10, 20, 30, 40)])
    drawn = draw_support(Category("s/c", tmp_path, "mvtec", train, ()), 3, 0, None)
    assert len(drawn.samples) == 3
    for sample, image in zip(drawn.samples, drawn.images, strict=True):
        assert image[0, 0, 0] == 10 * (int(sample.path.stem) + 1)


def test_pictures_on_disk_are_a_sequence(tmp_path: Path) -> None:
    paths = [sample.path for sample in samples(tmp_path, [grey(10), grey(20), grey(30)])]
    pictures = PicturesOnDisk(paths, None)
    assert len(pictures) == 3
    assert [int(image[0, 0, 0]) for image in pictures] == [10, 20, 30]
    assert pictures[-1].shape == (8, 6, 3)
    assert [int(image[0, 0, 0]) for image in pictures[1:]] == [20, 30]
    with pytest.raises(IndexError):
        pictures[3]


def test_one_window_for_deep_pictures_none_for_others(tmp_path: Path) -> None:
    plain = samples(tmp_path, [grey(10), grey(200)])
    assert shared_window(plain) is None
    (tmp_path / "deep").mkdir()
    ramp = np.arange(48, dtype=np.uint16).reshape(8, 6)
    deep = samples(tmp_path / "deep", [ramp * 20, ramp * 80])
    window = shared_window((*plain, *deep))
    assert window is not None
    assert (window.low, window.high) == (0.0, 4095.0)
    broken = Sample(tmp_path / "none.png", "s/c", 0, "good", "train")
    assert shared_window([broken, *deep]) == window
