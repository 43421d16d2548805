"""From RGB pictures to the square pixel tensors that the encoders see."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from adapp.core.results import RgbImage

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_pixels(images: Sequence[RgbImage], size: int) -> Tensor:
    """Return the pictures squashed to a square, [B, 3, size, size] float32 in [0, 1].

    The aspect ratio is given up as the papers do; a map computed on the square is resized back
    to the picture's own height and width, so its coordinates stay true. Resampling is bicubic
    with antialias.

    Raises:
        ValueError: If ``images`` is empty or one of them is not [H, W, 3] uint8.
    """
    if not images:
        msg = "to_pixels needs at least one picture"
        raise ValueError(msg)
    squares = torch.stack([torch.from_numpy(squashed(image, size)) for image in images])
    pixels = squares.permute(0, 3, 1, 2).contiguous()  # bytes: moved before they grow
    return pixels.float().div_(255.0)


def whiten(
    pixels: Tensor,
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    deviation: tuple[float, float, float] = IMAGENET_STD,
) -> Tensor:
    """Return ``pixels`` [B, 3, H, W] in [0, 1] with mean and deviation removed per channel."""
    shift = pixels.new_tensor(mean).view(1, 3, 1, 1)
    return (pixels - shift) / pixels.new_tensor(deviation).view(1, 3, 1, 1)


def squashed(image: RgbImage, size: int) -> RgbImage:
    """Return ``image`` resampled to a square of ``size`` pixels, as ``to_pixels`` does.

    Raises:
        ValueError: If it is not [H, W, 3] uint8.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        msg = f"a picture must be [H, W, 3] uint8, got {image.shape} {image.dtype}"
        raise ValueError(msg)
    if image.shape[:2] == (size, size):
        return np.array(image, order="C")
    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.array(picture.resize((size, size), Image.Resampling.BICUBIC))
