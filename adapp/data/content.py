"""Recognises a picture format by content, never by the file's name."""

import codecs

from adapp.core.errors import BadImage
from adapp.data.header import SAVE_AS, PictureFormat

START = 512  # bytes needed to recognise a file

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
    msg = f"this is {_describe(start)}, which is not supported. {SAVE_AS}"
    raise BadImage(msg)


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
    try:
        # Incremental: the cut after the first bytes may split a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\t\r\n\f\ufeff" for character in text)
