"""What a data set consists of: samples, categories, and the set itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Split: TypeAlias = Literal["train", "test"]
NORMAL = "good"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle around one defect, in pixels of the picture as stored.

    Attributes:
        row0: First row inside.
        col0: First column inside.
        row1: First row below.
        col1: First column to the right.
        defect_type: What is wrong there.
    """

    row0: float
    col0: float
    row1: float
    col1: float
    defect_type: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of a data set and what is known about it.

    Attributes:
        path: The picture's file.
        category: ``set/category``, e.g. ``mvtec/bottle``.
        label: 0 normal, 1 anomalous.
        defect_type: ``good`` for normal pictures, else the name of the defect's folder.
        split: ``train`` or ``test``.
        mask_path: File of the ground truth, or a folder whose files are united; None if there
            is none. Normal pictures have none and need none: nothing in them is anomalous.
        boxes: Rectangles around the defects where a set offers them. They are a training aid
            and never replace a mask in a measurement.
    """

    path: Path
    category: str
    label: Literal[0, 1]
    defect_type: str
    split: Split
    mask_path: Path | None = None
    boxes: tuple[Box, ...] = ()

    @property
    def has_pixel_truth(self) -> bool:
        """Whether every pixel of the picture is known to be normal or anomalous."""
        return self.label == 0 or self.mask_path is not None


@dataclass(frozen=True, slots=True)
class Category:
    """The pictures of one kind of part, each tuple in the order of the file names.

    Attributes:
        name: ``set/category``.
        folder: Where it lies.
        layout: Layout the folder was read as: ``mvtec``, ``btad`` or ``visa``.
        train_normal: Normal pictures for support and training; may be empty.
        test: Labelled pictures to measure on; empty if the folder is for training only.
    """

    name: str
    folder: Path
    layout: str
    train_normal: tuple[Sample, ...]
    test: tuple[Sample, ...]

    @property
    def part(self) -> str:
        """The part's own name, without the set: ``bottle`` of ``mvtec/bottle``."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def n_without_mask(self) -> int:
        """Number of anomalous test pictures without a mask: they count for image metrics only."""
        return sum(not sample.has_pixel_truth for sample in self.test)


@dataclass(frozen=True, slots=True)
class Dataset:
    """All categories found below one or several roots.

    Attributes:
        name: Folder names of the roots, joined by ``+``.
        categories: In the order of their names.
        skipped: Category or folder name -> why it was left out.
    """

    name: str
    categories: tuple[Category, ...]
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])
