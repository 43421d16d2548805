import pytest

from adapp.reasoning.question import (
    QUICK_QUESTIONS,
    language_of,
    read_language,
    read_topic,
    topic_of,
)
from tests.unit.reasoning.cases import request

QUICK = [
    (language, topic, question)
    for language, questions in QUICK_QUESTIONS.items()
    for topic, question in questions.items()
]


@pytest.mark.parametrize(("language", "topic", "question"), QUICK)
def test_quick_questions_read_back_as_themselves(language, topic, question):
    assert read_language(question) == language
    assert read_topic(question) == topic


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What caused this mark?", "why"),
        ("Where is the defect and what type is it?", "what"),
        ("Is it dangerous to ship this?", "consequences"),
        ("How can I verify that?", "checks"),
        ("Are you sure?", "false_alarm"),
        ("Tell me a story.", "summary"),
        ("Welche Ursache hat der Kratzer?", "why"),
    ],
)
def test_topic_follows_the_words(question, topic):
    assert read_topic(question) == topic


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("scratch?", "en"),
        ("Ist das ein Fehler?", "de"),
        ("零件有问题吗", "zh"),
        ("この傷は何", "ja"),
        ("", "en"),
    ],
)
def test_language_follows_the_script_and_the_small_words(text, language):
    assert read_language(text) == language


def test_what_the_request_states_wins_over_its_words():
    asked = request("Warum?", topic="checks", language="ja")
    assert (topic_of(asked), language_of(asked)) == ("checks", "ja")
