"""Answers as models give them: the letter is found, or the answer is called unreadable."""

import pytest

from adapp.reasoning.checks import review
from adapp.reasoning.letters import LETTERS, read_letter
from tests.unit.reasoning import cases

OPTIONS = ("Scratch", "Hole", "A dent near the rim", "No defect")
YES_NO = ("Yes.", "No.")


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        (" B.\n", "B"),
        ("(B)", "B"),
        ("[B]", "B"),
        ("~~[B]~~", "B"),  # what is left of a bracketed letter after the check of citations
        ("**B**", "B"),
        ("B:", "B"),
        ("\uff22", "B"),  # full width
        ("Option B", "B"),
        ("Answer: B", "B"),
        ("Answer: B.", "B"),
        ("The answer is B: Hole", "B"),
        ("The answer is b", "B"),
        ("the correct answer is (b)", "B"),
        ("The correct option is B. A scratch would be brighter.", "B"),
        ("答案是B", "B"),
        ("B. Hole", "B"),
        ("B) Hole, since A has no edge", "B"),
        ("B Hole", "B"),
        ("B\n\nA hole is visible.", "B"),
        ("**B.** Hole", "B"),
        ("\\boxed{B}", "B"),
        ("Hole", "B"),
        ("hole.", "B"),
        ("It must be B", "B"),
        ("A dent near the rim", "C"),
        ("C A dent near the rim", "C"),
        ("<think>A or D?</think>C", "C"),
        ("A", "A"),
        ("A. Scratch", "A"),
    ],
)
def test_the_letter_is_found_however_it_is_dressed(answer, letter):
    assert read_letter(answer, OPTIONS) == LETTERS.index(letter)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   ",
        "?",
        "E",  # not offered
        "Answer: E",
        "A or B",
        "Both A and B",
        "A, B",
        "(A) or (B)",
        "A / B",
        "The answer is A. No, the answer is B.",
        "A bright line runs over the metal",  # an article, not a letter
        "It is not B",
        "The answer is a hole",  # an article again
        "Scratch or Hole",
        "Scratch, no defect",
        "I cannot see the picture",
        "42",
        "ABCD",
        "<think>B",
    ],
)
def test_what_names_no_single_option_is_unreadable_and_never_guessed(answer):
    assert read_letter(answer, OPTIONS) is None


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("Yes", 0),
        ("Yes, there is a defect in the image.", 0),
        ("No, the part is sound", 1),
        ("no", 1),
        ("Yes and no", None),
        ("There is a defect", None),
    ],
)
def test_yes_and_no_are_read_by_their_words(answer, place):
    assert read_letter(answer, YES_NO) == place


@pytest.mark.parametrize("raw", ["[B]", "(B)", "<answer>B</answer>", "B [bottle/scratch]"])
def test_letters_survive_the_checks_of_an_answer(raw):
    request = cases.request(options=OPTIONS)
    text = review(raw, request).text
    assert read_letter(text, OPTIONS) == 1, text


def test_every_letter_is_read_with_its_own_place():
    options = [f"thing number {place}" for place in range(len(LETTERS))]
    assert [read_letter(letter, options) for letter in LETTERS] == list(range(len(LETTERS)))
