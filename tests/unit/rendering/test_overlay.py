"""Colours, overlays and drawings: exact values, fixed scale, sizes kept."""

import time

import cv2
import numpy as np
import pytest

from adapp.rendering.colormaps import STEPS, color_table
from adapp.rendering.overlay import (
    SELECTED,
    colorize,
    draw_contours,
    draw_regions,
    encode_map,
    encode_mask,
    encode_png,
    mask_image,
    overlay,
    shrink,
)


def flat(value, height=40, width=60):
    return np.full((height, width), value, dtype=np.float32)


def grey(level=100, height=40, width=60):
    image = np.full((height, width, 3), level, dtype=np.uint8)
    image.flags.writeable = False  # as the loader hands them out
    return image


@pytest.mark.parametrize(
    ("value", "step"), [(0.0, 0), (0.5, 127), (1.0, 254), (-3.0, 0), (7.0, 254), (0.25, 64)]
)
def test_colour_is_the_tables_at_the_values_place(value, step):
    expected = color_table("viridis")[step]
    assert (colorize(flat(value), colormap="viridis") == expected).all()


def test_zero_on_a_symmetric_scale_is_the_exact_middle():
    colors = colorize(flat(0.0), -1.0, 1.0, "RdBu_r")
    assert (colors == color_table("RdBu_r")[STEPS // 2]).all()


def test_every_step_of_the_table_is_reached_in_order():
    ramp = np.linspace(-1, 1, STEPS, dtype=np.float32)[None, :]
    assert np.array_equal(colorize(ramp, -1.0, 1.0, "RdBu_r")[0], color_table("RdBu_r")[:STEPS])


def test_the_scale_does_not_follow_the_maps_own_range():
    weak = flat(0.0)
    weak[10:20, 10:20] = 0.1
    colors = colorize(weak)
    assert (colors[15, 15] == color_table("inferno")[25]).all()


def test_scale_that_does_not_rise_is_refused():
    with pytest.raises(ValueError, match="must rise"):
        colorize(flat(0.0), 1.0, 1.0)


@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_overlay_mixes_picture_and_colours(opacity):
    color = color_table("inferno")[254].astype(float)
    expected = (1 - opacity) * 100 + opacity * color
    mixed = overlay(grey(), flat(1.0), opacity)
    assert np.abs(mixed - expected).max() <= 0.5 + 1e-6


def test_overlay_leaves_its_inputs_alone():
    image, values = grey(), flat(0.7)
    overlay(image, values)
    assert (image == 100).all()
    assert (values == np.float32(0.7)).all()


def test_overlay_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="differ in size"):
        overlay(grey(), flat(0.0, height=41))
    with pytest.raises(ValueError, match="opacity"):
        overlay(grey(), flat(0.0), 1.5)


def test_a_megapixel_is_redrawn_within_a_screen_update():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (1000, 1000, 3), dtype=np.uint8)
    values = rng.random((1000, 1000), dtype=np.float32)
    overlay(image, values)  # the table is made once
    times = []
    for _ in range(7):
        start = time.perf_counter()
        overlay(image, values)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.03


def test_boxes_are_drawn_on_their_own_pixels():
    drawn = draw_regions(grey(0, 200, 300), [(50, 80, 120, 200)])
    assert (drawn[50, 120:200] == 255).all()
    assert (drawn[119, 80:200] == 255).all()
    assert (drawn[60:120, 80] == 255).all()
    assert (drawn[50:120, 199] == 255).all()
    assert (drawn[55:115, 85:195] == 0).all()


def test_selected_box_has_its_own_colour():
    boxes = [(50, 80, 120, 200), (150, 10, 190, 60)]
    drawn = draw_regions(grey(0, 200, 300), boxes, selected=1)
    assert (drawn[119, 90:190] == 255).all()
    assert (drawn[189, 20:50] == SELECTED).all()


def test_numbers_differ_between_regions_and_stay_in_the_picture():
    box = (0, 0, 12, 12)
    first = draw_regions(grey(0, 60, 60), [box])
    both = draw_regions(grey(0, 60, 60), [(58, 58, 60, 60), box])
    corner = np.s_[:14, :14]
    assert (first[corner] == 255).any()
    assert not np.array_equal(first[corner], both[corner])


def test_drawing_leaves_the_picture_alone():
    image = grey(7)
    draw_regions(image, [(5, 5, 20, 20)])
    draw_contours(image, flat(1.0) > 0)
    assert (image == 7).all()


def test_a_box_of_one_pixel_can_be_drawn():
    assert (draw_regions(grey(0), [(30, 30, 31, 31)])[30, 30] == 255).all()


def test_contour_follows_the_mask():
    mask = np.zeros((40, 60), dtype=bool)
    mask[10:30, 20:50] = True
    drawn = draw_contours(grey(100), mask)
    assert (drawn[10, 20:50] == 255).all()
    assert (drawn[14:26, 25:45] == 100).all()
    assert (drawn[:7] == 100).all()


def test_mask_picture_has_exactly_two_levels_after_a_png_round_trip():
    mask = np.random.default_rng(0).random((33, 47)) > 0.5
    back = cv2.imdecode(np.frombuffer(encode_png(mask_image(mask)), np.uint8), -1)
    assert np.array_equal(back == 255, mask)
    assert set(np.unique(back)) == {0, 255}


def test_png_keeps_every_rgb_value():
    image = np.random.default_rng(0).integers(0, 255, (9, 11, 3), dtype=np.uint8)
    back = cv2.imdecode(np.frombuffer(encode_png(image), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(back, image)


@pytest.mark.parametrize(("low", "colormap"), [(0.0, "inferno"), (-1.0, "RdBu_r")])
def test_map_as_a_file_has_the_pixels_of_the_map_in_colours(low, colormap):
    values = np.random.default_rng(0).uniform(-1.5, 1.5, (40, 61)).astype(np.float32)
    file = np.frombuffer(encode_map(values, low, 1.0, colormap), np.uint8)
    painted = cv2.imdecode(file, cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(painted, colorize(values, low, 1.0, colormap))


def test_shrink_limits_the_longer_side_and_keeps_smaller_pictures():
    assert shrink(grey(1, 40, 60), 30).shape == (20, 30, 3)
    assert shrink(grey(1, 4000, 3), 30).shape == (30, 1, 3)
    small = grey()
    assert shrink(small, 60) is small


def test_encoded_mask_is_black_and_white():
    mask = np.random.default_rng(0).random((13, 21)) > 0.5
    file = np.frombuffer(encode_mask(mask), np.uint8)
    read = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(read, np.where(mask, 255, 0))
