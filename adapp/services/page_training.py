"""Train the projection behind the pages' keys, and write it with the locks of all pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from adapp.auxiliary.page_keys import (
    KeyEncoder,
    KeyProjection,
    Vectors,
    load_key_encoder,
    save_keys,
    with_projection,
)
from adapp.auxiliary.page_keys_training import KeyExamples, train_projection
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.data.terms import terms
from adapp.knowledge.entries import Entry
from adapp.knowledge.evidence import Locks
from adapp.knowledge.pages import from_entry
from adapp.services.knowledge_pages import bundled_entries
from adapp.services.page_locks import mark_of, packed
from adapp.services.page_specimens import Specimens, drawn, held_out, pictured
from adapp.services.page_truth import Marks, Truth, truth_of
from adapp.training.checkpoint import Card
from adapp.training.request import commit

VARIANTS: Final = (1, 2)
"""Specimens of each drawing that teach; 0 is the one on the page."""
_EVEN = 30.0  # what all pictures of a category weigh together, in drawings


@dataclass(frozen=True, slots=True, eq=False)
class _Gathered:
    """Examples as they are collected, one list entry a source."""

    features: list[Vectors]
    close: list[bool]
    objects: list[Marks]
    types: list[Marks]
    weights: list[float]

    def add(
        self, row: Vectors, truth: Truth, entries: Sequence[Entry], told: tuple[bool, float]
    ) -> None:
        """Take one example in; ``told`` is whether it is a close-up, and its weight."""
        self.features.append(row)
        self.close.append(told[0])
        self.objects.append(truth.objects_of(entries))
        self.types.append(truth.types_of(entries))
        self.weights.append(told[1])


def train_keys(
    roots: Sequence[Path],
    out: Path,
    *,
    preset: str = "embedded",
    settings: Settings | None = None,
    report: Report,
) -> Path:
    """Train on drawings and on the pictures below ``roots``; write checkpoint and card.

    Raises:
        UsageError: If a root holds no data set.
        ModelUnavailable: If the preset's weights are not on this machine.
    """
    settings = settings or Settings()
    entries = bundled_entries()
    encoder = load_key_encoder(preset, settings)
    folder = settings.cache_dir / "knowledge"
    pages = drawn(entries, 0, encoder, folder, report)
    if len(pages.entries) != len(entries):
        msg = "An entry has no drawing: give it an illustration before training."
        raise UsageError(msg)
    others = [drawn(entries, variant, encoder, folder, report) for variant in VARIANTS]
    real = list(pictured(roots, encoder, folder, report)) if roots else []
    projection = fit(pages, others, [one for _, one in real], entries, report)
    locks = locks_of(pages, projection, encoder)
    card: Card = {
        "method": "knowledge",
        "preset": preset,
        "encoders": encoder.identity.rsplit("; ", 1)[0],
        "pages": mark_of(entries),
        "trained_on": ["drawings of the pages", *(category.name for category, _ in real)],
        "held_out": "a third of each test split, by a hash of the file's name",
        "pictures": sum(not held_out(s) for _, one in real for s in one.samples),
        "licence": terms(category.name for category, _ in real),
        "commit": commit(),
    }
    save_keys(out, projection, packed(locks), card)
    return out


def fit(
    pages: Specimens,
    others: Sequence[Specimens],
    real: Sequence[Specimens],
    entries: Sequence[Entry],
    report: Report | None = None,
) -> KeyProjection:
    """Return the projection trained on second drawings and on pictures that are not held out."""
    found = _Gathered([], [], [], [], [])
    for specimens in others:
        for row, entry in enumerate(specimens.entries):
            truth = Truth(frozenset({entry.object}), frozenset({entry.canonical}))
            found.add(specimens.whole[row], truth, entries, (False, 1.0))
            if specimens.detail[row].any():
                found.add(specimens.detail[row], truth, entries, (True, 1.0))
    for specimens in real:
        taken = [row for row, one in enumerate(specimens.samples) if not held_out(one)]
        weight = _EVEN / max(len(taken), 1)
        for row in taken:
            truth = truth_of(specimens.samples[row], entries)
            found.add(specimens.whole[row], truth, entries, (False, weight))
            if specimens.detail[row].any():
                found.add(specimens.detail[row], truth, entries, (True, weight))
    examples = KeyExamples(
        features=np.stack(found.features),
        close=np.array(found.close),
        objects=np.stack(found.objects),
        types=np.stack(found.types),
        weights=np.array(found.weights, dtype=np.float32),
        whole=pages.whole,
        detail=pages.detail,
    )
    return train_projection(examples, report=report)


def locks_of(pages: Specimens, projection: KeyProjection, encoder: KeyEncoder) -> Locks:
    """Return the locks of the project's pages out of the features of their drawings."""
    keyed = with_projection(encoder, projection, "in training")
    detail = keyed.projected(pages.detail) * pages.detail.any(axis=1, keepdims=True)
    return Locks(
        keyed.projected(pages.whole),
        detail.astype(np.float32),
        encoder.sentences([from_entry(entry).key_text() for entry in pages.entries]),
        tuple(entry.canonical for entry in pages.entries),
    )
