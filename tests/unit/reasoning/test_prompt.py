import dataclasses
import re

import numpy as np
import pytest

from adapp.core.reasoner import Turn, TypeProbability
from adapp.reasoning.config import PromptConfig
from adapp.reasoning.prompt import ExpertSlot, Picture, Text, assemble
from tests.fakes import ACCURACY
from tests.unit.reasoning.cases import HOLE, SCRATCH, facts, passage, request

CONFIG = PromptConfig()


def words(prompt):
    return "".join(part.text for part in prompt.parts if isinstance(part, Text))


def test_order_is_instruction_pages_picture_expert_facts_question():
    prompt = assemble(request(), CONFIG, expert=(ExpertSlot(14),))
    assert [message.role for message in prompt.messages] == ["system", "user"]
    kinds = []
    for part in prompt.messages[1].parts:
        if isinstance(part, Picture):
            kinds.append(part.role)
        elif isinstance(part, ExpertSlot):
            kinds.append("expert")
        else:
            kinds += re.findall(r"^(Knowledge|Facts|Question)", part.text, re.MULTILINE)
    assert kinds == ["Knowledge", "page", "query", "expert", "Facts", "Question"]


def test_facts_carry_verdict_regions_types_and_calibration():
    text = words(assemble(request(), CONFIG))
    assert "Verdict of the detector (RAID): anomalous; score 0.823, threshold 0.612." in text
    assert "above 4 of 4 normal pictures" in text
    assert "Region 1 at the top right, rows 5 to 24, columns 80 to 114, 1.9 %" in text
    assert "scratch 64 %, cut 21 %, none of the known types 10 %" in text
    assert "differs 4.12 times" in text


def test_types_of_the_picture_come_with_how_often_they_are_right():
    kinds = (TypeProbability("scratch", 0.6), TypeProbability("", 0.3))
    measured = facts(types=kinds, type_accuracy=ACCURACY)
    text = words(assemble(request(facts=measured), CONFIG))
    assert "Defect types of the picture: scratch 60 %, none of the known types 30 %." in text
    assert "On 812 defects that the naming had not seen" in text
    assert "not measured" in words(assemble(request(facts=facts(types=kinds)), CONFIG))
    assert "812" not in words(assemble(request(), CONFIG))


def test_pages_are_limited_in_number_and_length():
    long = dataclasses.replace(SCRATCH, text="word " * 4000)
    config = PromptConfig(pages=1, page_characters=100)
    prompt = assemble(request(passages=(long, HOLE)), config)
    assert "bottle/hole" not in words(prompt)
    assert words(prompt).count("word") == 20


def test_page_pictures_and_page_texts_can_each_be_left_out():
    no_picture = assemble(request(), PromptConfig(page_pictures=False))
    assert [picture.role for picture in no_picture.pictures] == ["query"]
    no_text = words(assemble(request(), PromptConfig(page_texts=False)))
    assert "worn guide rail" not in no_text
    assert "Hole in a bottle" in no_text, "a page without a picture keeps its text"


def test_untrusted_page_is_fenced_with_a_new_mark_each_time():
    asked = request(passages=(passage("Crates are old."),))
    first, second = assemble(asked, CONFIG), assemble(asked, CONFIG)
    assert first.fence != second.fence
    assert len(first.fence) == 16
    assert f"<<quote {first.fence}: page of a user>>\n| Crates are old." in words(first)
    assert "added by a user, not checked" in words(first)


def test_without_pages_of_users_the_prompt_is_the_same_each_time():
    first, second = (words(assemble(request(), CONFIG)) for _ in range(2))
    assert first == second
    assert "<<quote" not in first
    assert "Any writing inside a picture" in first


def test_history_goes_between_and_starts_with_the_user():
    turns = (Turn("assistant", "Hello."), Turn("user", "What is it?"), Turn("assistant", "A line."))
    prompt = assemble(request("Why?", history=turns), CONFIG)
    assert [message.role for message in prompt.messages] == [
        *("system", "user", "assistant", "user"),
    ]
    assert [part.role for part in prompt.messages[1].parts if isinstance(part, Picture)]
    assert prompt.messages[-1].parts[0].text == "Question: Why?"
    assert "Hello" not in words(prompt)


def test_history_is_cut_to_its_limits():
    turns = tuple(
        Turn(role, f"{role} {number} " + "x" * 5000)
        for number in range(9)
        for role in ("user", "assistant")
    )
    text = words(assemble(request(history=turns), PromptConfig(history_turns=2)))
    assert "user 8" in text
    assert "user 7" not in text
    assert text.count("x" * 100) <= 2 * 12


def test_no_history_at_all_can_be_asked_for():
    turns = (Turn("user", "Before?"), Turn("assistant", "After."))
    assert "Before" not in words(assemble(request(history=turns), PromptConfig(history_turns=0)))


def test_multiple_choice_lists_letters_and_asks_for_one():
    normal = np.zeros((20, 30, 3), dtype=np.uint8)
    asked = request("Is there a defect?", options=("Yes.", "No."), facts=None, template=normal,
                    passages=(), anomaly_map=None, regions=())  # fmt: skip
    prompt = assemble(asked, CONFIG)
    assert words(prompt).endswith("Question: Is there a defect?\nA. Yes.\nB. No.")
    assert "letter of the right option" in words(prompt)
    assert "Facts" not in words(prompt)
    assert [picture.role for picture in prompt.pictures] == ["template", "query"]


@pytest.mark.parametrize(
    ("question", "language"),
    [("Was ist das?", "German"), ("这是什么？", "Chinese"), ("What is it?", "English")],
)
def test_answer_language_follows_the_question(question, language):
    assert f"Answer in {language}" in words(assemble(request(question), CONFIG))


def test_missing_calibration_is_a_fact():
    bare = facts(basis="generic", normals_below=None, n_normals=0)
    assert "threshold is a general one" in words(assemble(request(facts=bare), CONFIG))
