"""Mild views are the same part in the next shot: near, never equal, never another size."""

import numpy as np
import pytest

from adapp.data.augment import mild_views


def part(height=60, width=90):
    """Return a grey ground with one bright, off-centre block."""
    image = np.full((height, width, 3), 100, dtype=np.uint8)
    image[20:35, 40:70] = (180, 160, 140)
    return image


def centre(image):
    """Return the centre of the bright block, (row, column)."""
    bright = image.mean(axis=2) > 128
    return np.argwhere(bright).mean(axis=0)


def test_views_have_the_pictures_form_and_differ_from_each_other():
    image = part()
    views = mild_views(image, 5, seed=0)
    assert len(views) == 5
    assert {view.shape for view in views} == {image.shape}
    assert {view.dtype for view in views} == {np.dtype(np.uint8)}
    assert len({view.tobytes() for view in [image, *views]}) == 6


def test_the_seed_decides():
    image = part()
    first, again, other = (mild_views(image, 3, seed=seed) for seed in (4, 4, 5))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_fewer_views_are_the_first_of_more():
    image = part()
    assert np.array_equal(mild_views(image, 2, seed=4)[1], mild_views(image, 4, seed=4)[1])
    assert mild_views(image, 0, seed=4) == []


def test_the_picture_is_not_changed():
    image = part()
    mild_views(image, 3, seed=0)
    assert np.array_equal(image, part())


@pytest.mark.parametrize("seed", range(10))
def test_the_part_moves_a_little_and_keeps_its_size(seed):
    image = part()
    (view,) = mild_views(image, 1, seed=seed)
    # 4 % of the side for the shift; turn and scale add up to 8 % of the way from the centre
    reach = np.array([0.04 * 60, 0.04 * 90]) + 0.11 * np.hypot(*(centre(image) - (30, 45))) + 0.5
    assert (np.abs(centre(view) - centre(image)) <= reach).all()
    area = (view.mean(axis=2) > 128).sum() / (image.mean(axis=2) > 128).sum()
    assert 0.85 < area < 1.15


@pytest.mark.parametrize("seed", range(10))
def test_the_light_changes_a_little(seed):
    image = part()
    (view,) = mild_views(image, 1, seed=seed)
    assert abs(view.mean() / image.mean() - 1) < 0.09
    assert view.std(axis=(0, 1)) == pytest.approx(image.std(axis=(0, 1)), rel=0.25)


def test_nothing_black_comes_in_from_the_border():
    views = mild_views(np.full((40, 40, 3), 200, dtype=np.uint8), 20, seed=0)
    assert min(view.min() for view in views) > 150


def test_bright_pictures_are_clipped_and_do_not_wrap():
    views = mild_views(np.full((40, 40, 3), 254, dtype=np.uint8), 20, seed=0)
    assert min(view.min() for view in views) > 200
    assert max(view.max() for view in views) == 255


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3)])
def test_any_shape_of_picture_is_taken(shape):
    image = np.full((*shape, 3), 90, dtype=np.uint8)
    assert mild_views(image, 1, seed=0)[0].shape == image.shape
