"""Pictures of up to 8 bits per sample, decoded to upright RGB.

Also what every decoder shares: opening a file without Pillow's global limits, the completeness
check for PNG, and the orientation a camera recorded. Temporary memory is bounded by converting
large pictures a few rows at a time.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import IO

import cv2
import numpy as np
from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from adapp.core.errors import BadImage
from adapp.core.results import RgbImage
from adapp.data.header import DAMAGED, PARSE_ERRORS, Header
from adapp.data.window import Samples

ALL_TRANSPARENT = "Every pixel is fully transparent; the hidden colours are shown."
FIRST_FRAME = "Only the first frame of the animation was read."
WHITE = 255  # transparent areas become white, in every picture of every run

_PLUGINS: dict[str, type[ImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "WEBP": WebPImageFile,
}
DECODE_ERRORS = (*PARSE_ERRORS, zlib.error, cv2.error, Image.DecompressionBombError)
_CONVERTED = {
    "CMYK": "CMYK print colours converted to RGB without a colour profile.",
    "YCbCr": "YCbCr colours converted to RGB.",
    "LAB": "Lab colours converted to RGB.",
    "P": "Palette colours converted to RGB.",
    "PA": "Palette colours converted to RGB.",
    "1": "1-bit picture: black and white only.",
}
_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
_ROWS = 256  # rows of a large picture converted at once
_WHOLE_PIXELS = 1 << 22  # up to here a picture is converted in one go
_DEFLATE_LIMIT = 1032  # deflate cannot pack more bytes than this into one


@dataclass(slots=True)
class Remarks:
    """What was done to a picture on its way in.

    Attributes:
        notes: Harmless conversions, one sentence each.
        flags: Findings that may change a verdict, one sentence each.
    """

    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


def decode_rgb(file: IO[bytes], header: Header, size: int, remarks: Remarks) -> RgbImage:
    """Return an 8-bit picture as RGB, [H, W, 3], upright; conversions go to ``remarks``.

    Raises:
        BadImage: If the data cannot be decoded completely.
    """
    try:
        picture = open_picture(file, header, size, remarks)
        picture.load()
        rgb = _to_rgb(picture, remarks)
        return orient(rgb, orientation_of(picture, header, remarks), remarks)
    except DECODE_ERRORS as error:
        raise BadImage(DAMAGED.format(header.format)) from error


def open_picture(file: IO[bytes], header: Header, size: int, remarks: Remarks) -> ImageFile:
    """Return the file as an opened, not yet decoded Pillow picture of the size in its header.

    The plugin classes are used, not ``Image.open``, which would apply Pillow's global pixel
    limit: another library may have lowered it, lifted it, or be changing it right now.
    """
    if header.format == "PNG":
        _check_png(file, header, size, remarks)
    file.seek(0)
    picture = _PLUGINS[header.format](file)
    if "mp" in picture.info:
        remarks.notes.append("Only the first of several pictures in the JPEG file was read.")
    if {picture.width, picture.height} != {header.width, header.height}:
        raise BadImage(DAMAGED.format(header.format))
    return picture


def orientation_of(picture: ImageFile | None, header: Header, remarks: Remarks) -> int:
    """Return the EXIF orientation, 1 to 8, that is still to be applied to the pixels."""
    if picture is None or header.format == "TIFF":
        if header.orientation != 1:
            remarks.notes.append(_TURNED)
        return 1  # the decoder has turned it
    try:
        value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except PARSE_ERRORS:
        value = None
    if value in range(1, 9):
        return int(value)
    remarks.notes.append("The orientation recorded in the file makes no sense and was ignored.")
    return 1


def orient(array: Samples, orientation: int, remarks: Remarks) -> Samples:
    """Return the array upright, given its EXIF orientation 1 to 8."""
    if orientation == 1:
        return array
    remarks.notes.append(_TURNED)
    if orientation >= 5:
        array = array.swapaxes(0, 1)  # [H, W, ...] -> [W, H, ...]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


_TURNED = "Turned upright as the camera recorded it (EXIF orientation)."


def _check_png(file: IO[bytes], header: Header, size: int, remarks: Remarks) -> None:
    """Refuse a PNG whose chunks are cut off, fail their checksum or cannot hold the pixels.

    Pillow itself passes over the checksums of pixel data, and a flipped bit would show up as a
    defect of the part.
    """
    file.seek(8)
    packed, palettes = 0, 0
    tag = b""
    while tag != b"IEND":
        length, tag = struct.unpack(">I4s", file.read(8))
        if length > size - file.tell():
            raise BadImage(DAMAGED.format("PNG"))
        checksum = zlib.crc32(file.read(length), zlib.crc32(tag))
        if checksum != struct.unpack(">I", file.read(4))[0]:
            raise BadImage(DAMAGED.format("PNG"))
        if tag == b"IDAT":
            packed += length
        elif tag == b"PLTE":
            palettes += 1
        elif tag == b"acTL":
            remarks.flags.append(FIRST_FRAME)
    row_bytes = (header.width * header.channels * header.bit_depth + 7) // 8
    lost = packed * _DEFLATE_LIMIT < row_bytes * header.height
    if lost or palettes < header.palette:
        raise BadImage(DAMAGED.format("PNG"))


def _to_rgb(picture: ImageFile, remarks: Remarks) -> RgbImage:
    if note := _CONVERTED.get(picture.mode):
        remarks.notes.append(note)
    image: Image.Image = picture
    composite = False
    if picture.mode in _ALPHA_MODES or "transparency" in picture.info:
        image = picture if picture.mode == "RGBA" else picture.convert("RGBA")
        composite = _alpha_matters(image, remarks)
    height, width = image.height, image.width
    if height * width <= _WHOLE_PIXELS:
        return _rows_to_rgb(image, composite=composite)
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _ROWS):
        bottom = min(top + _ROWS, height)
        rows = image.crop((0, top, width, bottom))
        out[top:bottom] = _rows_to_rgb(rows, composite=composite)
    return out


def _rows_to_rgb(image: Image.Image, *, composite: bool) -> RgbImage:
    if composite:
        white = Image.new("RGBA", image.size, (WHITE, WHITE, WHITE, 255))
        image = Image.alpha_composite(white, image)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _alpha_matters(image: Image.Image, remarks: Remarks) -> bool:
    """Return whether an RGBA picture has to be laid on white; if not, its colours are enough."""
    alpha = image.getchannel("A")
    low, high = alpha.getextrema()
    if high == 0:
        remarks.flags.append(ALL_TRANSPARENT)
        return False
    if low == 255:
        return False
    remarks.notes.append(alpha_note(sum(alpha.histogram()[:255]) / (image.width * image.height)))
    return True


def alpha_note(share: float) -> str:
    """Return the sentence on transparency for the share of pixels it touches, 0 to 1."""
    return f"Transparent areas ({max(share * 100, 0.1):.1f} % of the picture) were laid on white."
