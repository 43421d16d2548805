"""Pages are drawn when first wanted, kept for the next time, and never mixed up."""

from dataclasses import replace

import numpy as np
import pytest

from adapp.knowledge.pages import Page, Section, from_entry
from adapp.services import knowledge_pages
from adapp.services.knowledge_pages import (
    bundled_entries,
    draw_page,
    lock_pictures,
    page_picture,
)

CRACK = next(entry for entry in bundled_entries() if entry.id == "cashew/middle-breakage")
SOUND = next(entry for entry in bundled_entries() if entry.id == "cashew/sound")


@pytest.fixture
def drawn(monkeypatch):
    made = []

    def count(entry):
        made.append(entry.id)
        return draw_page(entry)

    monkeypatch.setattr(knowledge_pages, "draw_page", count)
    return made


def test_page_is_drawn_once_and_then_read(tmp_path, drawn):
    first = page_picture(from_entry(CRACK), CRACK, tmp_path)
    second = page_picture(from_entry(CRACK), CRACK, tmp_path)
    assert drawn == [CRACK.id]
    assert first.shape == (1448, 1024, 3)
    np.testing.assert_array_equal(first, second)
    assert [path.suffix for path in (tmp_path / "knowledge").iterdir()] == [".png"]


def test_changed_entry_is_drawn_anew(tmp_path, drawn):
    other = replace(CRACK, causes=("Another cause than before", *CRACK.causes))
    first = page_picture(from_entry(CRACK), CRACK, tmp_path)
    second = page_picture(from_entry(other), other, tmp_path)
    assert len(drawn) == 2
    assert not np.array_equal(first, second)


def test_page_of_a_user_leaves_nothing_on_disk(tmp_path):
    own = Page(
        *("own/x", "Mine", "user", "", "", ""),
        (Section("", ("Text.",)),),
        ("x.md",),
        "not stated",
        "session",
    )
    assert page_picture(own, None, tmp_path).shape == (1448, 1024, 3)
    assert page_picture(own, CRACK, tmp_path).shape == (1448, 1024, 3)
    assert list(tmp_path.iterdir()) == []


def test_locks_show_the_damaged_part_and_the_damage():
    pictures = lock_pictures(CRACK, 96)
    sound = lock_pictures(SOUND, 96)
    assert pictures.whole.shape == pictures.detail.shape == (96, 96, 3)
    assert sound.detail is None
    assert not np.array_equal(pictures.whole, sound.whole)
    other = lock_pictures(CRACK, 96, variant=1)
    assert np.mean(other.whole != pictures.whole) > 0.2


def test_an_entry_without_picture_has_no_lock_pictures():
    assert lock_pictures(replace(CRACK, illustration={}), 96) is None
    assert draw_page(replace(CRACK, illustration={})).shape == (1448, 1024, 3)
