"""The Global-Special-Local prompt set of one part.

The paper names the three levels and lists no prompt. Here *global* prompts speak of the whole
part, *special* ones name its own defects and *local* ones speak of a region of it.
Source: H2VLR section 3.3 (levels); the words are this project's own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from adapp.methods.h2vlr.defect_phrases import (
    GENERIC_DEFECTS,
    OTHER_NAMES,
    PARTS,
    Domain,
    PartWords,
)

SLOTS: Final = 4
"""Word positions 1 to 4 of every prompt: what the support acts on."""
PREFIX: Final = "a photo of a"
UNKNOWN: Final = "object"

NORMAL_STATES: Final[Mapping[Domain, tuple[str, ...]]] = MappingProxyType(
    {
        "industrial": (
            "{}",
            "flawless {}",
            "perfect {}",
            "unblemished {}",
            "{} without flaw",
            "{} without defect",
            "{} without damage",
        ),
        "medical": (
            "{}",
            "healthy {}",
            "normal {}",
            "unremarkable {}",
            "{} without finding",
            "{} without lesion",
            "{} without disease",
        ),
    }
)
ABNORMAL_STATES: Final[Mapping[Domain, tuple[str, ...]]] = MappingProxyType(
    {
        "industrial": (
            "damaged {}",
            "flawed {}",
            "abnormal {}",
            "imperfect {}",
            "blemished {}",
            "{} with flaw",
            "{} with defect",
            "{} with damage",
        ),
        "medical": (
            "diseased {}",
            "abnormal {}",
            "unhealthy {}",
            "pathological {}",
            "{} with finding",
            "{} with lesion",
            "{} with disease",
            "{} with abnormal tissue",
        ),
    }
)
DAMAGE: Final[Mapping[Domain, str]] = MappingProxyType(
    {"industrial": "damage", "medical": "a lesion"}
)
SOUND: Final[Mapping[Domain, str]] = MappingProxyType(
    {"industrial": "intact", "medical": "healthy"}
)
REGION: Final = "close view of a region of a {}"
PLACES: Final = (
    "in the centre",
    "near the edge",
    "in a corner",
    "in the upper part",
    "in the lower part",
)


_MEDICAL = re.compile(
    r"\b(?:mri|ct|x ray|xray|radiograph|ultrasound|sonogram|endoscop\w+|histolog\w+|tissue|"
    r"biops\w+|brain|liver|breast|lung|chest|kidney|colon|retina|fundus|skin|bone|knee|spine|prostate)\b"
)
"""Words of a name that nobody listed which say that no industrial part is meant."""


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The prompts of one part; every one begins with the same four placeholder words.

    Attributes:
        part: Readable name of the part.
        normal: Prompts of the normal part.
        abnormal: Prompts of the anomalous part.
        levels: ``global``, ``special`` or ``local`` of each prompt, normal ones first.
    """

    part: str
    normal: tuple[str, ...]
    abnormal: tuple[str, ...]
    levels: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """All prompts, normal ones first."""
        return self.normal + self.abnormal


def part_words(category: str) -> PartWords:
    """Return the words for a category: its row in the table, or its own folder name.

    A number at the end of a folder name does not matter ("pcb3" is a pcb), underscores are
    spaces; a name without a letter tells nothing and becomes "object". A name that is not listed
    takes the generic defects of its domain.
    """
    folder = re.sub(r"[\s-]+", "_", category.rsplit("/", 1)[-1].strip().lower())
    for key in (folder, re.sub(r"_?\d+$", "", folder)):
        row = PARTS.get(OTHER_NAMES.get(key, key))
        if row is not None:
            return row
    words = re.sub(r"[^a-z]+", " ", folder).strip()
    domain: Domain = "medical" if _MEDICAL.search(words) else "industrial"
    return PartWords(words or UNKNOWN, GENERIC_DEFECTS[domain], domain)


def prompt_set(words: PartWords) -> PromptSet:
    """Return the prompts of a part."""
    normal_states = [state.format(words.name) for state in NORMAL_STATES[words.domain]]
    abnormal_states = [state.format(words.name) for state in ABNORMAL_STATES[words.domain]]
    named = [f"{words.name} with {defect}" for defect in words.defects]
    placed = [f"{words.name} with {DAMAGE[words.domain]} {place}" for place in PLACES]
    sound = [f"{words.name} {SOUND[words.domain]} {place}" for place in PLACES]
    normal = _leveled({"global": normal_states, "local": [*_regions(normal_states), *sound]})
    abnormal = _leveled(
        {
            "global": abnormal_states,
            "special": named,
            "local": [*_regions(abnormal_states), *placed],
        }
    )
    return PromptSet(
        part=words.name,
        normal=tuple(text for text, _ in normal),
        abnormal=tuple(text for text, _ in abnormal),
        levels=tuple(level for _, level in (*normal, *abnormal)),
    )


def prompts_for(category: str) -> PromptSet:
    """Return the prompts of a category by its folder name; see :func:`part_words`."""
    return prompt_set(part_words(category))


def _regions(states: Sequence[str]) -> list[str]:
    return [REGION.format(state) for state in states]


def _leveled(levels: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return (prompt, level) pairs in order."""
    return [(f"{PREFIX} {text}", level) for level, texts in levels.items() for text in texts]
