"""Ground-truth masks: any file to booleans, nearest, never invented."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image, ImageOps

from adapp.core.errors import BadImage
from adapp.data.dataset import Box, Sample, load_box_mask, load_mask
from adapp.data.masks import resize_nearest


def sample(mask_path: Path | None, label: Literal[0, 1] = 1, boxes: tuple[Box, ...] = ()) -> Sample:
    path = mask_path or Path("a.png")
    return Sample(path, "s/c", label, "hole", "test", mask_path, boxes)


def test_normal_pictures_are_all_normal_pixels() -> None:
    found = load_mask(sample(None, label=0), 5, 7)
    assert found is not None
    assert found.shape == (5, 7)
    assert not found.any()


def test_an_anomalous_picture_without_a_mask_has_none() -> None:
    assert load_mask(sample(None), 5, 7) is None


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"])
def test_every_mode_counts_what_is_above_zero(tmp_path: Path, mode: str) -> None:
    truth = np.zeros((6, 8), bool)
    truth[1:3, 2:7] = True
    if mode == "I;16":
        picture = Image.fromarray(truth.astype(np.uint16) * 300)
    elif mode == "P":
        picture = Image.fromarray(truth.astype(np.uint8) * 2)
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    else:
        picture = Image.fromarray(truth.astype(np.uint8) * 255).convert(mode)
    picture.save(tmp_path / "m.png")
    np.testing.assert_array_equal(load_mask(sample(tmp_path / "m.png"), 6, 8), truth)


def test_rings_of_jpeg_compression_are_no_defect(tmp_path: Path) -> None:
    truth = np.zeros((64, 64), bool)
    truth[20:40, 17:43] = True
    Image.fromarray(truth.astype(np.uint8) * 255).save(tmp_path / "m.jpg", quality=60)
    assert (np.asarray(Image.open(tmp_path / "m.jpg")) > 0).sum() > truth.sum()
    np.testing.assert_array_equal(load_mask(sample(tmp_path / "m.jpg"), 64, 64), truth)


def test_a_folder_of_masks_is_united(tmp_path: Path) -> None:
    for row, name in enumerate(("000.png", "001.png")):
        values = np.zeros((4, 4), np.uint8)
        values[row] = 255
        Image.fromarray(values).save(tmp_path / name)
    found = load_mask(sample(tmp_path), 4, 4)
    assert found is not None
    np.testing.assert_array_equal(found.any(axis=1), [True, True, False, False])


def test_resizing_takes_pixel_centres_and_is_not_flipped() -> None:
    mask = np.zeros((9, 4), bool)
    mask[4, 0] = True
    np.testing.assert_array_equal(
        resize_nearest(mask, 3, 2), [[False, False], [False, False], [False, False]]
    )
    mask[4, 1] = True
    np.testing.assert_array_equal(
        resize_nearest(mask, 3, 2), [[False, False], [True, False], [False, False]]
    )
    np.testing.assert_array_equal(resize_nearest(mask, 9, 4), mask)
    np.testing.assert_array_equal(resize_nearest(mask, 18, 8), mask.repeat(2, 0).repeat(2, 1))


def test_an_unreadable_mask_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_bytes(b"not a picture")
    with pytest.raises(BadImage, match=r"m\.png"):
        load_mask(sample(tmp_path / "m.png"), 4, 4)


def test_boxes_scale_with_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((40, 20), np.uint8)).save(path)
    boxed = Sample(path, "s/c", 1, "hole", "test", None, (Box(10, 4, 20, 12, "spur"),))
    found = load_box_mask(boxed, 20, 10)
    assert found is not None
    expected = np.zeros((20, 10), bool)
    expected[5:10, 2:6] = True
    np.testing.assert_array_equal(found, expected)
    assert load_mask(boxed, 20, 10) is None
    assert load_box_mask(sample(None), 20, 10) is None


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 7, 8])
def test_a_mask_turns_with_a_picture_on_its_side(tmp_path: Path, orientation: int) -> None:
    pixels = np.zeros((10, 16), np.uint8)
    pixels[1:4, 9:15] = 255
    path = tmp_path / "a.png"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    Image.fromarray(pixels).save(tmp_path / "stored.png")
    shown = np.asarray(ImageOps.exif_transpose(Image.open(path))) > 0
    Image.fromarray(shown).save(tmp_path / "shown.png")
    height, width = shown.shape
    for name in ("shown.png", "stored.png"):
        sideways = orientation >= 5
        marked = Sample(path, "s/c", 1, "hole", "test", tmp_path / name)
        found = load_mask(marked, height, width)
        if sideways or name == "shown.png":
            np.testing.assert_array_equal(found, shown, err_msg=name)
        else:
            np.testing.assert_array_equal(found, pixels > 0, err_msg=name)
