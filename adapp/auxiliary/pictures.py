"""Which pictures the text-guided methods learn from: real, damaged and rendered ones, with masks.

Everything random depends on the category's name alone, so that trainings which leave out other
categories share what was computed from it.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np

from adapp.auxiliary.names import defect_key, part_names
from adapp.core.errors import UsageError
from adapp.core.results import BinaryMask, RgbImage
from adapp.data.dataset import Category, Sample, load_box_mask, load_mask, read_roots
from adapp.data.images import load_image
from adapp.data.procedural import FAMILIES, ProceduralCategory
from adapp.data.synthetic import DEFECT_TYPES, SyntheticAnomalies, SyntheticConfig
from adapp.data.terms import PERMISSIVE

Kind: TypeAlias = Literal["real", "synthetic", "rendered"]

RECIPE: Final = "1"
"""Raise it when what is shown of a category changes; it is part of the key of kept features."""
NORMALS: Final = 40
"""Normal pictures of a real category at most."""
DEFECTS: Final = 60
"""Masked defects of a real category at most."""
DAMAGED: Final = 40
"""Synthetic anomalies made of a real category's normals."""
RENDERED_CLEAN: Final = 10
"""Normal pictures rendered of a family."""
RENDERED_DAMAGED: Final = 14
"""Synthetic anomalies made of them."""
LEAST: Final = 4
"""Pictures below which a real category teaches nothing."""

_LONGEST = 800  # pixels; encoders squash to less, and damaging large pictures takes seconds
_RENDERED_SIDE = 336


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPicture:
    """One picture to learn from.

    Attributes:
        image: The picture.
        mask: Where it is anomalous; None for a normal picture.
        category: ``set/part``, or ``rendered/family-seed``.
        part: Readable name of the part, e.g. "magnetic tile".
        defect_type: Key of the defect type as in ``names.DEFECTS``; "" if normal or not known.
        kind: ``real``, ``synthetic`` (a real normal picture, damaged) or ``rendered`` (a rendered
            part, damaged or not).
        normal: Whether nothing in it is anomalous.
    """

    image: RgbImage
    mask: BinaryMask | None
    category: str
    part: str
    defect_type: str
    kind: Kind
    normal: bool


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One category to learn from.

    Attributes:
        category: As in ``TrainingPicture``.
        part: Readable name.
        open: Whether its terms allow a checkpoint trained on it to be used in a plant.
        key: Describes the files behind the pictures; equal keys give equal pictures.
        pictures: Makes the pictures, one after the other.
    """

    category: str
    part: str
    open: bool
    key: str
    pictures: Callable[[], Iterator[TrainingPicture]]


def sources(
    roots: Sequence[Path], leave_out: Sequence[str] = (), *, rendered: bool = True
) -> list[Source]:
    """Return the categories to learn from, real ones first.

    Args:
        roots: Data folders; none are needed if ``rendered``.
        leave_out: Categories that must not be seen.
        rendered: Whether the families that the project renders take part.

    Raises:
        UsageError: If none is left, or a category to leave out does not exist.
    """
    categories = read_roots(roots).categories if roots else ()
    unknown = set(leave_out) - {category.name for category in categories}
    if unknown:
        msg = f"no category {', '.join(sorted(unknown))} in the data; check --leave-out"
        raise UsageError(msg)
    kept = [c for c in categories if c.name not in leave_out and teaches(c)]
    found = [real_source(category) for category in kept]
    if rendered:
        found += [rendered_source(ProceduralCategory(family, 0)) for family in FAMILIES]
    if not found:
        msg = "no category with normal or masked pictures is left to train on; check --data"
        raise UsageError(msg)
    return found


def teaches(category: Category) -> bool:
    """Return whether a category has enough normal pictures and masked defects to learn from."""
    return len(_normals(category)) + len(_masked(category)) >= LEAST


def real_source(category: Category) -> Source:
    """Return the source of one category of real pictures."""
    return Source(
        category=category.name,
        part=part_names(category.name)[0],
        open=category.name.split("/")[0] in PERMISSIVE,
        key=f"real {category.name} {_content(category)}",
        pictures=lambda: _real(category),
    )


def rendered_source(look: ProceduralCategory) -> Source:
    """Return the source of one category that the project renders."""
    name = f"rendered/{look.family}-{look.seed}"
    part = part_names(name)[0]
    return Source(name, part, True, name, lambda: _rendered(look, name, part))


def _normals(category: Category) -> list[Sample]:
    return [*category.train_normal, *(sample for sample in category.test if sample.label == 0)]


def _masked(category: Category) -> list[Sample]:
    """Return the anomalous pictures whose defects are outlined, or boxed where nothing better."""
    return [s for s in category.test if s.label == 1 and (s.mask_path is not None or s.boxes)]


def _content(category: Category) -> str:
    """Return a hash of the category's files: their names, sizes and times of change."""
    digest = hashlib.sha256()
    for sample in (*category.train_normal, *category.test):
        told = sample.path.stat()
        digest.update(f"{sample.path} {told.st_size} {told.st_mtime_ns} {sample.label}\n".encode())
    return digest.hexdigest()


