"""The knowledge base asked anew: answers cut into sentences, absent weights named."""

import json

import pytest

from adapp.core.errors import UsageError
from adapp.methods.kanoclip.descriptions import SHIPPED, parse
from adapp.methods.kanoclip.regenerate import answer, main, regenerate, sentences
from adapp.reasoning.tiny_qwen import load_tiny

ANSWER = """Certainly:
1. It may show a long scratch.
2. It may have a hole in it.
- It may be stained by oil or water.
4) It may be bent or broken off.
5. It may lack a whole part of it.
6. It may also be of another colour."""


def told():
    return json.loads(SHIPPED.read_text("utf-8"))


def test_every_class_gets_five_sentences_and_keeps_its_categories():
    asked = []

    def describe(question):
        asked.append(question)
        return ANSWER

    fresh = regenerate(told(), describe, "a model")
    assert len(asked) == len(told()["classes"])
    assert any("magnetic tile looks like" in question for question in asked)
    base = parse(fresh)
    known = base.of("magnetic_tile/tile")
    assert known.descriptions[0] == "It may show a long scratch."
    assert len(known.descriptions) == 5
    assert "a model" in fresh["origin"]
    assert fresh["classes"]["gear"]["categories"] == told()["classes"]["gear"]["categories"]


def test_numbers_and_short_lines_are_left_out():
    found = sentences(ANSWER, "gear")
    assert found[3] == "It may be bent or broken off."
    assert len(found) == 5


def test_too_few_sentences_are_refused():
    with pytest.raises(UsageError, match=r"2 sentences about 'gear'"):
        sentences("It may be cracked open.\nNo.\nIt may be worn down.", "gear")


def test_a_model_answers_without_chance():
    qwen = load_tiny()
    first = answer(qwen, "what does an abnormal gear look like?")
    assert first
    assert answer(qwen, "what does an abnormal gear look like?") == first


def test_absent_weights_are_named_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ADAPP_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    out = tmp_path / "fresh.json"
    assert main(["--out", str(out)]) == 2
    assert "is not on this machine" in capsys.readouterr().err
    assert not out.exists()
