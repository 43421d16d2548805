"""Sentences about normal and anomalous parts: what the bridge is trained and judged with.

The methods have prompts of their own; the bridge is meant to carry any of them, hence many
states, phrasings and names.
"""

from collections.abc import Sequence
from typing import Final

from adapp.auxiliary.names import DEFECTS, GENERIC, defect_names

NORMAL: Final = (
    "normal {}",
    "flawless {}",
    "perfect {}",
    "intact {}",
    "undamaged {}",
    "unblemished {}",
    "clean {}",
    "good {}",
    "{} without defect",
    "{} without flaw",
    "{} without damage",
    "{} in perfect condition",
)
"""States of a normal part."""

ANOMALOUS: Final = (
    "abnormal {}",
    "damaged {}",
    "defective {}",
    "broken {}",
    "flawed {}",
    "faulty {}",
    "imperfect {}",
    "anomalous {}",
    "{} with defect",
    "{} with a flaw",
    "{} with damage",
    "{} in bad condition",
)
"""States of an anomalous part, without saying what is wrong."""

PHRASINGS: Final = (
    "{}",
    "a photo of a {}",
    "a photo of the {}",
    "a picture of a {}",
    "a close-up photo of a {}",
    "a cropped photo of the {}",
    "a blurry photo of a {}",
    "there is a {} in the picture",
    "x x x x {}",
    "x x x x x x x x x x x x {}",
)
"""What is put around a state; the last two are how methods leave room for learned words."""

TYPED: Final = (
    "{part} with {defect}",
    "a photo of a {part} with {defect}",
    "{defect} on the {part}",
    "a {part} that has a {defect}",
)
"""What is said where the type of defect is known."""

TYPE_ALONE: Final = ("{defect}", "a photo of {defect}", "an object with {defect}")
"""What is said of a type of defect on any part."""


def state_prompts(part: str, states: Sequence[str], phrasings: Sequence[str]) -> list[str]:
    """Return every state of ``part`` in every phrasing, state by state."""
    name = part.strip() or GENERIC[0]
    return [phrase.format(state.format(name)) for state in states for phrase in phrasings]


def static_prompts(part: str) -> tuple[list[str], list[str]]:
    """Return what a zero-shot detector without learned prompts says: normal and anomalous."""
    phrasings = PHRASINGS[:4]
    return state_prompts(part, NORMAL, phrasings), state_prompts(part, ANOMALOUS, phrasings)


def typed_prompts(part: str, defect_type: str) -> list[str]:
    """Return sentences that name what is wrong with ``part``; none if the type is not known."""
    name = part.strip() or GENERIC[0]
    names = defect_names(defect_type)
    return [text.format(part=name, defect=defect) for defect in names for text in TYPED]


def type_prompts() -> dict[str, list[str]]:
    """Return sentences about each type of defect on any part, by key."""
    return {
        key: [text.format(defect=name) for name in names for text in TYPE_ALONE]
        for key, names in DEFECTS.items()
    }
