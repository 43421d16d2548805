"""Pictures of more than 8 bits per sample: stored numbers first, an 8-bit view second.

The numbers come out as stored, because what they look like in 8 bits is decided by one window
for a whole run (``window.py``). Pillow reduces 16-bit colour to 8 bits without a word and knows
no float colour at all, so those are decoded by OpenCV.
"""

from typing import IO

import cv2
import numpy as np
from PIL.ImageFile import ImageFile

from adapp.core.errors import BadImage
from adapp.core.results import RgbImage
from adapp.data.decode import (
    ALL_TRANSPARENT,
    DECODE_ERRORS,
    WHITE,
    Remarks,
    alpha_note,
    open_picture,
    orient,
    orientation_of,
)
from adapp.data.header import DAMAGED, Header
from adapp.data.window import Samples, Window

_ROWS = 128
_GREY_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")


def decode_samples(file: IO[bytes], header: Header, size: int, remarks: Remarks) -> Samples:
    """Return the stored numbers of a deep picture, [H, W] or [H, W, C], upright.

    Colour channels come in the order red, green, blue and, if there is one, alpha.

    Raises:
        BadImage: If the data cannot be decoded completely or holds NaN or infinite values.
    """
    try:
        samples = _decode(file, header, size, remarks)
    except DECODE_ERRORS as error:
        raise BadImage(DAMAGED.format(header.format)) from error
    if header.deep == "float":
        wrong = samples.size - int(np.isfinite(samples).sum())
        if wrong:
            msg = (
                f"{wrong} of its {samples.size} values are not numbers (NaN or infinite). "
                "Replace them and save it again."
            )
            raise BadImage(msg)
    return samples


def render(samples: Samples, header: Header, window: Window, remarks: Remarks) -> RgbImage:
    """Return decoded deep samples as 8-bit RGB, [H, W, 3], seen through the window."""
    has_alpha = samples.ndim == 3 and samples.shape[2] == 4
    pixels = window.apply(samples[..., :3] if has_alpha else samples)
    if header.inverted:
        pixels = 255 - pixels
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)  # [H, W] -> [H, W, 3]
    return _on_white(pixels, samples[..., 3], remarks) if has_alpha else pixels


def _on_white(pixels: RgbImage, alpha: Samples, remarks: Remarks) -> RgbImage:
    if not alpha.any():
        remarks.flags.append(ALL_TRANSPARENT)
        return pixels
    full = 1.0 if np.issubdtype(alpha.dtype, np.floating) else float(np.iinfo(alpha.dtype).max)
    share = float((alpha < full).mean())
    if share == 0.0:
        return pixels
    remarks.notes.append(alpha_note(share))
    weight = np.clip(alpha[..., None].astype(np.float32) / np.float32(full), 0.0, 1.0)
    laid: RgbImage = np.rint(pixels * weight + WHITE * (1.0 - weight)).astype(np.uint8)
    return laid


def _decode(file: IO[bytes], header: Header, size: int, remarks: Remarks) -> Samples:
    picture = _open_if_known(file, header, size, remarks)
    if picture is not None:
        picture.load()  # before OpenCV too, which can pass over a truncated end
    # Both decoders turn a TIFF upright by themselves, and neither does so for a PNG.
    orientation = orientation_of(picture, header, remarks)
    if picture is not None and picture.mode in _GREY_MODES:
        samples: Samples = np.asarray(picture)
        if samples.dtype == np.int32 and not header.signed:
            samples = samples.view(np.uint32)
        return orient(samples, orientation, remarks)
    del picture  # frees its pixels before the same are decoded once more
    return orient(_decode_with_opencv(file, header, remarks), orientation, remarks)


def _open_if_known(
    file: IO[bytes], header: Header, size: int, remarks: Remarks
) -> ImageFile | None:
    """Return the opened picture, or None for the TIFF colour modes that Pillow has no name for."""
    try:
        return open_picture(file, header, size, remarks)
    except SyntaxError:
        if header.format == "TIFF":
            return None
        raise


def _decode_with_opencv(file: IO[bytes], header: Header, remarks: Remarks) -> Samples:
    file.seek(0)
    samples = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    # Where OpenCV falls back to some other reading of the file, shape or width give it away.
    if (
        samples is None
        or samples.shape[:2] != header.upright_size
        or samples.dtype.itemsize * 8 < header.bit_depth
    ):
        raise BadImage(DAMAGED.format(header.format))
    if samples.ndim == 2:
        return samples
    if samples.shape[2] == 4 and not header.alpha:
        remarks.notes.append("A fourth channel that is not transparency was left out.")
        samples = np.ascontiguousarray(samples[..., :3])
    for top in range(0, len(samples), _ROWS):  # in place: a second copy may take 300 MB
        rows = samples[top : top + _ROWS]
        rows[..., [0, 2]] = rows[..., [2, 0]]  # OpenCV stores blue first
    return samples
