"""PDF pages: text and picture, or one sentence why not."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from adapp.core.errors import BadPage
from adapp.knowledge.pdf import read_pdf
from tests.unit.knowledge.papers import pdf


def test_pages_have_text_and_picture():
    first, second = read_pdf(pdf("Hello pump", "Second"), "x", 9, 100)
    assert first.text.strip() == "Hello pump"
    assert second.text.strip() == "Second"
    assert first.picture.shape == (1366, 1024, 3)
    assert first.picture.dtype == np.uint8
    assert first.picture.min() < 60
    assert first.picture.max() > 250


def test_colours_keep_their_order():
    red = pdf("x").replace(b"BT /F1 14 Tf 20", b"1 0 0 rg BT /F1 99 Tf 2")
    picture = read_pdf(red, "x", 1, 10)[0].picture.astype(int)
    ink = picture[(picture.sum(axis=2) < 600)]
    assert (ink[:, 0] - ink[:, 2]).mean() > 100


def test_text_is_bounded():
    assert len(read_pdf(pdf("a" * 200), "x", 1, 50)[0].text) == 50


@pytest.mark.parametrize("size", [(14_000, 14_000), (20, 14_000), (3, 3)])
def test_odd_page_sizes_give_pictures_of_bounded_size(size):
    picture = read_pdf(pdf("x", width=size[0], height=size[1]), "x", 1, 10)[0].picture
    assert max(picture.shape) <= 2048
    assert min(picture.shape[:2]) >= 1


def test_a_script_in_the_file_is_not_run():
    script = "/OpenAction << /S /JavaScript /JS (this.exportDataObject\\(1\\)) >>"
    assert read_pdf(pdf("quiet", extra=script), "x", 1, 10)[0].text.strip() == "quiet"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"plain text", "not a PDF file"),
        (b"%PDF-1.4\nrubbish", "damaged or protected"),
        (pdf("x")[:120], "damaged or protected"),
        (pdf(), "damaged or protected"),
        (pdf("a", "b", "c"), "has 3 pages, 1 to 2"),
    ],
)
def test_unusable_files_are_refused(content, message):
    with pytest.raises(BadPage, match=f"^the name: .*{message}"):
        read_pdf(content, "the name", 2, 100)


def test_files_may_be_read_from_several_threads():
    contents = [pdf(f"page {number}") for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        read = list(
            pool.map(lambda content: read_pdf(content, "x", 1, 50)[0].text.strip(), contents)
        )
    assert read == [f"page {number}" for number in range(8)]
