"""Layers of the viewer: what each kind of update sends."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from adapp.core.results import AnomalyResult, Provenance
from adapp.services.regions import regions
from adapp.ui import viewer
from adapp.ui.pictures import MAP_SIDE, SCREEN_SIDE, mask_uri, png_uri, screen_map, screen_picture


@pytest.fixture
def result():
    base = np.zeros((40, 60), np.float32)
    base[10:20, 30:50] = 0.75
    residual = np.zeros_like(base)
    residual[10:20, 30:50] = 0.25
    provenance = Provenance(
        "raid", "full", "tiny", "none", None, None, (), "Free.", 0, "cpu", "float32"
    )
    return AnomalyResult(
        base, residual, 1.0, np.clip(base + residual, 0, 1), 1.0, (0.0, 1.0), provenance
    )


def decoded(html):
    data = html.split("data:image/png;base64,")[1].split('"')[0]
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    return np.asarray(picture.convert({"P": "RGB", "1": "L"}.get(picture.mode, picture.mode)))


def test_picture_arrives_without_loss():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    parts = viewer.with_picture("run-1-0", 'a"b.png', pixels)
    assert np.array_equal(decoded(parts["value"]), pixels)
    assert (parts["rows"], parts["columns"]) == (40, 60)
    assert 'a"b' not in parts["value"]
    assert set(parts) == {"value", "shown", "rows", "columns", "told"}


def test_same_value_has_the_same_colour_in_every_map(result):
    bright = decoded(viewer.with_map("p", result, "fused", "inferno")["paint"])
    dim = decoded(viewer.with_map("p", result, "base", "inferno")["paint"])
    assert np.array_equal(bright[0, 0], dim[0, 0])
    assert not np.array_equal(bright[15, 40], dim[15, 40])
    assert bright[0, 0].max() < 10


def test_residual_has_its_own_signed_colours(result):
    painted = decoded(viewer.with_map("p", result, "residual", "inferno")["paint"])
    assert painted[0, 0].min() > 200  # zero is the light middle
    assert painted[15, 40, 0] > painted[15, 40, 2]  # above zero is red
    scale = viewer.with_scale("residual", "inferno", 0.5)["colorbar"]
    assert "<u>-1</u>" in scale
    assert "Region threshold" not in scale


def test_scale_marks_the_region_threshold():
    assert "left:25.00%" in viewer.with_scale("fused", "viridis", 0.25)["colorbar"]
    assert "left:100.00%" in viewer.with_scale("fused", "viridis", 3.0)["colorbar"]


def test_mask_has_two_levels_and_frames_are_percent_of_the_picture(result):
    found = regions(result.fused_map, 0.5)
    parts = viewer.with_regions("p", result.fused_map > 0.5, found)
    levels = decoded(parts["mask"])
    assert set(np.unique(levels)) == {0, 255}
    assert np.array_equal(levels > 0, result.fused_map > 0.5)
    assert "left:50.000%;top:25.000%;width:33.333%;height:25.000%" in parts["frames"]
    assert set(parts) == {"mask", "frames"}


def test_frames_are_bounded(result):
    found = regions(result.fused_map, 0.5) * 100
    frames = viewer.with_regions("p", result.fused_map > 0.5, found)["frames"]
    assert frames.count("<b ") == viewer.MOST_FRAMES


def test_large_pictures_are_reduced_for_the_screen_only():
    pixels = np.zeros((100, 3000, 3), np.uint8)
    assert screen_picture(pixels).shape[1] == SCREEN_SIDE
    reduced = screen_map(np.zeros((100, 3000), np.float32))
    assert max(reduced.shape) <= MAP_SIDE
    mask = np.zeros((100, 3000), bool)
    mask[:50] = True
    assert max(decoded(f'{mask_uri(mask)}"').shape) <= SCREEN_SIDE
    small = np.zeros((10, 10, 3), np.uint8)
    assert screen_picture(small) is small
    assert decoded(f'{png_uri(small)}"').shape == (10, 10, 3)


def test_frame_says_what_its_region_looks_like(result):
    found = regions(result.fused_map, 0.5) * 3
    frames = viewer.with_regions("p", result.fused_map > 0.5, found, ["scratch", ""])["frames"]
    assert [text.split("<")[0] for text in frames.split("<em>")[1:]] == ["1 scratch", "2", "3"]
