"""Files of more than 8 bits per sample."""

import numpy as np

from tests.corpus import build
from tests.corpus.case import Corpus


def _deep_png(corpus: Corpus) -> None:
    grey = build.sixteen()
    alone = ("flag", "this picture alone")
    corpus.add("grey_16.png", build.png16(grey), *alone)
    corpus.add("grey_12_in_16.png", build.png16(grey // 16), *alone)
    corpus.add("rgb_16.png", build.png16(np.dstack([grey, grey[::-1], grey // 3])), *alone)
    corpus.add("grey_alpha_16.png", build.png16(np.dstack([grey, grey])), *alone)
    corpus.add("rgba_16.png", build.png16(np.dstack([grey] * 4)), *alone)
    flat = np.full((80, 96), 30_000, np.uint16)
    corpus.add("flat_16.png", build.png16(flat), "flag", "Low contrast", "this picture alone")
    rows = b"\0" * 2000
    short = build.png(96, 80, 16, 2, rows)
    corpus.add("short_16.png", short, "reject", "damaged or cut off")


def _deep_tiff_integers(corpus: Corpus) -> None:
    grey = build.sixteen()
    alone = ("flag", "this picture alone")
    corpus.add("grey_16.tif", build.tiff(grey), *alone)
    corpus.add("grey_16_big_endian.tif", build.tiff(grey, endian=">"), *alone)
    corpus.add("grey_16_inverted.tif", build.tiff(grey, tags={262: (0,)}), *alone)
    corpus.add("rgb_16.tif", build.tiff(np.dstack([grey, grey[::-1], grey // 2])), *alone)
    four = np.dstack([grey, grey[::-1], grey // 2, grey])
    corpus.add("rgba_16.tif", build.tiff(four, tags={338: (2,)}), *alone)
    corpus.add("rgbx_16.tif", build.tiff(four, tags={338: (0,)}), *alone)
    signed = (grey.astype(np.int32) - 32768).astype(np.int16)
    corpus.add("signed_16.tif", build.tiff(signed), *alone)
    corpus.add("integer_32.tif", build.tiff(grey.astype(np.int32) * 1000), *alone)
    wide = (build.grey() * (2**32 - 1)).astype(np.uint32)
    corpus.add("unsigned_32.tif", build.tiff(wide), *alone)
    packed = np.packbits(
        np.unpackbits((grey // 16).astype(">u2").view(np.uint8)).reshape(-1, 16)[:, 4:]
    )
    twelve = build.tiff(grey, tags={258: (12,)}, data=packed.tobytes())
    corpus.add("packed_12.tif", twelve, *alone)
    unit = np.dstack([grey] * 4)
    corpus.add("cmyk_16.tif", build.tiff(unit, tags={262: (5,)}), "reject", "grey or RGB")
    corpus.add("two_16.tif", build.tiff(np.dstack([grey] * 2)), "reject", "grey or RGB")
    corpus.add("six_16.tif", build.tiff(np.dstack([grey] * 6)), "reject", "grey or RGB")
    corpus.add("integer_64.tif", build.tiff(grey.astype(np.uint64)), "reject", "not supported")


def _deep_tiff_floats(corpus: Corpus) -> None:
    unit = build.grey().astype(np.float32)
    alone = ("flag", "this picture alone")
    corpus.add("float_unit.tif", build.tiff(unit), *alone)
    corpus.add("float_unit_big_endian.tif", build.tiff(unit, endian=">"), *alone)
    corpus.add("float_255.tif", build.tiff(unit * 255), *alone)
    corpus.add("float_signed.tif", build.tiff(unit * 2 - 1), *alone)
    corpus.add("float_64.tif", build.tiff(unit.astype(np.float64)), *alone)
    corpus.add("float_rgb.tif", build.tiff(np.dstack([unit, unit**2, unit**3])), *alone)
    corpus.add("float_huge.tif", build.tiff(unit * np.float32(3e38)), *alone)
    corpus.add("float_flat.tif", build.tiff(unit * 0 + 7), "flag", "Low contrast")
    for name, value in (("nan", np.nan), ("inf", np.inf), ("minus_inf", -np.inf)):
        wrong = unit.copy()
        wrong[3, 4] = value
        corpus.add(f"float_{name}.tif", build.tiff(wrong), "reject", "NaN or infinite", "1 of")
    corpus.add("float_16.tif", build.tiff(unit.astype(np.float16)), "reject", "not supported")
    corpus.add("complex.tif", build.tiff(unit.astype(np.complex64)), "reject", "not supported")


PARTS = (_deep_png, _deep_tiff_integers, _deep_tiff_floats)
