"""Answers and pages as HTML: nothing of a stranger becomes markup, citations can be clicked."""

import pytest

from adapp.core.reasoner import Explanation, Flag, TokenCount
from adapp.services.explaining import Answer, FoundPage
from adapp.ui import why_view
from adapp.ui.why_state import MOST_TALKS, Exchange, Talk
from tests.page import read
from tests.pages import page

HOSTILE = "<img src=x onerror=alert(1)>"


def answer(text="Words.", flags=(), source="local_model", **more):
    words = Explanation(text, source, "some model", (), 1.0, TokenCount(10, 5), flags=flags, **more)
    return Answer(words, (), "It was asked for.", 0.1, 0.2)


def test_empty_conversation_says_what_to_ask():
    assert "click a citation" in read(why_view.chat_html(())).text


def test_answer_becomes_paragraphs_points_and_citations():
    text = "**Two** parts:\n- one [bottle/crack]\n- *two* ~~[made/up]~~\n\nEnd [other]."
    html = why_view.markdown_html(text, {"bottle/crack", "made/up"})
    tags = read(html).tags
    assert [tags.count(name) for name in ("p", "ul", "li", "b", "em", "s")] == [2, 1, 2, 1, 1, 1]
    assert tags.count("button") == 1  # neither the struck one nor the unknown one
    assert 'data-page="bottle/crack"' in html


@pytest.mark.parametrize(
    "text",
    [HOSTILE, f"[{HOSTILE}]", f"**{HOSTILE}**", "[a](javascript:alert(1))", '[x" onclick="y]'],
)
def test_no_text_becomes_markup(text):
    known = {"bottle/crack", HOSTILE, 'x" onclick="y'}
    assert set(read(why_view.markdown_html(text, known)).tags) <= {"p", "b"}
    talk = why_view.chat_html([Exchange(text, text, (FoundPage(page(title=text), 1.0),))])
    assert "img" not in read(talk).tags


def test_who_wrote_it_stands_under_every_answer():
    model = why_view.chat_html([Exchange("Why?", "Words.", (), answer())])
    assert why_view.GENERATED in model
    assert "some model" in model
    assert "5 tokens" in model
    report = why_view.chat_html([Exchange("Why?", "Words.", (), answer(source="evidence_only"))])
    assert why_view.NO_MODEL in report


def test_contradiction_stands_out():
    flags = (Flag("contradiction", "This seems to contradict it."), Flag("uncited", "Cites none."))
    html = why_view.chat_html([Exchange("Why?", "Words.", (), answer(flags=flags))])
    assert html.count("is-grave") == 1
    told = read(html).text
    assert "This seems to contradict it." in told
    assert "Cites none." in told


def test_fallback_is_told():
    told = why_view.chat_html([Exchange("?", "x", (), answer(fallback_reason="No GPU here."))])
    assert "No GPU here." in told


def test_unfinished_answer_says_what_is_going_on():
    assert "Looking up pages" in why_view.chat_html([Exchange("?")])
    assert "Writing" in why_view.chat_html([Exchange("?", "x", (FoundPage(page(), 1.0),))])
    assert "Stopped." in why_view.chat_html([Exchange("?", "x", stopped=True)])


def test_talk_remembers_finished_turns_of_the_part_alone():
    talk = Talk()
    done = talk.begin("a", "What?")
    done.text, done.answer = "That.", answer()
    talk.begin("a", "Why?")
    assert [(turn.role, turn.text) for turn in talk.history("a")] == [
        ("user", "What?"),
        ("assistant", "That."),
    ]
    assert talk.history("b") == ()
    for number in range(MOST_TALKS):
        talk.begin(f"part {number}", "?")
    assert talk.about("a") == []
    assert len(talk.parts) == MOST_TALKS
