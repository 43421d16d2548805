"""Colour tables: ordered, neutral in the middle, loaded only when asked for."""

import subprocess
import sys

import numpy as np
import pytest

from adapp.rendering.colormaps import (
    DIVERGING,
    MAP_RANGES,
    SEQUENTIAL,
    STEPS,
    color_table,
    colormap_choices,
    map_range,
)

LUMA = np.array([0.2126, 0.7152, 0.0722])


def lightness(name):
    return (color_table(name)[:STEPS] / 255.0) ** 2.2 @ LUMA


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential_colours_rise_in_lightness_from_dark(name):
    steps = np.diff(lightness(name)[::8])
    assert (steps > 0).all()
    assert lightness(name)[0] < 0.05


@pytest.mark.parametrize("name", DIVERGING)
def test_diverging_colours_are_neutral_in_the_middle_and_darker_to_both_ends(name):
    middle = color_table(name)[STEPS // 2].astype(int)
    assert np.ptp(middle) <= 4
    light = lightness(name)
    assert light.argmax() == pytest.approx(STEPS // 2, abs=3)
    assert max(light[0], light[STEPS - 1]) < light.max() / 2


def test_residual_maps_get_diverging_colours_and_the_others_sequential_ones():
    assert colormap_choices("residual") == DIVERGING
    assert colormap_choices("base") == colormap_choices("fused") == SEQUENTIAL
    assert colormap_choices("stage 3") == SEQUENTIAL


def test_scales_are_fixed_and_symmetric_for_the_residual():
    assert MAP_RANGES == {"fused": (0.0, 1.0), "base": (0.0, 1.0), "residual": (-1.0, 1.0)}
    assert map_range("residual") == (-1.0, 1.0)
    assert map_range("fused") == map_range("stage 3") == (0.0, 1.0)


def test_table_is_shared_and_cannot_be_changed():
    table = color_table("inferno")
    assert color_table("inferno") is table
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_unknown_colour_map_is_refused_with_the_ones_there_are():
    with pytest.raises(ValueError, match="inferno, viridis"):
        color_table("jet")


def test_importing_the_renderer_does_not_import_matplotlib():
    code = "import sys, adapp.rendering.overlay; print('matplotlib' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
