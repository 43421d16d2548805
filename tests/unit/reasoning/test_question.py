import pytest

from adapp.reasoning.question import (
    QUICK_QUESTIONS,
    is_known_language,
    language_of,
    read_language,
    read_topic,
    read_topics,
    topics_of,
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
    assert (topics_of(asked), language_of(asked)) == (("checks",), "ja")


@pytest.mark.parametrize(
    ("question", "topics"),
    [
        ("What is it, why, what follows, what should I check?", "what why consequences checks"),
        ("Why is it there and what should I check?", "why checks"),
        ("What is it and why?", "what why"),
        ("Was ist das und woher kommt es?", "what why"),
        ("这是什么？为什么会出现？", "what why"),
        ("これは何ですか？なぜ発生したのですか？", "what why"),
        ("What are the causes?", "why"),
        ("Tell me a story, please.", "summary"),
    ],
)
def test_a_question_may_ask_several_things(question, topics):
    assert read_topics(question) == tuple(topics.split())


@pytest.mark.parametrize(("topic", "question"), [told[1:] for told in QUICK])
def test_a_quick_question_asks_one_thing(topic, question):
    assert read_topics(question) == (topic,)


def test_other_languages_are_known_to_be_unknown():
    assert not is_known_language("Quelle est cette marque ?")
    assert is_known_language("What?")
    assert is_known_language("なに")