def _real(category: Category) -> Iterator[TrainingPicture]:
    rng = np.random.default_rng(list(category.name.encode()))
    part = part_names(category.name)[0]
    normals = [_read(sample) for sample in _some(_normals(category), NORMALS, rng)]
    for image in normals:
        yield TrainingPicture(image, None, category.name, part, "", "real", True)
    for sample in _some(_masked(category), DEFECTS, rng):
        image = _read(sample)
        mask = _mask(sample, image)
        if mask is None or not mask.any():
            continue  # too small to show at this size, or not outlined after all
        told = defect_key(sample.defect_type)
        yield TrainingPicture(image, mask, category.name, part, told, "real", False)
    if normals:
        yield from _damaged(normals, DAMAGED, category.name, part, "synthetic", rng)


def _rendered(look: ProceduralCategory, name: str, part: str) -> Iterator[TrainingPicture]:
    rng = np.random.default_rng(list(name.encode()))
    images = [look.render(rng, _RENDERED_SIDE) for _ in range(RENDERED_CLEAN)]
    for image in images:
        yield TrainingPicture(image, None, name, part, "", "rendered", True)
    yield from _damaged(images, RENDERED_DAMAGED, name, part, "rendered", rng)


def _damaged(
    normals: Sequence[RgbImage],
    count: int,
    category: str,
    part: str,
    kind: Kind,
    rng: np.random.Generator,
) -> Iterator[TrainingPicture]:
    """Yield ``count`` damaged copies of normal pictures, every defect type in turn."""
    synthetic = SyntheticAnomalies(SyntheticConfig())
    types = [DEFECT_TYPES[int(i)] for i in rng.permutation(len(DEFECT_TYPES))]
    order = [int(i) for i in rng.permutation(len(normals))]
    for number in range(count):
        image = normals[order[number % len(order)]]
        wanted = types[number % len(types)]
        made = synthetic.make(image, rng, normals, defect_type=wanted)
        yield TrainingPicture(made.image, made.mask, category, part, made.defect_type, kind, False)


def _some(samples: Sequence[Sample], count: int, rng: np.random.Generator) -> list[Sample]:
    """Return at most ``count`` of the samples, the same in every process."""
    chosen = sorted(int(i) for i in rng.permutation(len(samples))[:count])
    return [samples[i] for i in chosen]


def _read(sample: Sample) -> RgbImage:
    image = load_image(sample.path).pixels
    height, width = image.shape[:2]
    scale = _LONGEST / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _mask(sample: Sample, image: RgbImage) -> BinaryMask | None:
    height, width = image.shape[:2]
    mask = load_mask(sample, height, width)
    return load_box_mask(sample, height, width) if mask is None else mask
