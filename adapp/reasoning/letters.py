"""Which option of a multiple-choice question an answer names; None where it names none for sure.

Tolerant of how models dress a letter ("B", "(B)", "**B.** Scratch", "The answer is B: scratch"),
and never a guess: an answer that names two letters, a letter that is not offered, or none at all
is unreadable. Deviation from MMAD's own script, which takes the last capital letter, an article
"A" included, and where there is none the option that resembles the answer most.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

LETTERS: Final = "ABCDEFGHIJ"
_DRESSING = re.compile(r"[*_`~\"“”‘’]|\\boxed|\\text")
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE | re.DOTALL)
_ALONE = re.compile(r"[\W_]*(?:option|choice|answer)?[\W_]*([A-Za-z])[\W_]*", re.IGNORECASE)
_LEADING = re.compile(r"[\s(\[{]*([A-Ja-j])\s*[.):\]},;]")
_STATED = re.compile(
    r"(?i:(?:\banswer|\bchoice|\boption|\bletter|答案)\s*(?:would be|should be|is|为|是|[:=]|：)\s*"
    r"(?:the\s+)?(?:option|choice|letter)?[\s:]*)"
    r"(?:[\s(\[{]*([A-J])(?![A-Za-z0-9'])|[(\[{]([a-j])[)\]}]|([a-j])(?=\W*$))"
)
_SINGLE = re.compile(r"(?<![A-Za-z0-9'’])([A-J])(?![A-Za-z0-9'’])")
_LISTED = re.compile(
    r"[\s(\[{]*([A-J])\s*[.):\]}]*\s*(?:,|;|/|&|\bor\b|\band\b)+\s*[(\[{]*([A-J])(?![A-Za-z0-9'])"
)
_ARTICLE = re.compile(r"(?<![A-Za-z0-9])A\s+(?!(?:or|and|nor|is|because|since)\b)(?=[a-z])")
_DENIED = re.compile(r"\b(?:not|n't|isn't|never|neither|nor|rule out|except)\b", re.IGNORECASE)


def read_letter(answer: str, options: Sequence[str]) -> int | None:
    """Return the position of the option that ``answer`` names, from 0; None if it names none.

    Tried in order: the letter alone, a stated letter ("the answer is B"), a letter at the start
    with a mark after it ("B) scratch"), the text of an option, a single letter in the words.

    Args:
        answer: What the model wrote.
        options: Texts behind the letters A, B, ... as the model saw them.
    """
    text = _plain(answer)
    stated = _stated(text)
    if stated:
        return _only(stated, options)
    named = _named(text, options)
    if named is not None or _DENIED.search(text):
        return named
    return _only(set(_SINGLE.findall(_ARTICLE.sub(" ", text))), options)


def _stated(text: str) -> set[str]:
    """Return the letters that stand where an answer stands; empty if none stands there."""
    alone = _ALONE.fullmatch(text)
    if alone:
        return {alone[1]}
    stated = {"".join(found).upper() for found in _STATED.findall(text)}
    if stated:
        return stated
    listed = _LISTED.match(text)
    if listed:
        return set(listed.groups())
    leading = _LEADING.match(text)
    return {leading[1]} if leading else set()


def _plain(answer: str) -> str:
    text = unicodedata.normalize("NFKC", _THOUGHT.sub("", answer))
    return " ".join(_DRESSING.sub("", text).split())


def _only(letters: set[str], options: Sequence[str]) -> int | None:
    """Return the place of the one letter; None if there are several."""
    return _place(next(iter(letters)), options) if len(letters) == 1 else None


def _place(letter: str, options: Sequence[str]) -> int | None:
    place = LETTERS.find(letter.upper())
    return place if 0 <= place < len(options) else None


def _named(text: str, options: Sequence[str]) -> int | None:
    """Return the option whose text is the answer, with its letter before it or not."""
    said = _words(text)
    for place, option in enumerate(options):
        words = _words(option)
        if words and said in (words, f"{LETTERS[place].lower()} {words}"):
            return place
    begun = [place for place, option in enumerate(options) if _begins(said, _words(option))]
    return begun[0] if len(begun) == 1 and not _others(said, begun[0], options) else None


def _begins(said: str, words: str) -> bool:
    return bool(words) and f"{said} ".startswith(f"{words} ")


def _others(said: str, place: int, options: Sequence[str]) -> bool:
    """Return whether the words after the option at ``place`` hold another option too."""
    rest = f" {said.removeprefix(_words(options[place]))} "
    return any(f" {_words(option)} " in rest for at, option in enumerate(options) if at != place)


def _words(text: str) -> str:
    """Return the words of ``text`` in small letters, without marks."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))
