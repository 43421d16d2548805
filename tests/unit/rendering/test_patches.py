"""Crops show the patch, undistorted, wherever it lies."""

import numpy as np
import pytest

from adapp.rendering.patches import crop_around, side_by_side


def checker(height=100, width=140, cell=10):
    rows, columns = np.indices((height, width)) // cell
    level = np.where((rows + columns) % 2, 220, 30).astype(np.uint8)
    return np.repeat(level[:, :, None], 3, axis=2)


def test_crop_is_a_square_with_the_box_in_its_middle():
    image = np.zeros((100, 140, 3), dtype=np.uint8)
    image[40:60, 60:80] = 200
    crop = crop_around(image, (40, 60, 60, 80), context=1.0, side=180)
    assert crop.shape == (180, 180, 3)
    assert (crop[66:114, 66:114] == 200).all()
    assert (crop[:52] == 0).all()
    assert (crop[60, 60:120] == 255).all()  # the outline


def test_crop_keeps_proportions_of_a_wide_box():
    image = np.zeros((100, 140, 3), dtype=np.uint8)
    image[48:52, 50:90] = 200
    crop = crop_around(image, (48, 50, 52, 90), context=0.0, side=120)
    bright = (crop[:, 60] == 200).sum()
    assert bright == pytest.approx(12, abs=7)  # 4 of 40 rows, less the outline
    assert (crop[:50, 60] == 0).all()


@pytest.mark.parametrize("box", [(0, 0, 10, 10), (90, 130, 100, 140)])
def test_crop_is_filled_with_grey_where_the_picture_ends(box):
    crop = crop_around(checker(), box, context=1.0, side=90)
    edge = crop[0] if box[0] == 0 else crop[-1]
    assert (edge == 128).all()


def test_a_large_patch_is_reduced_and_a_tiny_one_shows_its_pixels():
    assert crop_around(checker(900, 900, 100), (0, 0, 900, 900), side=90).shape == (90, 90, 3)
    tiny = crop_around(checker(cell=1), (50, 50, 52, 52), context=1.0, side=180)
    assert set(np.unique(tiny)) <= {0, 30, 220, 255}  # no blur between pixels


def test_crops_stand_beside_each_other():
    left, right = np.zeros((9, 9, 3), np.uint8), np.full((9, 5, 3), 9, np.uint8)
    pair = side_by_side(left, right)
    assert pair.shape == (9, 22, 3)
    assert (pair[:, 9:17] == 255).all()
    assert (pair[:, 17:] == 9).all()
    with pytest.raises(ValueError, match="differ in height"):
        side_by_side(left, right[:5])
