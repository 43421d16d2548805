import numpy as np
import pytest

from adapp.data import noise
from adapp.data.procedural.camera import Camera, capture, choose_camera, expose
from adapp.data.procedural.frame import (
    box,
    circle,
    grid_cells,
    polygon,
    pose,
    repeat,
    segment,
    subtract,
    union,
)
from adapp.data.procedural.surface import Light, Material, rgb, shade, streaks
from adapp.data.raster import blur, draw_ribbon, fill_polygons, largest_change, to_bytes

STILL = Camera(
    gradient=0.0,
    towards=0.0,
    vignette=0.0,
    softness=0.0,
    read=0.0,
    shot=0.0,
    tone=0.0,
    monochrome=False,
    quality=None,
)


def test_outlines_cover_their_exact_area() -> None:
    frame = pose(200, np.random.default_rng(0), shift=0, turn=0, zoom=0)
    area = 4 / 200**2
    shapes = {
        "circle": (circle(frame, 0.5), np.pi * 0.25),
        "box": (box(frame, 0.6, 0.3), 0.72),
        "round box": (box(frame, 0.6, 0.3, 0.1), 0.72 - (4 - np.pi) * 0.01),
        "hexagon": (polygon(frame, 6, 0.5), 2 * np.sqrt(3) * 0.25),
        "stroke": (segment(frame, (-0.4, 0), (0.4, 0), 0.1), 0.16 + np.pi * 0.01),
        "ring": (subtract(circle(frame, 0.5), circle(frame, 0.3)), np.pi * 0.16),
        "pair": (union(circle(frame, 0.2, -0.5), circle(frame, 0.2, 0.5)), np.pi * 0.08),
    }
    for name, (distance, expected) in shapes.items():
        assert frame.cover(distance).sum() * area == pytest.approx(expected, rel=0.01), name


def test_a_pose_moves_the_part_but_keeps_its_size() -> None:
    turned = pose(200, np.random.default_rng(3), shift=0.05, turn=0.5, zoom=0.0)
    still = pose(200, np.random.default_rng(3), shift=0.0, turn=0.0, zoom=0.0)
    moved = turned.cover(box(turned, 0.4, 0.2))
    fixed = still.cover(box(still, 0.4, 0.2))
    assert moved.sum() == pytest.approx(fixed.sum(), rel=0.01)
    assert np.abs(moved - fixed).max() > 0.9


def test_repeat_folds_into_one_period() -> None:
    values = np.linspace(-3, 3, 601, dtype=np.float32)
    folded = repeat(values, 0.5)
    assert np.abs(folded).max() <= 0.25 + 1e-6
    assert folded[0] == pytest.approx(folded[50], abs=1e-5)


def test_grid_cells_number_every_cell() -> None:
    frame = pose(90, np.random.default_rng(0), shift=0, turn=0, zoom=0)
    x, y, number = grid_cells(frame, np.random.default_rng(0), 3, 2, (0.6, 0.9), 0.0)
    assert set(np.unique(number)) == set(range(6))
    assert np.abs(x).max() < 0.45
    assert np.abs(y).max() < 0.6


def test_a_flat_surface_keeps_its_colour_and_a_slope_to_the_lamp_is_brighter() -> None:
    flat = np.zeros((40, 40), dtype=np.float32)
    ramp = np.tile(np.arange(40, dtype=np.float32) * 0.3, (40, 1))
    colour = np.full((40, 40, 3), 120, dtype=np.float32)
    light = Light(azimuth=0.0, elevation=0.8, ambient=0.4)
    matt = Material(rgb(120, 120, 120), 0.0, 1.0, 0.0)
    assert shade(flat, colour, matt, light) == pytest.approx(colour, abs=1e-3)
    falls_to_lamp = shade(-ramp, colour, matt, light)[20, 20, 0]
    rises_to_lamp = shade(ramp, colour, matt, light)[20, 20, 0]
    assert falls_to_lamp > 125
    assert rises_to_lamp < 115


def test_a_perfect_camera_changes_little_but_the_exposure() -> None:
    scene = np.random.default_rng(0).uniform(40, 200, (64, 64, 3)).astype(np.float32)
    seen = capture(scene, STILL, np.random.default_rng(1))
    gain = seen / scene
    assert np.ptp(gain, axis=(0, 1)).max() < 1e-3
    assert 0.85 < gain.mean() < 1.15


