"""The cost of retrieval is measured on bases of the sizes asked for."""

from adapp.services.bench_knowledge import encoding, retrieval
from tests.pages import encoder


def test_each_size_is_measured_and_compared():
    result = retrieval((40, 80))
    assert [one["pages"] for one in result["pages"]] == [40, 80]
    for one in result["pages"]:
        assert 0 < one["search_seconds"] < one["seconds"]
    first, second = (one["seconds"] for one in result["pages"])
    assert result["ratio"] == second / first


def test_keys_of_a_question_are_timed():
    result = encoding(encoder(), side=64)
    assert result["pictures"] == 4
    assert result["seconds"] > 0
