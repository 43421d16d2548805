"""One file through the loader: pixels exact, modes converted, limits kept."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from adapp.core.errors import BadImage
from adapp.data import decode
from adapp.data.images import Window, inspect_file, load_image
from tests.corpus import build

FULL = Window(0, 65535)


@pytest.fixture
def save(tmp_path):
    def _save(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return _save


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_lossless_formats_come_out_exactly(save, kind, options):
    scene = build.scene()
    image = load_image(save("part", build.encode(Image.fromarray(scene), kind, **options)))
    np.testing.assert_array_equal(image.pixels, scene)
    assert image.bit_depth == 8
    assert image.original_size == (80, 96)


def test_jpeg_equals_the_decoder_itself(save):
    path = save("part.jpg", build.encode(Image.fromarray(build.scene()), "JPEG"))
    image = load_image(path)
    np.testing.assert_array_equal(image.pixels, np.asarray(Image.open(path)))
    assert image.notes == image.flags == ()


def test_pixels_are_contiguous_rgb_and_cannot_be_changed(save):
    pixels = load_image(save("part.tif", build.tiff(build.sixteen())), FULL).pixels
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 0


def test_sixteen_bits_are_neither_clipped_nor_stretched(save):
    values = np.tile(np.array([0, 100, 255, 256, 1000, 40000, 65535], np.uint16), (8, 1))
    image = load_image(save("ramp.png", build.png16(values)), FULL)
    assert image.pixels[0, :, 0].tolist() == [0, 0, 1, 1, 4, 156, 255]
    assert image.bit_depth == 16


@pytest.mark.parametrize("wrap", [build.png16, build.tiff], ids=["png", "tiff"])
def test_sixteen_bit_colour_keeps_its_channels(save, wrap):
    grey = build.sixteen()
    colour = np.dstack([grey, grey[::-1], grey // 3])
    image = load_image(save("part", wrap(colour)), FULL)
    np.testing.assert_array_equal(image.pixels, np.rint(colour / 257.0).astype(np.uint8))


@pytest.mark.parametrize(
    "content",
    [
        build.png16(build.sixteen()),
        build.tiff(build.sixteen()),
        build.tiff(build.sixteen(), endian=">"),
        build.tiff(65535 - build.sixteen(), tags={262: (0,)}),
        build.tiff(build.sixteen().astype(np.int32)),
        build.tiff(build.sixteen().astype(np.uint32)),
        build.tiff(build.sixteen().astype(np.uint32), endian=">"),
        build.tiff(build.sixteen().astype(np.float32)),
        build.tiff(build.sixteen().astype(np.float32), endian=">"),
        build.tiff(build.sixteen().astype(np.float64)),
    ],
    ids=["png", "u16", "u16be", "inverted", "i32", "u32", "u32be", "f32", "f32be", "f64"],
)
def test_the_same_numbers_look_the_same_in_every_container(save, content):
    expected = np.rint(build.sixteen() / 257.0).astype(np.uint8)
    image = load_image(save("part", content), FULL)
    for channel in range(3):
        np.testing.assert_array_equal(image.pixels[..., channel], expected)


def test_float_colour_and_unsigned_numbers_beyond_the_signed_range(save):
    unit = build.grey()
    colour = np.dstack([unit, unit**2, unit[::-1]]).astype(np.float32)
    image = load_image(save("colour.tif", build.tiff(colour)), Window(0, 1))
    np.testing.assert_array_equal(image.pixels, np.rint(colour * 255.0).astype(np.uint8))
    large = np.rint(unit * (2**32 - 1)).astype(np.uint32)
    image = load_image(save("large.tif", build.tiff(large)), Window(0, 2**32 - 1))
    np.testing.assert_array_equal(image.pixels[..., 0], np.rint(large / (2**32 - 1) * 255))


def test_packed_twelve_bits_fill_their_own_range(save):
    twelve = build.sixteen() // 16
    bits = np.unpackbits(twelve.astype(">u2").view(np.uint8)).reshape(-1, 16)[:, 4:]
    content = build.tiff(twelve, tags={258: (12,)}, data=np.packbits(bits).tobytes())
    image = load_image(save("part.tif", content))
    assert "0 to 4095" in image.notes[-1]
    np.testing.assert_array_equal(image.pixels[..., 0], np.rint(twelve / 4095 * 255))


def test_transparency_is_laid_on_white(save):
    colour = np.zeros((80, 96, 4), np.uint8)
    colour[..., 0] = 200
    colour[:, :48, 3] = 255
    image = load_image(save("part.png", build.encode(Image.fromarray(colour), "PNG")))
    assert image.pixels[0, 0].tolist() == [200, 0, 0]
    assert image.pixels[0, 95].tolist() == [255, 255, 255]
    assert "50.0 %" in image.notes[0]


@pytest.mark.parametrize(
    "wrap", [build.png16, lambda a: build.tiff(a, tags={338: (2,)})], ids=["png", "tiff"]
)
def test_sixteen_bit_transparency_is_laid_on_white(save, wrap):
    colour = np.zeros((80, 96, 4), np.uint16)
    colour[..., 1] = 51400  # 200 of 255
    colour[:, :48, 3] = 65535
    image = load_image(save("part", wrap(colour)), FULL)
    assert image.pixels[0, 0].tolist() == [0, 200, 0]
    assert image.pixels[0, 95].tolist() == [255, 255, 255]


def test_a_fully_transparent_picture_shows_its_hidden_colours(save):
    scene = build.scene()
    clear = np.dstack([scene, np.zeros(scene.shape[:2], np.uint8)])
    image = load_image(save("part.png", build.encode(Image.fromarray(clear), "PNG")))
    np.testing.assert_array_equal(image.pixels, scene)
    assert "transparent" in image.flags[0]


def test_palette_transparency_and_opaque_alpha(save):
    palette = Image.fromarray(build.scene()).quantize(16)
    opaque = np.asarray(palette.convert("RGB"))
    clear = np.asarray(palette) == 3
    image = load_image(save("a.png", build.encode(palette, "PNG", transparency=3)))
    np.testing.assert_array_equal(image.pixels[~clear], opaque[~clear])
    assert (image.pixels[clear] == 255).all()
    rgba = build.encode(palette.convert("RGBA"), "PNG")
    image = load_image(save("b.png", rgba))
    np.testing.assert_array_equal(image.pixels, opaque)
    assert image.notes == ()


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_print_and_lab_colours_come_close_to_the_original(save, kind):
    scene = Image.fromarray(build.scene() // 2 + 60)  # colours that every model can hold
    picture = scene.convert("CMYK" if kind == "JPEG" else "LAB")
    options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {}
    image = load_image(save("part", build.encode(picture, kind, **options)))
    assert "colours converted to RGB" in image.notes[-1]
    assert np.abs(image.pixels.astype(int) - np.asarray(scene)).mean() < 4


def test_large_pictures_are_converted_in_strips_with_the_same_result(save, monkeypatch):
    scene = Image.fromarray(build.scene(700, 96))
    scene.putalpha(Image.linear_gradient("L").resize(scene.size))
    path = save("part.png", build.encode(scene, "PNG"))
    whole = load_image(path).pixels
    monkeypatch.setattr(decode, "_WHOLE_PIXELS", 0)
    np.testing.assert_array_equal(load_image(path).pixels, whole)


@pytest.mark.parametrize("limit", [None, 100])
def test_pillows_global_limit_is_neither_needed_nor_touched(save, monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    for kind in ("PNG", "JPEG", "BMP", "WEBP"):
        path = save(f"part_{kind}", build.encode(Image.fromarray(build.scene()), kind))
        assert load_image(path).original_size == (80, 96)
    bomb = save("bomb.png", build.png(20000, 20000, 8, 2, b"\0" * 100))
    with pytest.raises(BadImage, match="400 megapixels"):
        load_image(bomb)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_nothing_is_decoded_before_the_limits_are_checked(save, monkeypatch):
    def decoded(*_args):
        pytest.fail("the picture was decoded")

    path = save("bomb.tif", build.tiff(np.zeros((1, 1), np.uint8), tags={256: (99_999,)}))
    sound = save("part.png", build.encode(Image.fromarray(build.scene()), "PNG"))
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    with pytest.raises(BadImage, match="99999 x 1 pixels"):
        load_image(path)
    assert inspect_file(sound).width == 96


def test_limits_are_inclusive(save):
    rows = b"\0" * ((5000 // 8 + 1) * 8000)
    assert inspect_file(save("a.png", build.png(5000, 8000, 1, 0, rows))).height == 8000
    with pytest.raises(BadImage, match="megapixels"):
        inspect_file(save("b.png", build.png(5001, 8000, 1, 0, rows)))
    assert inspect_file(save("c.png", build.png(12000, 600, 1, 0, rows))).width == 12000
    with pytest.raises(BadImage, match="20 times"):
        inspect_file(save("d.png", build.png(12000, 599, 1, 0, rows)))


def test_a_file_that_may_not_be_read_is_refused_by_name(save, monkeypatch):
    path = save("secret.png", b"x")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadImage, match=r"^secret\.png: the file may not be read"):
        load_image(path)


def test_many_threads_load_the_same_as_one(save):
    paths = [
        save("a.png", build.png16(np.dstack([build.sixteen()] * 3))),
        save("b.jpg", build.encode(Image.fromarray(build.scene()), "JPEG")),
        save("c.tif", build.tiff(build.grey().astype(np.float32))),
    ]
    alone = [load_image(path).pixels for path in paths]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(load_image, paths * 20))
    for number, image in enumerate(together):
        np.testing.assert_array_equal(image.pixels, alone[number % 3])


def _stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """Return the pixels a camera would store for an upright picture under the EXIF tag."""
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    return np.ascontiguousarray(stored)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_pictures_are_turned_upright_once(save, kind, orientation):
    scene = build.scene()
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}
    picture = Image.fromarray(_stored(scene, orientation))
    content = build.encode(picture, kind, exif=exif, **options.get(kind, {}))
    image = load_image(save("part", content))
    worst = int(np.abs(image.pixels.astype(int) - scene).max())
    assert worst <= (12 if kind == "JPEG" else 0)
    assert any("upright" in note for note in image.notes) is (orientation > 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
def test_deep_tiffs_are_turned_upright_once(save, colour, dtype, orientation):
    upright = build.sixteen().astype(dtype)
    if colour:
        upright = np.dstack([upright, upright[::-1], upright // 2])
    content = build.tiff(_stored(upright, orientation), tags={274: (orientation,)})
    image = load_image(save("part.tif", content), FULL)
    expected = np.rint(upright / 257.0).astype(np.uint8)
    np.testing.assert_array_equal(image.pixels[..., 0], expected[..., 0] if colour else expected)
    assert any("upright" in note for note in image.notes) is (orientation > 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_deep_pngs_are_turned_upright_once(save, channels):
    upright = build.sixteen() if channels == 1 else np.dstack([build.sixteen()] * 3)
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    stored = _stored(upright, 6)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in stored)
    colour = 0 if channels == 1 else 2
    content = build.png(80, 96, 16, colour, rows, before=[(b"eXIf", exif)])
    image = load_image(save("part.png", content), FULL)
    expected = np.rint(build.sixteen() / 257.0)
    np.testing.assert_array_equal(image.pixels[..., 0], expected)
