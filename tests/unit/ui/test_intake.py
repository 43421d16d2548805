"""Galleries hold what a browser shows; runs read the originals."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapp.ui.intake import check, paths


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))


@pytest.fixture
def tiff(tmp_path):
    path = tmp_path / "hash-of-content" / "deep.tif"
    path.parent.mkdir()
    grey = np.linspace(0, 60000, 64 * 80).reshape(64, 80).astype(np.uint16)
    Image.fromarray(grey).save(path)
    return path


@pytest.fixture
def png(tmp_path):
    path = tmp_path / "plain.png"
    Image.fromarray(np.zeros((64, 80, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("no picture")
    return path


def test_empty_gallery_holds_nothing():
    looked = check(None)
    assert (looked.items, looked.accepted, looked.refused) == (None, 0, ())
    assert paths(None, {}) == ()


def test_plain_picture_stays_where_it_is(png):
    looked = check([(str(png), None)])
    assert looked.items is None
    assert looked.accepted == 1
    assert paths([(str(png), None)], looked.originals) == (png,)


def test_tiff_gets_a_stand_in_and_is_still_what_a_run_reads(tiff):
    looked = check([(str(tiff), "a caption")])
    (stand_in, caption), *rest = looked.items
    assert rest == []
    assert caption == "a caption"
    with Image.open(stand_in) as picture:
        assert (picture.format, picture.size) == ("PNG", (80, 64))
    assert paths(looked.items, looked.originals) == (tiff,)
    assert looked.remarks == ("1 x 16-bit, read at full depth",)


def test_second_look_changes_nothing_and_says_the_same(tiff, text):
    first = check([(str(tiff), None), (str(text), None)])
    again = check(first.items, first.originals)
    assert again.items is None
    assert again.originals == first.originals
    assert (again.remarks, again.refused) == (first.remarks, first.refused)


def test_text_file_is_refused_and_keeps_its_place(png, text):
    looked = check([(str(png), None), (str(text), None)])
    assert looked.accepted == 1
    assert len(looked.refused) == 1
    assert looked.refused[0].startswith("text.png:")
    assert paths(looked.items, looked.originals) == (png, text)


def test_equal_names_of_different_files_stay_apart(tmp_path):
    files = []
    for number, name in enumerate(("one", "two")):
        path = tmp_path / (name * 8) / "deep.tif"
        path.parent.mkdir()
        Image.fromarray(np.full((64, 64), 1000 * number + 7, np.uint16)).save(path)
        files.append(path)
    looked = check([(str(path), None) for path in files])
    assert len({Path(item).name for item, _ in looked.items}) == 2
    assert paths(looked.items, looked.originals) == tuple(files)
