import numpy as np
import pytest
import torch

from adapp.backbones.cache import CachedBackbone, cached
from adapp.backbones.factory import create
from adapp.core.errors import UsageError
from adapp.core.settings import Settings


class Counting:
    """A backbone that remembers how many pictures it encoded."""

    def __init__(self, backbone):
        self._backbone = backbone
        self.encoded = 0

    def __getattr__(self, name):
        return getattr(self._backbone, name)

    def encode_rgb(self, images):
        self.encoded += len(images)
        return self._backbone.encode_rgb(images)


@pytest.fixture(scope="module")
def tiny():
    return create("tiny", "raid", dtype="float32")


@pytest.fixture
def counting(tiny):
    return Counting(tiny)


def _images(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (60, 80, 3), np.uint8) for _ in range(count)]


def _files(folder):
    return sorted(folder.rglob("*.safetensors"))


def test_a_second_call_encodes_nothing_and_returns_the_same(counting, tmp_path):
    backbone = CachedBackbone(counting, tmp_path)
    first = backbone.encode_rgb(_images(3))
    assert (counting.encoded, len(_files(tmp_path))) == (3, 3)
    second = CachedBackbone(counting, tmp_path).encode_rgb(_images(3))
    assert counting.encoded == 3
    assert torch.equal(first.patches, second.patches)
    assert torch.equal(first.pooled, second.pooled)
    assert first.grid == second.grid == (8, 8)


def test_kept_features_are_close_to_fresh_ones_and_unit_norm(tiny, tmp_path):
    images = _images(10)  # more than one batch
    kept, fresh = CachedBackbone(tiny, tmp_path).encode_rgb(images), tiny.encode_rgb(images)
    assert torch.allclose(kept.patches, fresh.patches, atol=1e-3)
    assert torch.allclose(kept.pooled, fresh.pooled, atol=1e-3)
    assert kept.patches.dtype == torch.float32
    assert torch.allclose(kept.patches.norm(dim=-1), torch.ones(4, 10, 64), atol=1e-5)


def test_pictures_come_back_in_the_order_asked(counting, tmp_path):
    backbone = CachedBackbone(counting, tmp_path)
    a, b, c = _images(3)
    backbone.encode_rgb([b])
    mixed = backbone.encode_rgb([c, b, a, c])
    assert counting.encoded == 3
    expected = counting.encode_rgb([c, b, a, c])
    assert torch.allclose(mixed.patches, expected.patches, atol=1e-3)


def test_one_changed_pixel_is_another_picture(counting, tmp_path):
    backbone = CachedBackbone(counting, tmp_path)
    (image,) = _images(1)
    backbone.encode_rgb([image])
    image[5, 5, 0] ^= 1
    backbone.encode_rgb([image, image.reshape(80, 60, 3)])
    assert counting.encoded == 3


@pytest.mark.parametrize("change", [{"size": 70}, {"dtype": "bfloat16"}])
def test_another_encoder_does_not_read_these_features(tiny, tmp_path, change):
    CachedBackbone(tiny, tmp_path).encode_rgb(_images(1))
    other = Counting(create("tiny", "raid", **({"dtype": "float32"} | change)))
    CachedBackbone(other, tmp_path).encode_rgb(_images(1))
    assert other.encoded == 1


def test_another_identity_does_not_read_these_features(tiny, tmp_path):
    CachedBackbone(tiny, tmp_path).encode_rgb(_images(1))
    other = Counting(tiny)
    other.identity = "some other weights"
    CachedBackbone(other, tmp_path).encode_rgb(_images(1))
    assert other.encoded == 1


@pytest.mark.parametrize("content", [b"", b"not tensors at all, but long enough"])
def test_a_damaged_file_is_made_again(counting, tmp_path, content):
    backbone = CachedBackbone(counting, tmp_path)
    first = backbone.encode_rgb(_images(1))
    (path,) = _files(tmp_path)
    path.write_bytes(content)
    assert torch.equal(backbone.encode_rgb(_images(1)).patches, first.patches)
    assert counting.encoded == 2
    backbone.encode_rgb(_images(1))
    assert counting.encoded == 2


def test_pixels_pass_through_unkept(counting, tmp_path):
    backbone = CachedBackbone(counting, tmp_path)
    pixels = torch.rand(1, 3, 112, 112)
    expected = counting.encode_images(pixels).patches
    assert torch.equal(backbone.encode_images(pixels).patches, expected)
    assert _files(tmp_path) == []


def test_the_cache_describes_the_encoder_behind_it(tiny, tmp_path):
    backbone = CachedBackbone(tiny, tmp_path)
    names = (
        "identity",
        "preset",
        "stages",
        "width",
        "patch",
        "size",
        "grid",
        "device",
        "dtype_name",
    )
    assert [getattr(backbone, name) for name in names] == [getattr(tiny, name) for name in names]


def test_no_picture_is_refused(tiny, tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        CachedBackbone(tiny, tmp_path).encode_rgb([])


def test_a_folder_that_cannot_be_written_is_told(tiny, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(UsageError, match="ADAPP_FEATURE_CACHE"):
        CachedBackbone(tiny, blocker)


def test_the_setting_decides_whether_features_are_kept(tiny, tmp_path):
    assert cached(tiny, Settings(feature_cache=None)) is tiny
    assert isinstance(cached(tiny, Settings(feature_cache=tmp_path)), CachedBackbone)
