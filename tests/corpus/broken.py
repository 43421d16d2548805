"""Broken, lying and disguised files: most of them have to be refused."""

import struct
import zlib

import numpy as np

from tests.corpus import build
from tests.corpus.case import KINDS, Corpus, plain_photo


def _truncated(corpus: Corpus) -> None:
    for kind, suffix in KINDS.items():
        data = build.encode(plain_photo(), kind)
        corpus.add(f"empty.{suffix}", b"", "reject", "empty")
        for name, end in (("start", 14), ("header", 40), ("half", len(data) // 2)):
            corpus.add(f"cut_{name}.{suffix}", data[:end], "reject", "damaged or cut off")
        corpus.add(f"cut_end.{suffix}", data[:-20], "reject", "damaged or cut off")
        corpus.add(f"one_byte.{suffix}", data[:1], "reject", "not supported")


def _bombs(corpus: Corpus) -> None:
    too_many = ("megapixels", "Scale it down")
    bits = b"\0" * ((12000 // 8 + 1) * 12000)
    corpus.add("bomb_1bit.png", build.png(12000, 12000, 1, 0, bits), "reject", *too_many)
    claims = build.png(20000, 20000, 8, 2, b"\0" * 100)
    corpus.add("claims_20000.png", claims, "reject", *too_many)
    largest = build.png(2**31 - 1, 2**31 - 1, 8, 6, b"\0")
    corpus.add("claims_2_31.png", largest, "reject", *too_many)
    corpus.add("claims_zero.png", build.png(0, 10, 8, 2, b"\0"), "reject", "0 x 10")
    within = build.png(6000, 6000, 8, 6, b"\0" * 5000)
    corpus.add("claims_36_mpx.png", within, "reject", "damaged or cut off")
    photo = build.encode(plain_photo(), "JPEG")
    claims = build.jpeg_sized(photo, 65500, 65500)
    corpus.add("claims_65500.jpg", claims, "reject", *too_many)
    claims = build.jpeg_sized(photo, 4000, 4000)
    corpus.add("claims_16_mpx.jpg", claims, "reject", "damaged or cut off")
    claims = build.bmp_header(100_000, 100_000, 24) + b"\0" * 100
    corpus.add("claims_100000.bmp", claims, "reject", *too_many)
    claims = build.bmp_header(6000, 6000, 24) + b"\0" * 100
    corpus.add("claims_36_mpx.bmp", claims, "reject", "damaged or cut off")
    pixel = np.zeros((1, 1), np.uint8)
    claims = build.tiff(pixel, tags={256: (300_000,), 257: (300_000,)})
    corpus.add("claims_300000.tif", claims, "reject", *too_many)
    claims = build.tiff(pixel, tags={256: (6000,), 257: (6000,), 279: (36_000_000,)})
    corpus.add("claims_36_mpx.tif", claims, "reject", "damaged or cut off")
    claims = build.tiff(pixel, tags={322: (60_000,), 323: (60_000,), 324: (8,), 325: (1,)})
    corpus.add("giant_tile.tif", claims, "reject", "tiles")
    canvas = build.riff((b"VP8X", build.webp_canvas(16383, 16383)), (b"VP8 ", b"\0" * 40))
    corpus.add("claims_canvas.webp", canvas, "reject", *too_many)
    lossless = build.riff((b"VP8L", b"\x2f" + struct.pack("<I", 0x0FFFFFFF) + b"\0" * 20))
    corpus.add("claims_lossless.webp", lossless, "reject", *too_many)
    lossy = build.riff((b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16383, 16383)))
    corpus.add("claims_lossy.webp", lossy, "reject", *too_many)
    text = build.png(8, 8, 8, 0, b"\0" * 72, before=[(b"zTXt", b"k\0\0" + _zip_bomb())])
    corpus.add("text_bomb.png", text, "reject", "damaged or cut off")


def _zip_bomb() -> bytes:
    return zlib.compress(b"\0" * 100_000_000, 9)


def _disguised(corpus: Corpus) -> None:
    photo = plain_photo()
    corpus.add("really_jpeg.png", build.encode(photo, "JPEG"), "accept", "content is JPEG")
    corpus.add("really_png.jpg", build.encode(photo, "PNG"), "accept", "content is PNG")
    corpus.add("really_webp.bmp", build.encode(photo, "WEBP"), "accept", "content is WEBP")
    corpus.add("no_suffix", build.encode(photo, "BMP"), "accept", "content is BMP")
    corpus.add("text.png", b"This is not a picture.\nIt is text.\n", "reject", "a text file")
    umlauts = ("Prüfbericht: Kratzer größer als 5 µm\n" * 40).encode()
    corpus.add("umlauts.png", umlauts, "reject", "a text file")
    corpus.add("page.png", b"<!DOCTYPE html><html><img src=x></html>", "reject", "a web page")
    svg = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    corpus.add("drawing.svg", svg, "reject", "an SVG drawing")
    corpus.add("drawing.png", svg, "reject", "an SVG drawing")
    corpus.add("archive.png", b"PK\x03\x04" + b"\0" * 60, "reject", "ZIP")
    corpus.add("document.png", b"%PDF-1.7\n" + b"\0" * 60, "reject", "PDF")
    corpus.add("program.png", b"\x7fELF" + b"\0" * 60, "reject", "program")
    corpus.add("heic.jpg", b"\0\0\0\x18ftypheic" + b"\0" * 60, "reject", "HEIC")
    corpus.add("still.gif", build.encode(photo, "GIF"), "reject", "GIF", "Save it as PNG")
    corpus.add("gif.png", build.encode(photo, "GIF"), "reject", "GIF")
    corpus.add("jpeg2000.jpg", b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 40, "reject", "JPEG 2000")
    corpus.add("photoshop.png", b"8BPS\0\1" + b"\0" * 40, "reject", "Photoshop")
    medical = b"\0" * 128 + b"DICM" + b"\0" * 40
    corpus.add("medical.png", medical, "reject", "DICOM")
    noise = np.random.default_rng(5).bytes(3000)
    corpus.add("noise.png", b"\x80" + noise, "reject", "unknown kind")
    for suffix, magic in (
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("jpg", b"\xff\xd8\xff"),
        ("bmp", b"BM"),
        ("tif", b"II*\0"),
        ("webp", b"RIFF\x10\0\0\0WEBP"),
    ):
        corpus.add(f"only_signature.{suffix}", magic + noise, "reject", "damaged or cut off")


def _damaged_inside(corpus: Corpus) -> None:
    data = bytearray(build.encode(plain_photo(), "PNG"))
    at = data.index(b"IDAT")
    flipped = data.copy()
    flipped[at + 60] ^= 0x10
    corpus.add("flipped_bit.png", bytes(flipped), "reject", "damaged or cut off")
    bad = data.copy()
    bad[29] ^= 0xFF
    corpus.add("bad_header_checksum.png", bytes(bad), "reject", "damaged or cut off")
    corpus.add("trailing.png", bytes(data) + b"PK\x03\x04 trailing" * 50, "accept")
    photo = build.encode(plain_photo(), "JPEG")
    corpus.add("trailing.jpg", photo + b"<script>alert(1)</script>", "accept")
    twelve = bytearray(photo)
    twelve[photo.index(b"\xff\xc0") + 4] = 12
    corpus.add("twelve_bit.jpg", bytes(twelve), "reject", "damaged or cut off")
    lone = photo[: photo.index(b"\xff\xda")]
    corpus.add("headers_only.jpg", lone, "reject", "damaged or cut off")
    no_palette = build.png(8, 8, 8, 3, b"\0" * 72)
    corpus.add("no_palette.png", no_palette, "reject", "damaged or cut off")
    corpus.add("wrong_colour.png", build.png(8, 8, 8, 5, b"\0" * 72), "reject", "damaged")
    corpus.add("wrong_depth.png", build.png(8, 8, 7, 0, b"\0" * 72), "reject", "damaged")
    not_zipped = bytes(data[: at + 4]) + b"\xff" * 40
    corpus.add("no_stream.png", not_zipped, "reject", "damaged or cut off")


PARTS = (_truncated, _bombs, _disguised, _damaged_inside)
