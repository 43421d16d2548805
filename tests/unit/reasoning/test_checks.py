import pytest

from adapp.reasoning.checks import cited_pages, review, shown
from tests.unit.reasoning.cases import request

KNOWN = ("bottle/scratch", "bottle/hole")


def test_retrieved_pages_are_cited_in_order_of_appearance():
    reviewed = review("A line [bottle/hole], then [bottle/scratch] and [bottle/hole].", request())
    assert reviewed.cited == ("bottle/hole", "bottle/scratch")
    assert "~~" not in reviewed.text
    assert reviewed.flags == ()


@pytest.mark.parametrize("page", ["bottle/crack", "K9", "1", "made up/page", "bottle/scratch/2"])
def test_a_page_that_was_not_retrieved_is_struck_and_flagged(page):
    reviewed = review(f"A line [bottle/scratch] as in [{page}].", request())
    assert f"~~[{page}]~~" in reviewed.text
    assert "~~[bottle/scratch]~~" not in reviewed.text
    assert [(flag.kind, page in flag.detail) for flag in reviewed.flags] == [
        ("unknown_citation", True)
    ]


def test_a_list_of_pages_is_checked_one_by_one():
    reviewed = review("Seen [bottle/scratch, bottle/crack; bottle/hole].", request())
    assert reviewed.text == "Seen [bottle/scratch] ~~[bottle/crack]~~ [bottle/hole]."
    assert reviewed.cited == KNOWN


def test_other_brackets_are_no_citations():
    text = "[see the rim] - [ ] open [x] done [bottle/scratch]"
    assert review(text, request()).text == text


def test_an_answer_that_cites_nothing_is_flagged_only_where_pages_were_given():
    assert review("A line.", request()).flags[0].kind == "uncited"
    assert review("A line.", request(passages=())).flags == ()


def test_contradiction_is_flagged_with_the_sentence_and_the_text_is_kept():
    reviewed = review("The part is normal [bottle/scratch].", request())
    (flag,) = reviewed.flags
    assert flag.kind == "contradiction"
    assert "anomalous" in flag.detail
    assert "The part is normal" in flag.detail
    assert reviewed.text == "The part is normal [bottle/scratch]."


def test_without_a_verdict_nothing_can_be_contradicted():
    assert review("The part is normal [bottle/hole].", request(facts=None)).flags == ()


def test_markup_is_taken_out_and_flagged():
    reviewed = review("![x](http://evil.example/a) Wear [bottle/scratch].", request())
    assert reviewed.text == "x Wear [bottle/scratch]."
    assert [flag.kind for flag in reviewed.flags] == ["removed_markup"]


def test_a_link_cannot_pass_for_a_citation():
    reviewed = review("As in [bottle/scratch](https://evil.example).", request())
    assert reviewed.cited == ()
    assert "evil" not in reviewed.text


def test_an_unfinished_answer_is_already_safe():
    assert shown("Seen [bottle/none] ![x](http://ev", KNOWN) == "Seen ~~[bottle/none]~~ x"


def test_cited_pages_of_a_text():
    assert cited_pages("[bottle/hole] [other/page]", KNOWN) == ("bottle/hole",)
