import numpy as np
import pytest

from adapp.core.reasoner import (
    Explanation,
    Flag,
    Passage,
    ReasoningRequest,
    ReasoningUpdate,
    ResultFacts,
    explain,
    never,
)

QUERY = np.zeros((4, 6, 3), dtype=np.uint8)


def passage(page_id):
    return Passage(id=page_id, title="T", text="t", score=0.5, trusted=True)


@pytest.mark.parametrize("page_id", ["bottle/broken-large", "K2", "user/a_b.1", "x/y/z"])
def test_sound_page_ids_are_taken(page_id):
    assert passage(page_id).id == page_id


@pytest.mark.parametrize("page_id", ["", "a b", "a]", "/a", "a/", "a//b", "a\n", "<x>", "a" * 121])
def test_a_page_id_that_could_not_be_cited_is_refused(page_id):
    with pytest.raises(ValueError, match="id of a page"):
        passage(page_id)


def test_request_checks_question_map_and_ids():
    with pytest.raises(ValueError, match="question"):
        ReasoningRequest(question="  ", query=QUERY, facts=None)
    with pytest.raises(ValueError, match="does not fit"):
        ReasoningRequest("Why?", QUERY, None, anomaly_map=np.zeros((6, 4), dtype=np.float32))
    with pytest.raises(ValueError, match="share an id"):
        ReasoningRequest("Why?", QUERY, None, passages=(passage("a"), passage("a")))


def test_verdict_in_one_word():
    assert ResultFacts("anomalous", 0.9, 0.5, "RAID").anomalous
    assert not ResultFacts("normal", 0.1, 0.5, "RAID").anomalous


def test_flags_are_found_by_kind():
    flags = (Flag("uncited", "The answer cites none of the retrieved pages."),)
    explanation = Explanation("x", "server", "m", (), 0.1, flags=flags)
    assert explanation.flagged("uncited")
    assert not explanation.flagged("stopped")


class Scripted:
    source = "server"
    model = "scripted"

    def __init__(self, updates):
        self.updates = updates

    def stream(self, request, stop=never):
        assert stop() is False
        assert request.question == "Why?"
        yield from self.updates


def test_explain_returns_the_last_updates_explanation():
    explanation = Explanation("ab", "server", "m", (), 0.1)
    updates = [ReasoningUpdate("a"), ReasoningUpdate("ab", explanation)]
    assert explain(Scripted(updates), ReasoningRequest("Why?", QUERY, None)) is explanation


def test_a_reasoner_that_ends_without_one_is_a_bug():
    with pytest.raises(ValueError, match="without an explanation"):
        explain(Scripted([ReasoningUpdate("a")]), ReasoningRequest("Why?", QUERY, None))