def test_camera_noise_has_the_stated_spread() -> None:
    scene = np.full((200, 200, 3), 100, dtype=np.float32)
    noisy = Camera(0, 0, 0, 0, 3.0, 0.1, 0, monochrome=False, quality=None)
    seen = capture(scene, noisy, np.random.default_rng(1))
    expected = np.sqrt(9 + 0.1 * seen.mean())
    assert (seen - seen.mean(axis=(0, 1))).std() == pytest.approx(expected, rel=0.03)


def test_a_grey_camera_sees_grey_and_a_vignette_darkens_corners() -> None:
    scene = np.full((100, 100, 3), (200, 100, 50), dtype=np.float32)
    grey = Camera(0, 0, 0.4, 0, 1.0, 0, 0, monochrome=True, quality=None)
    image = expose(scene, grey, np.random.default_rng(0))
    assert np.ptp(image.astype(int), axis=2).max() == 0
    assert image[:8, :8].mean() < 0.75 * image[46:54, 46:54].mean()


def test_a_category_has_one_camera() -> None:
    one, same, other = (choose_camera(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_streaks_run_along_their_angle() -> None:
    field = streaks(np.random.default_rng(0), 128, 60.0, 1.5, 0.0)
    along = np.abs(np.diff(field, axis=1)).mean()
    across = np.abs(np.diff(field, axis=0)).mean()
    assert across > 5 * along


def test_perlin_noise_vanishes_on_its_grid_and_spans_its_range() -> None:
    field = noise.perlin(np.random.default_rng(0), 128, 64, 8, 4)
    assert np.abs(field[::16, ::16]).max() < 1e-6
    assert 0.5 < np.abs(field).max() <= 1.01


def test_cells_belong_to_their_nearest_seed() -> None:
    labels, distance = noise.cells(np.random.default_rng(0), 60, 60, 12)
    assert labels.min() == 0
    assert labels.max() + 1 <= 12
    for label in range(labels.max() + 1):
        assert distance[labels == label].min() == 0


def test_textures_are_pictures_in_range() -> None:
    kinds = [noise.texture(np.random.default_rng(seed), 64, 48) for seed in range(24)]
    assert all(kind.shape == (64, 48, 3) for kind in kinds)
    assert min(kind.min() for kind in kinds) >= 0
    assert max(kind.max() for kind in kinds) <= 255
    assert all(kind.std() > 1 for kind in kinds)


def test_colourise_runs_from_the_first_colour_to_the_last() -> None:
    ramp = np.array([[0.0, 0.5, 1.0]], dtype=np.float32)
    ends = noise.colourise(ramp, np.array([[0, 10, 20], [200, 110, 220]], dtype=np.float32))
    assert ends[0, 0] == pytest.approx([0, 10, 20])
    assert ends[0, 2] == pytest.approx([200, 110, 220])
    assert ends[0, 1] == pytest.approx([100, 60, 120], abs=1)


def test_drawing_keeps_areas_and_fractions() -> None:
    square = np.array([[10, 10], [30, 10], [30, 30], [10, 30]], dtype=np.float32)
    assert 400 <= fill_polygons(40, 40, [square]).sum() <= 21.5**2, "the outline counts too"
    line = np.stack([np.linspace(5, 35, 10), np.full(10, 20.0)], axis=1).astype(np.float32)
    thin = draw_ribbon(40, 40, line, np.full(10, 0.5, dtype=np.float32)).sum()
    thick = draw_ribbon(40, 40, line, np.full(10, 4.0, dtype=np.float32)).sum()
    assert thick == pytest.approx(30 * 4, rel=0.35)
    assert thin < 0.35 * thick


def test_a_wide_blur_matches_an_exact_one() -> None:
    import cv2

    field = np.random.default_rng(0).random((160, 160), dtype=np.float32)
    exact = cv2.GaussianBlur(field, (0, 0), 12, borderType=cv2.BORDER_REFLECT_101)
    fast = blur(field, 12)
    assert np.abs(fast - exact)[20:-20, 20:-20].max() < 0.01


def test_bytes_are_rounded_and_cut() -> None:
    values = np.array([[[-5.0, 10.4, 300.0]]], dtype=np.float32)
    assert to_bytes(values).tolist() == [[[0, 10, 255]]]
    one = np.array([[[10, 20, 30]]], dtype=np.uint8)
    assert largest_change(one, one[..., ::-1].copy()).tolist() == [[20]]
