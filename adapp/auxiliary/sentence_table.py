"""Sentence vectors of all training prompts, encoded once and drawn many times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.names import GENERIC, part_names
from adapp.auxiliary.prompts import (
    ANOMALOUS,
    NORMAL,
    PHRASINGS,
    state_prompts,
    type_prompts,
    typed_prompts,
)

PHRASED: Final = 1
"""Phrasings kept of each state of each name, drawn at random; generic names keep all."""
TYPED_KEPT: Final = 3
"""Typed sentences kept of each name and defect type."""


class Sentences(Protocol):
    """What turns prompts into sentence vectors."""

    def sentences(self, prompts: Sequence[str]) -> Tensor:
        """Return one vector per prompt, [T, W]."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class SentenceTable:
    """Sentence vectors by name and state.

    Attributes:
        names: Names of each shelf's part, the readable one first.
        normal: Name -> vectors of its normal prompts, [T, W].
        anomalous: Name -> vectors of its anomalous prompts, [T, W].
        typed: (Name, defect type) -> vectors of prompts that name the defect, [T, W].
        types: Keys of the defect types, in the order of ``type_vectors``.
        type_vectors: Vectors of sentences about each type alone, one [T, W] per type.
    """

    names: tuple[tuple[str, ...], ...]
    normal: dict[str, Tensor]
    anomalous: dict[str, Tensor]
    typed: dict[tuple[str, str], Tensor]
    types: tuple[str, ...]
    type_vectors: tuple[Tensor, ...]

    def restricted(self, shelves: Sequence[Shelf]) -> "SentenceTable":
        """Return the table of some of the shelves it was made for; nothing is encoded again."""
        seen = {told for shelf in shelves for told in shelf.defect_types}
        kept = [row for row, key in enumerate(self.types) if key in seen]
        return replace(
            self,
            names=tuple(part_names(shelf.category) for shelf in shelves),
            types=tuple(self.types[row] for row in kept),
            type_vectors=tuple(self.type_vectors[row] for row in kept),
        )

    def draw_name(self, shelf: int, rng: np.random.Generator, dropout: float) -> str:
        """Return a name for the part of ``shelf``: with ``dropout`` a generic one, else its own.

        Half of the generic draws are "object", what a method says when no name is given.
        """
        if rng.random() < dropout:
            return GENERIC[0] if rng.random() < 0.5 else _one(GENERIC, rng)
        names = self.names[shelf]
        return names[0] if rng.random() < 0.5 else _one(names, rng)


def make_table(tower: Sentences, shelves: Sequence[Shelf], seed: int) -> SentenceTable:
    """Return the vectors of everything that may be said about the parts on ``shelves``."""
    rng = np.random.default_rng(seed)
    names = tuple(part_names(shelf.category) for shelf in shelves)
    spoken = list(dict.fromkeys([*GENERIC, *(name for own in names for name in own)]))
    seen: dict[tuple[str, str], None] = {}
    for own, shelf in zip(names, shelves, strict=True):
        for defect_type in sorted(set(shelf.defect_types) - {""}):
            seen |= {(name, defect_type): None for name in (own[0], GENERIC[0])}
    prompts: dict[tuple[str, ...], list[str]] = {}
    for name in spoken:
        prompts["normal", name] = _phrased(name, NORMAL, rng)
        prompts["anomalous", name] = _phrased(name, ANOMALOUS, rng)
    for name, defect_type in seen:
        prompts["typed", name, defect_type] = _some(
            typed_prompts(name, defect_type), TYPED_KEPT, rng
        )
    alone = type_prompts()
    types = tuple(sorted({key for _, key in seen}))
    for key in types:
        prompts["type", key] = alone.get(key) or typed_prompts(GENERIC[0], key)
    vectors = _encoded(tower, prompts)
    return SentenceTable(
        names=names,
        normal={name: vectors["normal", name] for name in spoken},
        anomalous={name: vectors["anomalous", name] for name in spoken},
        typed={(name, key): vectors["typed", name, key] for name, key in seen},
        types=types,
        type_vectors=tuple(vectors["type", key] for key in types),
    )


def _phrased(name: str, states: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Return each state of ``name`` in one phrasing, of a generic name in all of them."""
    count = len(PHRASINGS) if name in GENERIC else PHRASED
    return [
        prompt
        for state in states
        for prompt in state_prompts(name, [state], _some(PHRASINGS, count, rng))
    ]


def _encoded(
    tower: Sentences, prompts: dict[tuple[str, ...], list[str]]
) -> dict[tuple[str, ...], Tensor]:
    """Return the vectors of every list of prompts; each sentence is encoded once."""
    distinct = sorted(set(_flat(prompts.values())), key=lambda text: (len(text), text))
    rows = {text: row for row, text in enumerate(distinct)}  # alike in length: little padding
    vectors = tower.sentences(distinct)
    return {
        key: vectors[torch.tensor([rows[text] for text in texts])] for key, texts in prompts.items()
    }


def _flat(lists: Iterable[list[str]]) -> list[str]:
    return [text for texts in lists for text in texts]


def _some(items: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    return [items[int(i)] for i in rng.permutation(len(items))[:count]]


def _one(items: Sequence[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]
