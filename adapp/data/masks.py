"""Ground-truth masks: any file becomes booleans at the size asked for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from adapp.core.errors import BadImage
from adapp.core.results import BinaryMask
from adapp.data.listing import image_files
from adapp.data.samples import Sample

_LOSSY_FLOOR = 127
_ORIENTATION = 0x0112  # EXIF tag
_TURNS: dict[int, Callable[[BinaryMask], BinaryMask]] = {
    5: lambda mask: mask.T,
    6: lambda mask: np.rot90(mask, -1),
    7: lambda mask: np.rot90(mask, 2).T,
    8: lambda mask: np.rot90(mask, 1),
}


def load_mask(sample: Sample, height: int, width: int) -> BinaryMask | None:
    """Return where ``sample`` is anomalous, [height, width].

    Every value above 0 counts (VisA's masks hold class indices), resized by nearest neighbour
    so that no value is invented; a defect smaller than a pixel there may vanish. JPEG masks
    are cut at half range, since compression rings around the true edge. A mask drawn on the
    stored pixels of a picture that its camera marked as lying on its side is turned with it.

    Returns:
        All False for a normal picture; None for an anomalous one without a mask.

    Raises:
        BadImage: If the mask cannot be decoded.
    """
    if sample.label == 0:
        return np.zeros((height, width), dtype=np.bool_)
    if sample.mask_path is None:
        return None
    files = image_files(sample.mask_path) if sample.mask_path.is_dir() else [sample.mask_path]
    mask = np.zeros((height, width), dtype=np.bool_)
    for file in files:
        mask |= resize_nearest(_upright(_read(file), sample.path), height, width)
    return mask


def load_box_mask(sample: Sample, height: int, width: int) -> BinaryMask | None:
    """Return the area of the sample's boxes, [height, width]; None if it has none.

    For training only: a box is wider than its defect.

    Raises:
        BadImage: If the picture's size cannot be read.
    """
    if not sample.boxes:
        return None
    stored_height, stored_width = _stored_size(sample.path)
    rows, cols = height / stored_height, width / stored_width
    mask = np.zeros((height, width), dtype=np.bool_)
    for box in sample.boxes:
        top, left = int(box.row0 * rows), int(box.col0 * cols)
        bottom, right = int(np.ceil(box.row1 * rows)), int(np.ceil(box.col1 * cols))
        mask[max(top, 0) : bottom, max(left, 0) : right] = True
    return mask


def read_mask(path: Path, height: int, width: int, picture: Path | None = None) -> BinaryMask:
    """Return the mask in a file, upright and resized to [height, width]; any value above 0 counts.

    Args:
        path: The mask.
        height: Rows wanted.
        width: Columns wanted.
        picture: File of the picture it belongs to, whose orientation it shares.

    Raises:
        BadImage: If it cannot be read.
    """
    mask = _read(path)
    return resize_nearest(mask if picture is None else _upright(mask, picture), height, width)


def resize_nearest(mask: BinaryMask, height: int, width: int) -> BinaryMask:
    """Return the mask value under each output pixel's centre, [height, width]."""
    rows = ((np.arange(height) + 0.5) * mask.shape[0] / height).astype(np.intp)
    cols = ((np.arange(width) + 0.5) * mask.shape[1] / width).astype(np.intp)
    resized: BinaryMask = mask[rows[:, None], cols[None, :]]
    return resized


def _read(path: Path) -> BinaryMask:
    try:
        with Image.open(path) as picture:
            lossy = picture.format == "JPEG"
            bare = {"LA": "L", "PA": "P", "RGBA": "RGB", "RGBa": "RGB"}.get(picture.mode)
            values = np.asarray(picture.convert(bare) if bare else picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        msg = f"The mask {path.name} cannot be read ({error}); replace it or take it away."
        raise BadImage(msg) from error
    above: BinaryMask = values > (_LOSSY_FLOOR if lossy else 0)
    joined: BinaryMask = np.logical_or.reduce(above, axis=2) if above.ndim == 3 else above
    return joined


def _upright(mask: BinaryMask, picture: Path) -> BinaryMask:
    """The mask as the picture is shown; only a mask in the picture's stored shape is turned."""
    try:
        with Image.open(picture) as stored:
            turn = _TURNS.get(stored.getexif().get(_ORIENTATION, 1))
            same_shape = (stored.height, stored.width) == mask.shape
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return mask  # the picture itself is judged where it is loaded
    if turn is None or not same_shape or mask.shape[0] == mask.shape[1]:
        return mask
    return turn(mask)


def _stored_size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        msg = f"{path.name} cannot be read ({error}); replace it or take it away."
        raise BadImage(msg) from error
