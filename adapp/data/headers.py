"""What a picture file claims about itself, read and judged before any pixel is decoded.

The format is recognised by content, never by the file's name, and the limits on size are our
own numbers: Pillow's global ``Image.MAX_IMAGE_PIXELS`` is neither trusted nor changed.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal, TypeAlias

from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from adapp.core.errors import BadImage
from adapp.data.window import SampleKind

PictureFormat: TypeAlias = Literal["PNG", "JPEG", "BMP", "TIFF", "WEBP"]
Paging: TypeAlias = Literal["", "pages", "frames"]

MAX_PIXELS = 40_000_000
MAX_SIDE = 12_000
MAX_RATIO = 20
MAX_FILE_BYTES = 400_000_000

DAMAGED = "the {} data is damaged or cut off. Copy or export the file again."
SAVE_AS = "Save it as PNG, JPEG, BMP, TIFF or WebP."

# Everything Pillow, libtiff bindings and struct were seen to raise on hostile bytes.
# Warning: a run with warnings turned into errors must refuse, not crash.
PARSE_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
)

SUFFIXES: dict[PictureFormat, frozenset[str]] = {
    "PNG": frozenset({".png", ".apng"}),
    "JPEG": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "BMP": frozenset({".bmp", ".dib"}),
    "TIFF": frozenset({".tif", ".tiff"}),
    "WEBP": frozenset({".webp"}),
}


@dataclass(frozen=True, slots=True)
class Header:
    """The claims of a picture file, within the limits; nothing of it is decoded yet.

    Attributes:
        format: Recognised by content.
        width: Stored pixels per row, before any rotation the file asks for.
        height: Stored rows.
        bit_depth: Bits of one stored sample.
        deep: Kind of sample if it needs a window; None for pictures of up to 8 bits.
        channels: Stored samples per pixel; for palettes and JPEG as the decoder finds it, 0.
        paging: ``pages`` or ``frames`` if the file holds more than the first picture.
        inverted: Whether small samples are bright (TIFF "white is zero").
        alpha: Whether the last of the channels is an alpha channel (PNG, deep TIFF).
        signed: Whether integer samples are signed.
        orientation: Orientation tag of a TIFF, 1 to 8; other formats keep theirs in EXIF.
    """

    format: PictureFormat
    width: int
    height: int
    bit_depth: int = 8
    deep: SampleKind | None = None
    channels: int = 0
    paging: Paging = ""
    inverted: bool = False
    alpha: bool = False
    signed: bool = False
    orientation: int = 1


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
    start = file.read(512)
    name = recognise(start)
    try:
        header = _READERS[name](file, start, size)
    except PARSE_ERRORS as error:
        raise BadImage(DAMAGED.format(name)) from error
    _check_limits(header.width, header.height)
    return header


def recognise(start: bytes) -> PictureFormat:
    """Return the format that the first 512 bytes of a file belong to.

    Raises:
        BadImage: If it is none of the five; the message says what the content looks like.
    """
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start.startswith(b"BM"):
        return "BMP"
    if start[:4] in _TIFF_MAGIC:
        return "TIFF"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    msg = f"this is {_describe(start)}, not a picture that can be inspected. {SAVE_AS}"
    raise BadImage(msg)


def _check_limits(width: int, height: int) -> None:
    shown = f"{width} x {height} pixels"
    if width < 1 or height < 1:
        msg = f"the header claims {shown}. Export the picture again."
        raise BadImage(msg)
    if width * height > MAX_PIXELS:
        msg = (
            f"{shown} ({width * height / 1e6:.0f} megapixels) is above the limit of "
            f"{MAX_PIXELS // 10**6} megapixels. Scale it down or cut it into tiles."
        )
        raise BadImage(msg)
    if max(width, height) > MAX_SIDE:
        msg = f"{shown}: a side is above {MAX_SIDE} pixels. Scale it down or cut it into tiles."
        raise BadImage(msg)
    if max(width, height) > MAX_RATIO * min(width, height):
        msg = (
            f"{shown}: one side is more than {MAX_RATIO} times the other. "
            "Cut the strip into pieces."
        )
        raise BadImage(msg)


_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_OTHER_CONTENT = (
    (0, b"GIF8", "a GIF picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\0\0\x01\0", "an icon file"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (4, b"ftyp", "a HEIC, AVIF or video file"),
    (128, b"DICM", "a DICOM file"),
)


def _describe(start: bytes) -> str:
    for offset, magic, description in _OTHER_CONTENT:
        if start.startswith(magic, offset):
            return description
    lowered = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in lowered:
        return "an SVG drawing"
    if lowered.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if _is_text(start):
        return "a text file"
    return "a file of unknown kind"


def _is_text(start: bytes) -> bool:
    text = start.decode("utf-8", errors="ignore")  # the cut at 512 may split a character
    return len(text.encode()) >= len(start) - 3 and all(
        character.isprintable() or character in "\t\r\n\f" for character in text
    )


def _read_png(file: IO[bytes], start: bytes, size: int) -> Header:
    length, tag, width, height, depth, colour = struct.unpack(">I4sIIBB", start[8:26])
    if (length, tag) != (13, b"IHDR") or colour not in _PNG_CHANNELS:
        raise BadImage(DAMAGED.format("PNG"))
    del file, size  # the rest is checked when the picture is decoded
    channels = _PNG_CHANNELS[colour]
    deep: SampleKind | None = "integer" if depth == 16 else None
    return Header("PNG", width, height, depth, deep, channels, alpha=colour in (4, 6))


_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _read_jpeg(file: IO[bytes], start: bytes, size: int) -> Header:
    del start, size
    file.seek(0)
    # The class itself, not Image.open: that would apply Pillow's global pixel limit.
    picture = JpegImageFile(file)
    return Header("JPEG", picture.width, picture.height)


def _read_bmp(file: IO[bytes], start: bytes, size: int) -> Header:
    file.seek(0)
    picture = BmpImageFile(file)
    header = Header("BMP", picture.width, picture.height)
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


def _read_tiff(file: IO[bytes], start: bytes, size: int) -> Header:
    big = 43 in start[2:4]
    tags: Any = ImageFileDirectory_v2(start[: 16 if big else 8])
    file.seek(tags.next)
    tags.load(file)
    width, height = int(tags[256]), int(tags[257])
    _check_limits(width, height)
    _check_tiff_data(tags, size)
    depths, formats = _integers(tags.get(258, 1)), _integers(tags.get(339, 1))
    if len({*depths}) != 1 or len({*formats}) != 1:
        msg = "its channels have different bit depths. Save it with one depth for all."
        raise BadImage(msg)
    channels, photometric = int(tags.get(277, 1)), int(tags.get(262, 1))
    deep = _tiff_kind(depths[0], formats[0])
    if deep and (photometric not in (0, 1, 2) or channels not in (1, 3, 4)):
        msg = (
            f"its {channels} channels of {depths[0]} bits (TIFF colour kind {photometric}) are not "
            "grey or RGB. Save it as grey or RGB."
        )
        raise BadImage(msg)
    extra = _integers(tags.get(338, ()))
    orientation = int(tags.get(274, 1))
    return Header(
        "TIFF",
        width,
        height,
        depths[0],
        deep,
        channels,
        paging=_tiff_paging(file, tags, start),
        inverted=deep is not None and photometric == 0,
        alpha=channels == 4 and bool(extra) and extra[-1] in (1, 2),
        signed=formats[0] == 2,
        orientation=orientation if orientation in range(1, 9) else 1,
    )


def _tiff_kind(depth: int, sample_format: int) -> SampleKind | None:
    known = depth in (32, 64) if sample_format == 3 else depth <= 32 and sample_format in (1, 2, 4)
    if not known:
        msg = (
            f"its samples ({depth} bits, TIFF sample kind {sample_format}) are not supported. "
            "Save it with 8- or 16-bit integers or 32-bit floats."
        )
        raise BadImage(msg)
    if sample_format == 3:
        return "float"
    # Signed 8-bit samples may be negative, so they need a window too.
    return "integer" if depth > 8 or sample_format == 2 else None


def _check_tiff_data(tags: Any, size: int) -> None:  # noqa: ANN401 - Pillow's directory is untyped
    """Refuse strips and tiles that the file does not contain, and giant tiles."""
    offsets = _integers(tags.get(273, tags.get(324, ())))
    counts = _integers(tags.get(279, tags.get(325, ())))
    beyond = any(o + c > size for o, c in zip(offsets, counts, strict=False))
    if not offsets or beyond or max(offsets) >= size:
        raise BadImage(DAMAGED.format("TIFF"))
    if int(tags.get(322, 1)) * int(tags.get(323, 1)) > MAX_PIXELS:
        msg = f"its tiles are above {MAX_PIXELS // 10**6} megapixels. Save it without tiles."
        raise BadImage(msg)


def _tiff_paging(file: IO[bytes], first: Any, start: bytes) -> Paging:  # noqa: ANN401 - as above
    """Return ``pages`` if a second picture follows that is not a small copy of the first."""
    if not first.next:
        return ""
    second: Any = ImageFileDirectory_v2(start[: 16 if 43 in start[2:4] else 8])
    try:
        file.seek(first.next)
        second.load(file)
        return "" if int(second.get(254, 0)) & 1 else "pages"
    except PARSE_ERRORS:
        return "pages"  # something follows that cannot be read: say so rather than hide it


def _integers(value: object) -> list[int]:
    return [int(v) for v in value] if isinstance(value, Sequence) else [int(str(value))]


_READERS = {
    "PNG": _read_png,
    "JPEG": _read_jpeg,
    "BMP": _read_bmp,
    "TIFF": _read_tiff,
    "WEBP": _read_webp,
}
