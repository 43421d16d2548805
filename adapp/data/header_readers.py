"""Reads what a picture file claims to hold, and judges it before any pixel is decoded."""

import struct
from typing import IO

from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile

from adapp.core.errors import BadImage
from adapp.data.content import START, recognise
from adapp.data.header import DAMAGED, MAX_FILE_BYTES, PARSE_ERRORS, Header, check_limits
from adapp.data.tiff_header import read_tiff
from adapp.data.window import SampleKind


def read_header(file: IO[bytes], size: int) -> Header:
    """Return what the file claims to hold, after the limits are checked.

    Args:
        file: The open file, read from its start.
        size: Length of the file in bytes.

    Raises:
        BadImage: If the content is no supported picture, is visibly damaged, or exceeds a limit.
            The message does not name the file; the caller does.
    """
    if size == 0:
        msg = "the file is empty (0 bytes). Copy or save it again."
        raise BadImage(msg)
    if size > MAX_FILE_BYTES:
        msg = (
            f"the file has {size / 1e6:.0f} MB, above the limit of {MAX_FILE_BYTES // 10**6} MB. "
            "Cut it into smaller pictures."
        )
        raise BadImage(msg)
    file.seek(0)
    start = file.read(START)
    name = recognise(start)
    try:
        header = _READERS[name](file, start, size)
    except PARSE_ERRORS as error:
        raise BadImage(DAMAGED.format(name)) from error
    check_limits(header.width, header.height)
    return header


def _read_png(file: IO[bytes], start: bytes, size: int) -> Header:
    length, tag, width, height, depth, colour = struct.unpack(">I4sIIBB", start[8:26])
    if (length, tag) != (13, b"IHDR") or colour not in _PNG_CHANNELS:
        raise BadImage(DAMAGED.format("PNG"))
    del file, size  # the rest is checked when the picture is decoded
    channels = _PNG_CHANNELS[colour]
    deep: SampleKind | None = "integer" if depth == 16 else None
    return Header(
        "PNG", width, height, depth, deep, channels, alpha=colour in (4, 6), palette=colour == 3
    )


_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _read_jpeg(file: IO[bytes], start: bytes, size: int) -> Header:
    del start
    file.seek(0)
    # The class itself, not Image.open: that would apply Pillow's global pixel limit.
    picture = JpegImageFile(file)
    check_limits(picture.width, picture.height)
    # Coding an 8 x 8 block takes a bit at least. Where the file is shorter, the decoder would
    # fill the missing blocks with grey and keep silent.
    if -(-picture.width // 8) * -(-picture.height // 8) > 8 * size:
        raise BadImage(DAMAGED.format("JPEG"))
    return Header("JPEG", picture.width, picture.height)


def _read_bmp(file: IO[bytes], start: bytes, size: int) -> Header:
    file.seek(0)
    picture = BmpImageFile(file)
    header = Header("BMP", picture.width, picture.height)
    check_limits(header.width, header.height)
    core = struct.unpack_from("<I", start, 14)[0] == 12
    bits = struct.unpack_from("<H", start, 24 if core else 28)[0]
    packed = not core and struct.unpack_from("<I", start, 30)[0] in (1, 2)
    if not packed and header.width * header.height * bits // 8 > size:
        raise BadImage(DAMAGED.format("BMP"))
    return header


def _read_webp(file: IO[bytes], start: bytes, size: int) -> Header:
    # Parsed here because Pillow's decoder allocates the whole canvas when it is opened.
    del file
    if struct.unpack_from("<I", start, 4)[0] + 8 > size:
        raise BadImage(DAMAGED.format("WEBP"))
    kind = start[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(start[24:27], "little")
        height = 1 + int.from_bytes(start[27:30], "little")
        return Header("WEBP", width, height, paging="frames" if start[20] & 2 else "")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", start, 21)[0]
        return Header("WEBP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 " and start[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", start, 26)
        return Header("WEBP", width & 0x3FFF, height & 0x3FFF)
    raise BadImage(DAMAGED.format("WEBP"))


_READERS = {
    "PNG": _read_png,
    "JPEG": _read_jpeg,
    "BMP": _read_bmp,
    "TIFF": read_tiff,
    "WEBP": _read_webp,
}
