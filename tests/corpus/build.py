"""Picture files built byte by byte, where no library writes what a test needs."""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_TIFF_KINDS = {"u": 1, "i": 2, "f": 3, "c": 6}


def scene(height: int = 80, width: int = 96) -> NDArray[np.uint8]:
    """Return a textured RGB picture without symmetry, [height, width, 3]."""
    row, column = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 255 * column / max(width - 1, 1)
    green = 255 * row / max(height - 1, 1)
    blue = 127 + 127 * np.sin(row / 5 + column / 9)
    return np.dstack([red, green, blue]).astype(np.uint8)


def grey(height: int = 80, width: int = 96) -> NDArray[np.float64]:
    """Return the brightness of the scene, [height, width] from exactly 0 to exactly 1."""
    value = scene(height, width).astype(np.float64).mean(axis=2)
    return (value - value.min()) / (value.max() - value.min())


def sixteen() -> NDArray[np.uint16]:
    """Return the brightness of the scene over the whole 16-bit range, [80, 96]."""
    return np.rint(grey() * 65535).astype(np.uint16)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as Pillow writes it."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_chunk(tag: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))


def png(
    width: int,
    height: int,
    depth: int,
    colour: int,
    rows: bytes,
    *,
    before: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """Return a PNG with the header as told and ``rows`` (filter bytes included) as its data."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *(png_chunk(tag, body) for tag, body in before),
            png_chunk(b"IDAT", zlib.compress(rows, 9)),
            png_chunk(b"IEND", b""),
        ]
    )


def png16(samples: NDArray[np.uint16]) -> bytes:
    """Return a 16-bit PNG of [H, W], [H, W, 2], [H, W, 3] or [H, W, 4] samples."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    return png(samples.shape[1], samples.shape[0], 16, colour, rows)


def tiff(
    *pages: NDArray[np.generic],
    endian: str = "<",
    tags: Mapping[int, tuple[int, ...]] | None = None,
    last_next: int = 0,
    data: bytes | None = None,
) -> bytes:
    """Return an uncompressed TIFF, one strip a page.

    Args:
        pages: Samples, [H, W] or [H, W, C]; the dtype gives depth and sample format.
        endian: ``<`` or ``>``.
        tags: Values that replace or join those derived from the samples, in every page.
        last_next: Offset that the last directory names as the next one; 0 ends the file.
        data: Bytes stored instead of the samples.
    """
    out = bytearray((b"II*\0" if endian == "<" else b"MM\0*") + struct.pack(endian + "I", 8))
    for number, page in enumerate(pages):
        body = page.astype(page.dtype.newbyteorder(endian)).tobytes() if data is None else data
        body += b"\0" * (len(body) % 2)
        entries = _tiff_entries(page, tags or {})
        size = 2 + 12 * len(entries) + 4
        spill = len(out) + size  # values longer than 4 bytes, then the samples
        extra = bytearray()
        table = bytearray(struct.pack(endian + "H", len(entries)))
        longer = sum(4 * len(v) for v in entries.values() if len(v) > 1)
        entries[273] = (spill + longer,)
        entries[279] = (tags or {}).get(279, (len(body),))
        for tag in sorted(entries):
            values = entries[tag]
            table += struct.pack(endian + "HHI", tag, 4, len(values))
            if len(values) == 1:
                table += struct.pack(endian + "I", values[0])
            else:
                table += struct.pack(endian + "I", spill + len(extra))
                extra += struct.pack(f"{endian}{len(values)}I", *values)
        following = spill + longer + len(body) if number + 1 < len(pages) else last_next
        out += table + struct.pack(endian + "I", following) + extra + body
    return bytes(out)


def _tiff_entries(
    page: NDArray[np.generic], tags: Mapping[int, tuple[int, ...]]
) -> dict[int, tuple[int, ...]]:
    channels = 1 if page.ndim == 2 else page.shape[2]
    entries = {
        256: (page.shape[1],),
        257: (page.shape[0],),
        258: (page.dtype.itemsize * 8,) * channels,
        259: (1,),
        262: (2 if channels >= 3 else 1,),
        273: (0,),
        277: (channels,),
        278: (page.shape[0],),
        279: (0,),
        339: (_TIFF_KINDS[page.dtype.kind],) * channels,
    }
    return entries | dict(tags)


def big_tiff(samples: NDArray[np.uint8]) -> bytes:
    """Return a grey 8-bit picture as BigTIFF (64-bit offsets)."""
    height, width = samples.shape
    entries = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height}
    entries[279] = width * height
    start = 16 + 8 + 20 * len(entries) + 8
    entries[273] = start
    table = b"".join(struct.pack("<HHQQ", t, 4, 1, entries[t]) for t in sorted(entries))
    head = b"II+\0" + struct.pack("<HHQ", 8, 0, 16)
    return head + struct.pack("<Q", len(entries)) + table + struct.pack("<Q", 0) + samples.tobytes()


def bmp_header(width: int, height: int, bits: int, compression: int = 0) -> bytes:
    """Return the two headers of a BMP without its pixels."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a WebP container around the chunks."""
    body = b"WEBP" + b"".join(
        tag + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for tag, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_canvas(width: int, height: int, flags: int = 0) -> bytes:
    """Return the body of a VP8X chunk that claims a canvas size."""
    return (
        bytes([flags, 0, 0, 0])
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )


def jpeg_sized(data: bytes, width: int, height: int) -> bytes:
    """Return a baseline JPEG whose frame header claims another size."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]
