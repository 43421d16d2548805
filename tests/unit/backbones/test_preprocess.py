import numpy as np
import pytest
import torch

from adapp.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, to_pixels, whiten


def _ramp(height, width):
    """Return a picture whose red grows downwards and whose green grows to the right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    image[..., 1] = np.linspace(0, 255, width).astype(np.uint8)[None, :]
    return image


def test_pixels_are_squares_in_zero_to_one():
    pixels = to_pixels([_ramp(40, 90), _ramp(100, 30)], 56)
    assert pixels.shape == (2, 3, 56, 56)
    assert pixels.dtype == torch.float32
    assert pixels.min() >= 0.0
    assert pixels.max() <= 1.0


def test_rows_stay_rows_and_columns_stay_columns():
    pixels = to_pixels([_ramp(40, 90)], 56)[0]
    assert (pixels[0].diff(dim=0) >= 0).all()
    assert pixels[0, -1, 0] - pixels[0, 0, 0] > 0.9
    assert pixels[1, 0, -1] - pixels[1, 0, 0] > 0.9
    assert torch.equal(pixels[2], torch.zeros(56, 56))


def test_a_picture_of_the_right_size_is_not_touched():
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 3), np.uint8)
    expected = torch.from_numpy(image).permute(2, 0, 1).float() / 255
    assert torch.equal(to_pixels([image], 28)[0], expected)


def test_reduction_averages_instead_of_picking():
    board = (np.indices((280, 280)).sum(axis=0) % 2 * 255).astype(np.uint8)
    pixels = to_pixels([np.stack([board] * 3, axis=2)], 28)
    assert torch.allclose(pixels, torch.full_like(pixels, 0.5), atol=0.02)


def test_a_strided_view_gives_the_same_as_its_copy():
    image = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    view = image[::-1, ::2]
    assert torch.equal(to_pixels([view], 28), to_pixels([view.copy()], 28))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
    ],
)
def test_anything_but_rgb_bytes_is_refused(image):
    with pytest.raises(ValueError, match="uint8"):
        to_pixels([image], 28)


def test_no_picture_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        to_pixels([], 28)


def test_whitening_takes_imagenets_mean_to_zero():
    mean = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    deviation = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
    assert torch.allclose(whiten(mean), torch.zeros(1, 3, 2, 2), atol=1e-6)
    assert torch.allclose(whiten(mean + deviation), torch.ones(1, 3, 2, 2), atol=1e-6)
