"""Line charts: every value has a mark, and nothing in a name can break out of the page."""

import re

import pytest

from adapp.rendering.curves import curves_svg


def drawn(**changes):
    lines = {"image": [80.0, 90.0], "pixel": [1.0, 2.0]}
    return curves_svg(**{"title": "K", "steps": ["2", "8"], "lines": lines, **changes})


def test_every_value_has_a_mark_and_the_legend_one_more():
    picture = drawn()
    assert picture.count("<polyline") == 2
    assert picture.count("<circle") == 3
    assert picture.count("<rect") == 3


def test_a_higher_value_lies_higher():
    points = re.search(r'points="([^"]+)"', drawn(lines={"image": [80.0, 90.0]})).group(1).split()
    heights = [float(point.split(",")[1]) for point in points]
    assert heights[0] > heights[1]


def test_names_are_text_and_not_markup():
    text = curves_svg("<script>", ["a&b"], {"<b>": [1.0]})
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "a&amp;b" in text
    assert "<b>" not in text


def test_equal_values_and_many_lines_are_drawn():
    lines = {str(number): [5.0, 5.0] for number in range(5)}
    assert drawn(lines=lines).count("<polygon") == 6


@pytest.mark.parametrize("lines", [{}, {"image": [1.0]}])
def test_lines_that_do_not_fit_the_steps_are_refused(lines):
    with pytest.raises(ValueError, match="one value per step"):
        drawn(lines=lines)
