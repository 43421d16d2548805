"""What pages are searched for: a picture, its suspicious regions, words. Light to import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from adapp.core.reasoner import Topic, TypeProbability
from adapp.core.results import RgbImage
from adapp.knowledge.defect_types import CANONICAL
from adapp.services.regions import Box

MOST_REGIONS: Final = 3
"""Regions that are searched for, highest peak first; each costs one encoded crop."""
_AROUND = 1.5  # of a region's longer side, as on the pages' close-ups
_LEAST = 0.25  # of the picture's shorter side

ANY_DEFECT: Final[Mapping[str, float]] = dict.fromkeys(CANONICAL, 0.5)
"""Types of a region that is no sound part, where nothing says which defect it is."""

TOPIC_WORDS: Final[Mapping[Topic, str]] = {
    "summary": "",
    "what": "what it looks like",
    "why": "likely causes",
    "consequences": "consequences",
    "checks": "what to check next",
    "false_alarm": "normal variation of a sound part",
}


@dataclass(frozen=True, slots=True)
class RegionLook:
    """A region to search for.

    Attributes:
        box: Where it is in the picture; None if only its type is known.
        types: Probability of canonical types, ``normal`` included; empty if not known.
    """

    box: Box | None
    types: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True, eq=False)
class PageQuery:
    """What is asked for.

    Attributes:
        picture: The part, [H, W, 3]; None searches by words alone.
        text: Part name and question; empty searches by the picture alone.
        regions: What the detector found, highest peak first.
    """

    picture: RgbImage | None = None
    text: str = ""
    regions: tuple[RegionLook, ...] = ()


def surroundings(picture: RgbImage, box: Box) -> RgbImage:
    """Return the square of ``picture`` around ``box``, as close as the pages' close-ups are."""
    height, width = picture.shape[:2]
    row0, column0, row1, column1 = box
    shorter = min(height, width)
    wanted = _AROUND * max(row1 - row0, column1 - column0)
    side = int(np.clip(wanted, _LEAST * shorter, shorter))
    top = int(np.clip((row0 + row1 - side) / 2, 0, height - side))
    left = int(np.clip((column0 + column1 - side) / 2, 0, width - side))
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def type_shares(types: Sequence[TypeProbability]) -> dict[str, float]:
    """Return which pages a region of a defective part asks for, by canonical type, [0, 1] each.

    A page about a type counts by that type's probability; with the probability that is left,
    "none of these" among it, the region is any defect. Without types it is any defect altogether.
    """
    told = {one.name: min(max(one.probability, 0.0), 1.0) for one in types}
    known = {name: chance for name, chance in told.items() if name in CANONICAL}
    left = max(1.0 - sum(known.values()), 0.0)
    return {
        name: min(known.get(name, 0.0) + left * chance, 1.0) for name, chance in ANY_DEFECT.items()
    }


def search_text(
    part: str, types: Sequence[TypeProbability], question: str, topics: Sequence[Topic]
) -> str:
    """Return the words to search with; empty if nothing but the picture says what is meant.

    Args:
        part: Name of the part as the user gave it; may be empty.
        types: Defect types of the picture, most probable first; "none of these" names nothing.
        question: The user's own words; empty for a quick question.
        topics: What is asked; they stand in for the words of a quick question.
    """
    likely = CANONICAL.get(types[0].name, "") if types else ""
    named = ": ".join(told for told in (part.strip(), likely) if told)
    words = question.strip() or (_topic_words(topics) if named else "")
    return ". ".join(told for told in (named, words) if told)


def _topic_words(topics: Sequence[Topic]) -> str:
    return ", ".join(TOPIC_WORDS[topic] for topic in topics if TOPIC_WORDS[topic])
