"""What is known of each class's defects: general descriptions, and sentences about pictures.

``descriptions.json`` beside this file holds five general descriptions of each auxiliary class
(what the paper asks a language model for); ``picture_sentence`` says of one training picture where
its mask lies, how large it is and what shape it has (what the paper asks a model with eyes for).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from adapp.core.errors import UsageError
from adapp.core.results import BinaryMask

SHIPPED: Final = Path(__file__).with_name("descriptions.json")
FORMAT: Final = 1
GENERIC: Final = "object"
"""Class whose descriptions stand for categories that the file does not know."""
PER_CLASS: Final = 5
"""Descriptions of a class, n (KAnoCLIP 2.2.1)."""

_ROWS = ("top", "", "bottom")
_COLUMNS = ("left", "", "right")
_SIZES = ((0.002, "tiny"), (0.01, "small"), (0.06, "medium-sized"), (1.0, "large"))


@dataclass(frozen=True, slots=True)
class KnownClass:
    """One class of the knowledge base.

    Attributes:
        name: How it is called.
        names: All names for it, ``name`` first.
        descriptions: What an abnormal picture of it may show, one sentence each.
    """

    name: str
    names: tuple[str, ...]
    descriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """All classes, found by category.

    Attributes:
        classes: By name.
        categories: Category ("set/part", "rendered/family") -> name of its class.
        question: What is asked for a general description, with "{name}".
        image_question: What is asked about one picture.
    """

    classes: Mapping[str, KnownClass]
    categories: Mapping[str, str]
    question: str
    image_question: str

    def of(self, category: str) -> KnownClass:
        """Return the class of ``category``; the generic one if the file does not know it.

        The seed at the end of a rendered category ("rendered/gear-0") does not matter.
        """
        key = re.sub(r"-\d+$", "", category) if category.startswith("rendered/") else category
        return self.classes[self.categories.get(key, GENERIC)]


def load_descriptions(path: Path = SHIPPED) -> KnowledgeBase:
    """Return the knowledge base in ``path``.

    Raises:
        UsageError: If the file cannot be read or is not a knowledge base.
    """
    try:
        told: Any = json.loads(path.read_text("utf-8"))
        return parse(told)
    except (OSError, json.JSONDecodeError) as error:
        msg = f"{path} cannot be read as descriptions ({error}); give another file"
        raise UsageError(msg) from error


def parse(told: Any) -> KnowledgeBase:  # noqa: ANN401 - whatever a JSON file holds
    """Return the knowledge base that ``told`` spells out.

    Raises:
        UsageError: If an entry is missing or of the wrong kind, naming the class.
    """
    if not isinstance(told, dict) or told.get("version") != FORMAT:
        msg = f"descriptions must be a JSON object of version {FORMAT}"
        raise UsageError(msg)
    classes: dict[str, KnownClass] = {}
    categories: dict[str, str] = {}
    for name, entry in told.get("classes", {}).items():
        texts, names = entry.get("descriptions", []), entry.get("names", [])
        if len(texts) != PER_CLASS or not names or not all(isinstance(t, str) for t in texts):
            msg = f"the class {name!r} needs names and {PER_CLASS} descriptions"
            raise UsageError(msg)
        classes[name] = KnownClass(name, tuple(names), tuple(texts))
        categories |= dict.fromkeys(entry.get("categories", []), name)
    if GENERIC not in classes:
        msg = f"the descriptions lack the class {GENERIC!r} for what they do not know"
        raise UsageError(msg)
    return KnowledgeBase(
        classes, categories, str(told.get("question", "")), str(told.get("image_question", ""))
    )


def picture_sentence(mask: BinaryMask, part: str, defect_type: str = "") -> str:
    """Return one sentence on where the anomaly of a picture lies, its size, shape and type.

    Args:
        mask: Where the picture is anomalous, [H, W], not empty.
        part: Name of the part.
        defect_type: Readable type; "" if it is not known.

    Raises:
        ValueError: If ``mask`` is empty.
    """
    if not mask.any():
        msg = "a picture without an anomaly has nothing to describe"
        raise ValueError(msg)
    kind = defect_type.replace("_", " ") or "anomaly"
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = int(areas.argmax()) + 1
    pieces = int((areas >= 0.2 * areas.max()).sum())
    size, shape = _size(float(mask.mean())), _shape(stats[largest])
    place = _place(centres[largest], mask.shape)
    if pieces > 1:
        return f"The {part} has {_number(pieces)} {size} {shape} areas of {kind}, one {place}."
    article = "an" if size[0] in "aeiou" else "a"
    return f"The {part} has {article} {size} {shape} {kind} {place}."


def _size(share: float) -> str:
    return next(word for limit, word in _SIZES if share <= limit)


def _shape(stats: Sequence[int]) -> str:
    """Return a word for the outline of a component, from its box and how much of it it fills."""
    width, height = int(stats[cv2.CC_STAT_WIDTH]), int(stats[cv2.CC_STAT_HEIGHT])
    filled = float(stats[cv2.CC_STAT_AREA]) / (width * height)
    longer, shorter = max(width, height), max(1, min(width, height))
    if longer >= 4 * shorter:
        return "horizontal, thin" if width > height else "vertical, thin"
    if filled < 0.3:
        return "branching, thin"
    if longer >= 2 * shorter:
        return "elongated"
    return "rounded" if filled > 0.6 else "irregular"


def _place(centre: Sequence[float], shape: tuple[int, ...]) -> str:
    """Return where a component's centre (x, y) lies on a grid of nine fields."""
    row = _ROWS[min(2, int(3 * centre[1] / shape[0]))]
    column = _COLUMNS[min(2, int(3 * centre[0] / shape[1]))]
    if not row and not column:
        return "in the centre"
    return f"at the {' '.join(word for word in (row, column) if word)}"


def _number(count: int) -> str:
    return {2: "two", 3: "three", 4: "four"}.get(count, "many")
