"""Pages as pictures: size, order, bounds, and text that does not fit."""

import numpy as np
import pytest

from adapp.knowledge.layout import HEIGHT, WIDTH, Picture, font, render_page, wrap
from adapp.knowledge.pages import Section
from tests.unit.knowledge.test_pages import page

RED = np.full((40, 60, 3), (250, 10, 10), dtype=np.uint8)


def red(sheet: np.ndarray) -> np.ndarray:
    return (sheet[..., 0] > 200) & (sheet[..., 1] < 60) & (sheet[..., 2] < 60)


def inked_rows(sheet: np.ndarray) -> np.ndarray:
    return np.flatnonzero((sheet[170:-92] < 100).all(axis=2).any(axis=1))


def test_page_has_its_size_and_a_band_that_tells_whose_it_is():
    trusted, own = render_page(page(origin="bundled")), render_page(page())
    assert trusted.shape == own.shape == (HEIGHT, WIDTH, 3)
    assert trusted.dtype == np.uint8
    assert trusted[4, 4].tolist() != own[4, 4].tolist()


def test_same_page_gives_the_same_picture():
    np.testing.assert_array_equal(render_page(page()), render_page(page()))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_pictures_stand_side_by_side_inside_the_page(count):
    sheet = red(render_page(page(), [Picture(RED, "caption")] * count))
    rows, columns = np.nonzero(sheet)
    assert rows.min() > 140
    assert columns.min() >= 56
    assert columns.max() < WIDTH - 56
    starts = np.flatnonzero(np.diff(sheet.any(axis=0).astype(int)) == 1)
    assert len(starts) == count


def test_pictures_keep_their_proportions():
    rows, columns = np.nonzero(red(render_page(page(), [Picture(RED, "")])))
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(1.5, abs=0.05)


def test_a_page_that_is_a_picture_is_shown_large():
    _, columns = np.nonzero(red(render_page(page(picture=RED, sections=()))))
    assert np.ptp(columns) > 850


def test_four_pictures_are_refused():
    with pytest.raises(ValueError, match="three pictures, got 4"):
        render_page(page(), [Picture(RED, "")] * 4)


def test_longer_text_is_set_smaller_and_never_runs_into_the_foot():
    short = render_page(page(sections=(Section("Head", ("word " * 40,)),)))
    long = render_page(page(sections=(Section("Head", ("word " * 3000,)),)))
    assert inked_rows(short).max() < HEIGHT / 2
    bottom = (long[HEIGHT - 92 : HEIGHT - 86] < 100).all(axis=2).any()
    assert not bottom
    assert inked_rows(long).max() > 1000


def test_cut_text_is_marked():
    """The last line of an overlong page is the mark, the same whatever the words are."""
    sheets = [
        render_page(page(sections=(Section("", (f"{word} " * 4000,), points=False),)))
        for word in ("alpha", "omega")
    ]
    last = 170 + int(inked_rows(sheets[0]).max())
    ends = [sheet[last - 10 : last + 1] for sheet in sheets]
    np.testing.assert_array_equal(ends[0], ends[1])
    assert (ends[0] < 100).any()
    assert last > 1300


def test_wrapped_lines_fit_and_lose_no_word():
    face = font(20)
    text = "a few words and averyveryverylongwordwithoutanyspace " * 6
    lines = wrap(text, face, 200)
    assert all(face.getlength(line) <= 200 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wrapping_nothing_gives_one_empty_line():
    assert wrap("  ", font(20), 100) == [""]


@pytest.mark.parametrize(
    "title", ["Ü" * 60, "Prüfung der Düse Nr. 7 am Gehäuse der Pumpe: Grat", "检查"]
)
def test_any_title_is_drawn_inside_the_band(title):
    sheet = render_page(page(title=title))
    white = (sheet[:104] > 240).all(axis=2)
    assert white.any()
    assert not white[:, WIDTH - 30 :].any()
