"""Shape and value checks that name what is wrong."""

from torch import Tensor


def check_shape(name: str, tensor: Tensor, expected: tuple[int | None, ...]) -> None:
    """Return nothing if ``tensor`` has ``expected`` shape (None matches any size).

    Raises:
        ValueError: Otherwise, naming the tensor and both shapes.
    """
    shape = tuple(tensor.shape)
    fits = len(shape) == len(expected) and all(
        want is None or want == got for want, got in zip(expected, shape, strict=True)
    )
    if not fits:
        msg = f"{name} has shape {shape}, expected {expected} (None: any size)"
        raise ValueError(msg)


def check_finite(name: str, tensor: Tensor) -> None:
    """Return nothing if every value of ``tensor`` is finite.

    Raises:
        ValueError: If a NaN or an infinity is found.
    """
    if not bool(tensor.isfinite().all()):
        msg = f"{name} holds values that are not finite"
        raise ValueError(msg)
