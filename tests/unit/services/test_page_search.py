"""Browsing and searching pages: groups by object, filters, words that stand on a page first."""

import pytest

from adapp.services.page_search import (
    ANY_OBJECT,
    HOLDING,
    MOST_FOUND,
    NEAREST,
    OPERATORS,
    YOURS,
    Wanted,
    browse,
    objects,
    search,
    type_name,
)
from tests.fakes import part
from tests.pages import OWN_PAGE, explainer, page, tiny_library


def ids(groups):
    return [
        one.id if hasattr(one, "id") else one.page.id for group in groups for one in group.pages
    ]


def test_pages_stand_by_object_with_users_first():
    pages = (
        page("nut/a", object="nut"),
        page("generic/a", object=""),
        page("bottle/a"),
        page("own/a", origin="session", object="nut"),
        page("own/b", origin="index", object="nut"),
    )
    groups = browse(pages, Wanted())
    assert [group.heading for group in groups] == [YOURS, OPERATORS, ANY_OBJECT, "bottle", "nut"]
    assert sum(len(group.pages) for group in groups) == len(pages)


def test_object_and_type_narrow_the_list():
    pages = (page("a/1"), page("a/2", canonical="chip"), page("b/1", object="nut"))
    assert ids(browse(pages, Wanted(object="bottle"))) == ["a/1", "a/2"]
    assert ids(browse(pages, Wanted(canonical="crack"))) == ["a/1", "b/1"]
    assert ids(browse(pages, Wanted("nut", "crack"))) == ["b/1"]
    assert browse(pages, Wanted("nut", "chip")) == ()


def test_pages_that_hold_every_word_come_before_those_that_are_like_it():
    found = search(tiny_library(), "RIM bottle")
    assert found.holding
    for one in found.holding:
        told = one.page.text().casefold()
        assert "rim" in told
        assert "bottle" in told
    assert len(found.holding) + len(found.others) == len(tiny_library().pages)
    headings = [group.heading for group in found.groups(Wanted())]
    assert headings == [HOLDING, NEAREST]
    for part_found in (found.holding, found.others):
        scores = [one.score for one in part_found]
        assert scores == sorted(scores, reverse=True)


def test_filters_narrow_what_was_found():
    found = search(tiny_library(), "scratch")
    groups = found.groups(Wanted(object="bottle"))
    assert groups
    assert {one.page.object for group in groups for one in group.pages} == {"bottle"}
    assert found.groups(Wanted(object="nothing")) == ()


def test_no_more_than_the_best_are_shown():
    found = search(tiny_library(), "scratch")
    shown = sum(len(group.pages) for group in found.groups(Wanted()))
    assert shown == min(MOST_FOUND, len(tiny_library().pages))


def test_picture_alone_finds_pages_and_holds_no_words():
    found = search(tiny_library(), "", part(1))
    assert found.holding == ()
    assert found.others


def test_own_pages_are_searched_too(tmp_path):
    path = tmp_path / "plates.md"
    path.write_text(OWN_PAGE)
    own = explainer().read([path])
    found = search(tiny_library(), "rubber lip", None, own)
    assert [one.page.title for one in found.holding] == ["Scratches on our plates"]
    assert "Scratches on our plates" not in {
        one.page.title for one in search(tiny_library(), "rubber lip").others
    }


def test_objects_and_types_have_names():
    assert objects((page(object="nut"), page(object=""), page(), page(object="Cable"))) == (
        *("bottle", "Cable", "nut"),
    )
    assert type_name("normal") == "sound part"
    assert type_name("chip") == "chipped edge"
    assert type_name("") == ""


@pytest.mark.parametrize("words", ["(", "[a-z]+ \\", "100 %", "…"])
def test_odd_words_are_words_and_no_pattern(words):
    found = search(tiny_library(), words)
    assert len(found.holding) + len(found.others) == len(tiny_library().pages)
