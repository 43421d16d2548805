"""The common form of pages: plain text, key text, and what reasoners get."""

import numpy as np
import pytest

from adapp.knowledge.entries import parse_entry
from adapp.knowledge.pages import Page, Section, from_entry, shorten
from tests.unit.knowledge.test_entries import CRACK, SHARED, SOUND


def page(**changes) -> Page:
    given = {
        "id": "own/note",
        "title": "Note",
        "kind": "user",
        "object": "",
        "defect_type": "",
        "canonical": "",
        "sections": (Section("", ("One.",), points=False),),
        "sources": ("note.md",),
        "licence": "not stated",
        "origin": "session",
    }
    return Page(**{**given, **changes})


def test_entry_becomes_a_trusted_page_with_all_it_says():
    entry = parse_entry(CRACK, SHARED, "x")
    shown = from_entry(entry)
    assert shown.trusted
    assert (shown.id, shown.object, shown.canonical) == ("cup/crack", "cup", "crack")
    text = shown.text()
    told = (*entry.causes, *entry.consequences, *entry.checks)
    assert all(line in text for line in (entry.description, entry.scenario, *told))
    assert text.index("Likely causes") < text.index("Consequences") < text.index("What to check")


def test_sound_object_has_no_empty_sections():
    headings = [section.heading for section in from_entry(parse_entry(SOUND, SHARED, "x")).sections]
    assert "Normal variation" in headings
    assert "Likely causes" not in headings
    assert headings[-1] == "How it is made and used"


def test_type_page_names_its_type():
    entry = parse_entry({**CRACK, "kind": "type", "object": ""}, SHARED, "x")
    assert from_entry(entry).defect_type == "crack"


@pytest.mark.parametrize("origin", ["session", "index"])
def test_only_bundled_pages_are_trusted(origin):
    assert not page(origin=origin).trusted
    assert page(origin="bundled").trusted


def test_passage_carries_text_by_aspect_and_the_drawn_page():
    entry = parse_entry(CRACK, SHARED, "x")
    drawn = np.zeros((4, 4, 3), dtype=np.uint8)
    passage = from_entry(entry).passage(0.7, drawn)
    assert passage.aspects["causes"] == entry.causes
    assert passage.aspects["description"] == (entry.description,)
    assert "variation" not in passage.aspects
    assert passage.picture is drawn
    assert passage.score == 0.7
    assert passage.trusted
    assert passage.canonical == "crack"
    assert not page().passage(0.1).trusted


def test_key_text_begins_with_the_names_and_stays_short():
    long = page(sections=(Section("", ("word " * 400,), points=False),))
    assert long.key_text().startswith("Note. word")
    named = from_entry(parse_entry(CRACK, SHARED, "x"))
    assert named.key_text().startswith("cup, mug. Cup: crack. A thin jagged line")
    assert len(long.key_text()) <= 600


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("all of it", 20, "all of it"),
        ("cut at a word", 8, "cut at…"),
        ("unbreakable" * 3, 8, "unbreak…"),
    ],
)
def test_shorten(text, limit, expected):
    assert shorten(text, limit) == expected


def test_shorten_needs_room():
    with pytest.raises(ValueError, match="to 1 characters"):
        shorten("text", 1)


def test_text_can_be_limited():
    assert len(page(sections=(Section("", ("word " * 99,)),)).text(50)) <= 50
