"""Bars of very many scores: counted in bounded room, drawn to scale."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from adapp.rendering.score_bars import BINS, ScoreBins, score_bars_svg

NAMESPACE = "{http://www.w3.org/2000/svg}"


def counted(scores, low=0.0, high=1.0):
    bins = ScoreBins(low, high)
    for score in scores:
        bins.add(score)
    return bins


def test_counts_are_those_of_a_histogram():
    scores = np.random.default_rng(0).beta(2, 5, 5000)
    expected, _ = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    assert counted(scores).counts == expected.tolist()


@pytest.mark.parametrize(
    ("score", "place"), [(-1.0, 0), (0.0, 0), (2.0, BINS - 1), (9.0, BINS - 1)]
)
def test_scores_at_and_beyond_the_ends_count_there(score, place):
    bins = counted([score], 0.0, 2.0)
    assert bins.counts[place] == sum(bins.counts) == 1


def test_bars_and_normals_are_drawn_where_their_scores_lie():
    svg = ET.fromstring(score_bars_svg(counted([0.1] * 9 + [0.9]), [0.2, 0.3], 0.5))  # noqa: S314
    bars = svg.findall(f"{NAMESPACE}rect")
    assert len(bars) == 2
    heights = [float(bar.get("height")) for bar in bars]
    assert heights[0] / heights[1] == pytest.approx(9, rel=0.01)
    assert bars[0].get("fill") != bars[1].get("fill")
    assert len([p for p in svg.findall(f"{NAMESPACE}path") if p.get("fill")]) == 2


def test_it_tells_in_words_what_it_shows():
    svg = ET.fromstring(score_bars_svg(counted([0.1, 0.2]), [], 0.25))  # noqa: S314
    assert svg.get("aria-label").startswith("2 scores from 0 to 1; the threshold is 0.25")


def test_no_score_at_all_is_drawn_too():
    assert "<rect" not in score_bars_svg(counted([]), [], 0.5)
