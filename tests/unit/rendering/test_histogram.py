"""The histogram is well-formed, tells its content in words and can be trusted in a page."""

import math
from xml.etree import ElementTree as ET

import pytest

from adapp.rendering.histogram import histogram_svg

SVG = "{http://www.w3.org/2000/svg}"


def parse(*args, **options):
    return ET.fromstring(histogram_svg(*args, **options))  # noqa: S314  # our own text


def of_class(root, name):
    return [node for node in root.iter() if name in node.get("class", "").split()]


def x_of(marker):
    return float(marker.get("points").split(",")[0])


def test_normals_are_bars_queries_markers_and_the_threshold_a_line():
    root = parse([0.1, 0.12, 0.3], [0.2, 0.9], 0.5)
    assert len(of_class(root, "normal")) == 2
    assert len(of_class(root, "query")) == 2
    (line,) = of_class(root, "threshold")
    assert float(line.get("x1")) == float(line.get("x2")) == pytest.approx(320)


def test_places_follow_the_values_on_a_fixed_axis():
    low, middle, high = of_class(parse([], [0.0, 0.5, 1.0], 0.5), "query")
    assert x_of(low) == pytest.approx(12)
    assert x_of(middle) == pytest.approx(320)
    assert x_of(high) == pytest.approx(628)


def test_taller_bars_hold_more_normals():
    bars = of_class(parse([0.1, 0.1, 0.1, 0.9], [0.5], 0.5), "normal")
    heights = [float(bar.get("height")) for bar in bars]
    assert heights[0] == pytest.approx(3 * heights[1], abs=0.02)


@pytest.mark.parametrize("review", [0.05, 0.5, 0.7])
def test_no_bar_reaches_the_names_of_the_lines(review):
    root = parse([0.05, 0.45, 0.65], [0.5], 0.72, review=review)
    names = {node.text: node for node in root.iter(f"{SVG}text")}
    rows = [float(names[name].get("y")) for name in ("threshold 0.720", "review from")]
    assert rows[1] - rows[0] >= 20  # the size of the letters on a phone
    assert rows[1] < min(float(bar.get("y")) for bar in of_class(root, "normal"))
    assert rows[0] >= 18


def test_selected_query_is_marked():
    root = parse([0.1], [0.2, 0.9], 0.5, selected=1)
    (marked,) = of_class(root, "selected")
    assert x_of(marked) > 500


def test_axis_grows_only_for_values_outside():
    root = parse([0.1], [1.9], 0.5, score_range=(0.0, 2.0))
    assert x_of(of_class(root, "query")[0]) == pytest.approx(12 + 0.95 * 616)
    wider = parse([0.1], [4.0], 0.5)
    assert x_of(of_class(wider, "query")[0]) == pytest.approx(628)


def test_title_and_description_are_linked_and_say_what_is_shown():
    root = parse([0.1, 0.2], [0.4, 0.6, 0.7], 0.5)
    assert root.get("role") == "img"
    ids = {node.get("id"): node.text for node in root.iter() if node.get("id")}
    title, description = (ids[name] for name in root.get("aria-labelledby").split())
    assert title == "Scores of normal and inspected pictures"
    assert description == (
        "2 of 3 inspected pictures score above the threshold 0.500. "
        "The normal scores lie between 0.100 and 0.200 (2 scores)."
    )


def test_no_normals_are_told_too():
    root = parse([], [0.4], 0.5)
    assert of_class(root, "normal") == []
    assert "There are no normal scores" in root.find(f"{SVG}desc").text
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert "no normals: generic threshold" in texts
    assert not any(text.startswith("normal (") for text in texts)


def test_two_histograms_on_a_page_do_not_share_names():
    first, second = parse([0.1], [0.4], 0.5), parse([0.2], [0.4], 0.5)
    assert first.get("aria-labelledby") != second.get("aria-labelledby")


def test_it_runs_nothing_and_links_nowhere():
    root = parse([0.1], [0.4], 0.5, selected=0)
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "rect",
        "line",
        "text",
        "polygon",
    }
    for node in root.iter():
        assert not [name for name in node.attrib if name.startswith("on") or "href" in name]


@pytest.mark.parametrize("bad", [([math.nan], [0.1], 0.5), ([], [0.1], math.inf)])
def test_what_is_not_a_number_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        histogram_svg(*bad)
