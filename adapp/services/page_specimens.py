"""Pictures that teach and test how pages are found: second drawings, and pictures of data sets.

Features are kept on disk set by set, so an interrupted run goes on where it was.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from adapp.auxiliary.page_keys import KeyEncoder, Vectors
from adapp.core.detector import Report
from adapp.core.results import RgbImage
from adapp.data.dataset import Category, load_mask, read_roots
from adapp.data.images import load_image
from adapp.data.samples import Sample
from adapp.knowledge.entries import Entry
from adapp.services.knowledge_pages import lock_pictures
from adapp.services.page_locks import SIDE, mark_of
from adapp.services.page_query import surroundings

_LONGEST: Final = 512
"""Longer side in pixels to which pictures are reduced first; the encoder sees less."""
_MOST = 30
"""Pictures taken of each defect type of a category, and of its normal ones per split."""
_BATCH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Specimens:
    """Pictures that are on no page, as features. n pictures.

    Attributes:
        whole: Of each picture, [n, F].
        detail: Of each picture's flaw seen close, [n, F]; zeros where its place is not known.
        samples: Where a picture comes from; empty for drawings.
        entries: Which entry a drawing is a second specimen of; empty for pictures of data sets.
    """

    whole: Vectors
    detail: Vectors
    samples: tuple[Sample, ...] = ()
    entries: tuple[Entry, ...] = ()


def held_out(sample: Sample) -> bool:
    """Return whether a picture takes no part in training: a third of each test split."""
    if sample.split == "train":
        return False
    return hashlib.sha256(sample.path.name.encode()).digest()[0] % 3 == 0


def drawn(
    entries: Sequence[Entry], variant: int, encoder: KeyEncoder, folder: Path, report: Report
) -> Specimens:
    """Return the drawings of all entries as another specimen (0: those on the pages)."""
    shown = [entry for entry in entries if entry.illustration]

    def make() -> Iterator[tuple[RgbImage, RgbImage | None]]:
        for done, entry in enumerate(shown):
            report(f"Drawing specimen {variant}", done, len(shown))
            pictures = lock_pictures(entry, SIDE, variant=variant)
            if pictures is not None:
                yield pictures.whole, pictures.detail

    told = f"{mark_of(shown)} {variant} {_encoders(encoder)}"
    whole, detail = _kept(told, folder, lambda: _encoded(make(), encoder))
    return Specimens(whole, detail, entries=tuple(shown))


def pictured(
    roots: Sequence[Path], encoder: KeyEncoder, folder: Path, report: Report, draw: int = 0
) -> Iterator[tuple[Category, Specimens]]:
    """Yield the pictures of every category below ``roots``, at most 30 of a kind.

    Args:
        roots: Data sets.
        encoder: Makes features of pictures.
        folder: Where features are kept.
        report: Progress callback.
        draw: 0 for those that teach and that choices were made on, 1 for the next 30 of each
            kind, and so on. A category without so many pictures is passed over.
    """
    for category in read_roots(roots).categories:
        samples = _chosen(category, draw)
        if not samples:
            continue
        names = [f"{sample.path}:{sample.path.stat().st_size}" for sample in samples]
        told = " ".join([*names, str(_LONGEST), _encoders(encoder)])
        make = partial(_encoded_samples, samples, encoder, report)
        whole, detail = _kept(told, folder, make)
        yield category, Specimens(whole, detail, samples=tuple(samples))


def _encoded_samples(
    samples: Sequence[Sample], encoder: KeyEncoder, report: Report
) -> tuple[Vectors, Vectors]:
    def read() -> Iterator[tuple[RgbImage, RgbImage | None]]:
        for done, sample in enumerate(samples):
            report(f"Reading {sample.category}", done, len(samples))
            yield _read(sample)

    return _encoded(read(), encoder)


def _encoders(encoder: KeyEncoder) -> str:
    """Return what decides features: everything in the identity but the projection."""
    return encoder.identity.rsplit("; ", 1)[0]


def _chosen(category: Category, draw: int) -> list[Sample]:
    """Return the pictures that are used: of each split and type the ``draw``-th lot by a hash."""
    kinds: dict[tuple[str, str], list[Sample]] = {}
    for sample in (*category.train_normal, *category.test):
        kinds.setdefault((sample.split, sample.defect_type), []).append(sample)
    chosen = []
    for found in kinds.values():
        order = sorted(found, key=lambda one: hashlib.sha256(one.path.name.encode()).digest())
        chosen += order[draw * _MOST : (draw + 1) * _MOST]
    return chosen


def _read(sample: Sample) -> tuple[RgbImage, RgbImage | None]:
    """Return a picture, reduced, and its flaw seen close if a mask tells where it is."""
    picture = load_image(sample.path).pixels
    scale = _LONGEST / max(picture.shape[:2])
    if scale < 1:
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if sample.label == 0 or sample.mask_path is None:
        return picture, None
    mask = load_mask(sample, *picture.shape[:2])
    if mask is None or not mask.any():
        return picture, None
    rows, columns = np.nonzero(mask)
    box = (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
    return picture, surroundings(picture, box)


def _encoded(
    pairs: Iterator[tuple[RgbImage, RgbImage | None]], encoder: KeyEncoder
) -> tuple[Vectors, Vectors]:
    whole: list[Vectors] = []
    detail: list[Vectors] = []
    batch: list[tuple[RgbImage, RgbImage | None]] = []

    def flush() -> None:
        close = [one for _, one in batch if one is not None]
        found = encoder.features([*(one for one, _ in batch), *close])
        whole.append(found[: len(batch)])
        rows = np.zeros_like(found[: len(batch)])
        rows[[at for at, (_, one) in enumerate(batch) if one is not None]] = found[len(batch) :]
        detail.append(rows)
        batch.clear()

    for pair in pairs:
        batch.append(pair)
        if len(batch) == _BATCH:
            flush()
    if batch:
        flush()
    return np.concatenate(whole), np.concatenate(detail)


def _kept(
    told: str, folder: Path, make: Callable[[], tuple[Vectors, Vectors]]
) -> tuple[Vectors, Vectors]:
    path = folder / f"features-{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as held:
            return held["whole"], held["detail"]
    whole, detail = make()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        np.savez(file, whole=whole, detail=detail)
    Path(name).replace(path)
    return whole, detail
