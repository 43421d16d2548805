"""What stands behind a pixel: the sum, and the hyperedges of its patch."""

import re

import pytest

from adapp.core.results import PixelReading
from adapp.services.patches import Claim, Neighbour, PatchLinks
from adapp.ui import patch_view
from tests.page import read

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def links():
    return PatchLinks(
        grid=(4, 5),
        cell=(1, 2),
        neighbours=(Neighbour(1, (0, 0), 0.93), Neighbour(2, (3, 4), 0.5)),
        claims=(
            Claim("part with a scratch", True, 1.5, 2, 0.31, ((0, 1), (1, 2))),
            Claim("good part", False, 0.75, 1, 0.2, ((1, 2), (2, 2))),
        ),
    )


def cells(html, name):
    """Return rank and place of the cells that the picture would get."""
    block = re.search(rf'data-name="{name}" hidden>(.*?)</div>', html).group(1)
    return re.findall(r'data-rank="(\d+)" style="left:([\d.]+)%;top:([\d.]+)%', block)


def test_reading_is_the_sum_it_says():
    html = patch_view.reading_html(3, 7, PixelReading(0.5, -0.125, 1.0, 0.375), {"text": 0.25})
    text = read(html).text
    assert "x 7, y 3" in text
    assert "base 0.500" in text
    assert "\N{MINUS SIGN} residual 0.125" in text
    assert "= fused 0.375" in text
    assert "text 0.250" in text
    assert "data-clear" in html
    assert "2.00 x residual" in patch_view.reading_html(0, 0, PixelReading(0, 0.1, 2.0, 0.2), {})


def test_neighbours_are_outlined_where_they_are_with_their_rank(links):
    html = patch_view.patch_html(links)
    assert cells(html, "near") == [("1", "0.000", "0.000"), ("2", "80.000", "75.000")]
    assert 'class="own" style="left:40.000%;top:25.000%;width:20.000%;height:25.000%"' in html
    text = read(html).text
    assert "row 2, column 3 of 4 x 5" in text
    assert "1 0.93" in text


def test_prompts_tell_weight_and_whether_they_describe_a_defect(links):
    html = patch_view.patch_html(links)
    text = read(html).text
    assert "defectpart with a scratch1.50" in text
    assert "normalgood part0.75" in text
    assert text.index("scratch") < text.index("good part")
    assert re.findall(r'<i style="width:([\d.]+)%', html) == ["75.0", "37.5"]
    assert cells(html, "claim-0") == [("1", "20.000", "0.000"), ("2", "40.000", "25.000")]


def test_every_entry_can_be_reached_by_keyboard(links):
    assert patch_view.patch_html(links).count('<li tabindex="0"') == 4


def test_patch_that_no_prompt_claims_says_so(links):
    bare = PatchLinks(links.grid, links.cell, links.neighbours, ())
    told = read(patch_view.patch_html(bare)).text
    assert "No prompt claims this patch" in told
    assert f"the {len(bare.claimed)} patches that prompts claim" in told


def test_prompts_and_map_names_are_escaped(links):
    evil = PatchLinks(links.grid, links.cell, (), (Claim(EVIL, True, 1.0, 1, 0.1, ((0, 0),)),))
    assert "script" not in read(patch_view.patch_html(evil)).tags
    reading = patch_view.reading_html(0, 0, PixelReading(0, 0, 1, 0), {EVIL: 0.5})
    assert "script" not in read(reading).tags
