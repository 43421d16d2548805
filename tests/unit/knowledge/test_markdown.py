"""Markdown and plain text become titled sections of page length."""

import pytest

from adapp.knowledge.markdown import Document, aspect_of, parse, split
from adapp.knowledge.pages import Section

NOTE = """---
object: pump housing
defect: cold lap
type: crack
source: Foundry handbook 3
colour: red
---
# Cold lap in *housings*

A line with round lips
near the gate.

It runs **across** the wall.

## Likely causes
- Metal too `cold`
- Gate too thin

1. Slow pouring

## What to check
Raise the temperature first.
***
"""


def test_note_is_read_in_full():
    document = parse(NOTE, "note")
    assert document.title == "Cold lap in housings"
    assert document.fields == {
        "object": "pump housing",
        "defect": "cold lap",
        "type": "crack",
        "source": "Foundry handbook 3",
    }
    assert document.sections == (
        Section("", ("A line with round lips near the gate.",), points=False),
        Section("", ("It runs across the wall.",), points=False),
        Section(
            "Likely causes",
            ("Metal too cold", "Gate too thin", "Slow pouring"),
            aspect="causes",
        ),
        Section("What to check", ("Raise the temperature first.",), points=False, aspect="checks"),
    )


def test_plain_text_takes_its_name_as_title():
    document = parse("Only one line", "line notes")
    assert document == Document("line notes", {}, (Section("", ("Only one line",), points=False),))


def test_title_field_wins_over_the_first_heading():
    document = parse("---\ntitle: Given\n---\n# Heading\ntext", "x")
    assert document.title == "Given"
    assert document.sections[0].heading == "Heading"


def test_last_paragraph_is_not_lost():
    assert parse("# T\n\nlast words", "x").sections[-1].lines == ("last words",)


@pytest.mark.parametrize(
    "text", ["", "# Only a title", "<!-- nothing -->", "---\nobject: x\n---\n"]
)
def test_nothing_gives_no_section(text):
    assert parse(text, "x").sections == ()


def test_unclosed_fields_are_text():
    assert parse("---\nobject: x\ntext", "name").fields == {}


def test_fields_are_cleaned():
    document = parse("---\nobject: <b>pump</b> https://x.example\n---\ntext", "x")
    assert document.fields["object"] == "b" or "<" not in document.fields["object"]
    assert "x.example" not in document.fields["object"]


@pytest.mark.parametrize(
    ("heading", "aspect"),
    [
        ("Causes", "causes"),
        ("Likely causes", "causes"),
        ("Checks to do", "checks"),
        ("What to check", "checks"),
        ("Effects", "consequences"),
        ("Notes", None),
        ("", None),
    ],
)
def test_heading_tells_the_aspect(heading, aspect):
    assert aspect_of(heading) == aspect


def test_long_text_becomes_several_pages_that_lose_nothing():
    words = [f"word{number}" for number in range(900)]
    text = "# Manual\n\n## Part\n" + ". ".join(
        " ".join(words[at : at + 10]) for at in range(0, 900, 10)
    )
    parts = split(parse(text, "x"), 1000)
    assert len(parts) >= 6
    assert [part.title for part in parts[:2]] == ["Manual (1)", "Manual (2)"]
    assert all(part.length <= 1000 for part in parts)
    told = " ".join(line for part in parts for s in part.sections for line in s.lines)
    assert told.replace(".", "").split() == words
    assert [s.heading for part in parts for s in part.sections].count("Part") == 1


def test_a_list_is_split_between_its_points():
    text = "\n".join(f"- point number {number} with some words" for number in range(40))
    parts = split(parse(text, "x"), 300)
    assert all(part.sections[0].points for part in parts)
    assert sum(len(part.sections[0].lines) for part in parts) == 40


def test_a_word_without_end_is_broken():
    parts = split(parse("x" * 1000, "x"), 300)
    assert "".join(line for part in parts for s in part.sections for line in s.lines) == "x" * 1000


def test_short_document_stays_whole():
    document = parse(NOTE, "x")
    assert split(document, 5000) == (document,)


def test_a_part_needs_room():
    with pytest.raises(ValueError, match="100 characters"):
        split(parse("text", "x"), 99)
