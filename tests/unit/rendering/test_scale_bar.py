"""The colour bar shows the colours of the map it stands beside."""

import numpy as np
import pytest

from adapp.rendering.colormaps import STEPS, color_table
from adapp.rendering.scale_bar import colour_bar


@pytest.mark.parametrize(("name", "low"), [("inferno", 0.0), ("RdBu_r", -1.0)])
def test_bar_runs_from_the_first_colour_to_the_last(name, low):
    bar = colour_bar(name, low, 1.0, width=321, height=40)
    assert bar.shape == (40, 321, 3)
    assert (bar[:18, 0] == color_table(name)[0]).all()
    assert (bar[:18, -1] == color_table(name)[254]).all()
    assert (bar[:18, 160] == color_table(name)[STEPS // 2]).all()


def test_values_stand_under_the_bar():
    assert (colour_bar("inferno")[22:] < 128).any()
    assert not np.array_equal(colour_bar("inferno")[22:], colour_bar("inferno", 0, 2)[22:])


def test_a_bar_too_small_for_its_values_is_refused():
    with pytest.raises(ValueError, match="at least 120 x 30"):
        colour_bar("inferno", height=20)
