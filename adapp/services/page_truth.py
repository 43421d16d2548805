"""Which pages are right for a picture of a data set: about its object, about its defect type."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapp.auxiliary.names import part_names
from adapp.data.samples import Sample
from adapp.knowledge.defect_types import NORMAL
from adapp.knowledge.entries import Entry

Marks = NDArray[np.bool_]  # [P]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is right for one picture; empty sets where no page says so.

    Attributes:
        objects: Objects of the pages that cover its category.
        types: Canonical types of the pages that cover its defect type.
    """

    objects: frozenset[str]
    types: frozenset[str]

    def objects_of(self, entries: Sequence[Entry]) -> Marks:
        """Return which entries are about the object, [P]."""
        return np.array([entry.object in self.objects for entry in entries], dtype=np.bool_)

    def types_of(self, entries: Sequence[Entry]) -> Marks:
        """Return which entries are about the defect type, [P]."""
        return np.array([entry.canonical in self.types for entry in entries], dtype=np.bool_)


def truth_of(sample: Sample, entries: Sequence[Entry]) -> Truth:
    """Return what is right for ``sample``, by what the entries say they cover.

    ``covers`` names ``set/type`` or ``set/category/type``; an object that nothing covers is
    looked up by the names people use for it.
    """
    data, _, category = sample.category.partition("/")
    covering = [
        (entry, key)
        for entry in entries
        for key in entry.covers
        if key.split("/")[0] == data and (key.count("/") == 1 or key.split("/")[1] == category)
    ]
    objects = {entry.object for entry, _ in covering}
    if not objects:
        names = set(part_names(sample.category))
        objects = {e.object for e in entries if e.object and names & {e.object, *e.aliases}}
    if sample.label == 0:
        return Truth(frozenset(objects), frozenset({NORMAL}))
    wanted = {f"{data}/{sample.defect_type}", f"{sample.category}/{sample.defect_type}"}
    types = {entry.canonical for entry, key in covering if key in wanted}
    return Truth(frozenset(objects), frozenset(types))
