"""The figure of a comparison: same input, same bytes; a missing map is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from adapp.rendering.comparison_figure import FigureRow, comparison_figure

PICTURE = np.full((30, 40, 3), 128, np.uint8)


def _row(value, count=2):
    cells = [np.full((30, 40), value, np.float32) for _ in range(count)]
    return FigureRow("Fused", cells, 0.0, 1.0, "inferno", ((0.0, "0"), (1.0, "1")))


def _figure(value, file_format="png"):
    counts = np.zeros((30, 40), np.uint8)
    return comparison_figure(PICTURE, ["A\nnormal", "B"], [_row(value)], counts, file_format)


def test_equal_input_gives_equal_bytes():
    assert _figure(0.5) == _figure(0.5)
    assert _figure(0.5, "pdf") == _figure(0.5, "pdf")


def test_maps_decide_the_colours():
    with (
        Image.open(io.BytesIO(_figure(0.0))) as dark,
        Image.open(io.BytesIO(_figure(1.0))) as light,
    ):
        assert dark.size == light.size
        assert np.asarray(dark.convert("L")).mean() < np.asarray(light.convert("L")).mean()


def test_row_without_a_map_for_every_method_is_refused():
    with pytest.raises(ValueError, match="one map per method"):
        comparison_figure(PICTURE, ["A", "B"], [_row(0.5, 1)], PICTURE[:, :, 0], "png")
