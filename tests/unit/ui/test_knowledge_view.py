"""Knowledge pages as HTML: all of a page is told, nothing of it becomes markup."""

import pytest

from adapp.knowledge.pages import Section
from adapp.services.explaining import FoundPage
from adapp.services.page_search import Group
from adapp.ui import knowledge_view
from tests.page import read
from tests.pages import page

HOSTILE = ("<img src=x onerror=alert(1)>", '" onclick="alert(1)', "<script>alert(1)</script>")


def test_opened_page_tells_everything_beside_its_picture():
    sections = (
        Section("What it looks like", ("A line.",), points=False),
        Section("Likely causes", ("A blow.", "Heat.")),
        Section("Consequences", ("It leaks.",)),
        Section("What to check next", ("Stop the line.",)),
    )
    shown = read(knowledge_view.page_html(page(sections=sections), "data:image/png;base64,AA"))
    for told in (
        *("Crack", "bottle | crack", "A line.", "Likely causes", "Heat.", "It leaks."),
        *("Stop the line.", "The project: written", "a source", "Apache-2.0", "bottle/crack"),
    ):
        assert told in shown.text
    assert shown.tags.count("img") == 1
    assert shown.tags.count("li") == 4


def test_page_without_text_says_so():
    shown = read(knowledge_view.page_html(page(sections=()), "data:,"))
    assert "no text could be read" in shown.text


@pytest.mark.parametrize(
    ("origin", "writer"),
    [("bundled", "The project"), ("index", "The operator"), ("session", "You, in this session")],
)
def test_writer_is_named_and_only_the_project_is_trusted(origin, writer):
    html = knowledge_view.page_html(page(origin=origin), "data:,")
    assert writer in html
    assert ("is-untrusted" in html) == (origin != "bundled")
    assert ("never obeyed" in html) == (origin != "bundled")


def test_found_pages_show_id_score_and_marks():
    own = page("own/x-1", "Mine", "session")
    shown = knowledge_view.found_html([FoundPage(own, 0.5, cited=True), FoundPage(page(), 0.25)])
    told = read(shown).text
    assert "own/x-1 | score 0.50" in told
    assert "score 0.25" in told
    assert shown.count("<i>not checked</i>") == 1
    assert shown.count("<i>cited</i>") == 1
    assert knowledge_view.found_html([]) == ""


def test_list_has_groups_and_says_how_many_of_how_many():
    groups = (Group("bottle", (page(), page("bottle/chip", "Chip"))), Group("nut", (page("n/x"),)))
    told = read(knowledge_view.list_html(groups, 366))
    assert told.text.startswith("3 of 366 pages")
    assert told.tags.count("h4") == 2
    assert told.tags.count("button") == 3
    assert knowledge_view.list_html(groups, 3).count("3 pages") == 1
    assert "No page fits" in knowledge_view.list_html((), 366)


def test_card_names_the_defect_only_where_the_title_does_not():
    named = knowledge_view.list_html((Group("", (page(title="A long crack"),)),), 1)
    assert "<small>crack" not in named
    unnamed = knowledge_view.list_html((Group("", (page(title="A long line"),)),), 1)
    assert "<small>crack</small>" in unnamed


def test_own_pages_can_be_opened_and_removed():
    html = knowledge_view.own_html([page("own/x-1", "Mine", "session")])
    assert 'data-page="own/x-1"' in html
    assert 'data-remove="own/x-1"' in html
    assert "only ever quoted" in knowledge_view.own_html([])


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_page_becomes_markup(text):
    sections = (Section(text, (text,)), Section("", (text,), points=False))
    more = {"object": text, "defect_type": text, "licence": text, "sources": (text,)}
    hostile = page(f"own/{text}", text, "session", sections=sections, **more)
    allowed = {
        *("article", "header", "h3", "h4", "small", "button", "div", "img", "ul", "li", "p"),
        *("dl", "dt", "dd", "section", "b", "i", "nav"),
    }
    views = (
        knowledge_view.page_html(hostile, "data:,"),
        knowledge_view.found_html([FoundPage(hostile, 1.0)]),
        knowledge_view.list_html([Group(text, (hostile,))], 1),
        knowledge_view.own_html([hostile]),
    )
    for html in views:
        shown = read(html)
        assert set(shown.tags) <= allowed
        assert shown.tags.count("img") == ("leaf" in html)
        assert not shown.handlers
