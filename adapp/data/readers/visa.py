"""VisA's original layout: ``<category>/Data/...`` and a table of the splits beside the categories.

The one-class split ``split_csv/1cls.csv`` (object, split, label, image, mask) says which normal
pictures are for training; nothing in the folders does. Masks hold class indices, not 255.
"""

import csv
from pathlib import Path

from adapp.core.errors import UsageError
from adapp.data.listing import is_image_name
from adapp.data.samples import NORMAL, Category, Sample, Split

_SPLIT_TABLE = "split_csv/1cls.csv"
_COLUMNS = frozenset({"object", "split", "label", "image", "mask"})


def matches(folder: Path) -> bool:
    """Return whether ``folder`` is a category in this layout."""
    return (folder / "Data" / "Images").is_dir()


def read(folder: Path, name: str) -> Category:
    """Return the category in ``folder`` under VisA's one-class split.

    Raises:
        UsageError: If the table of splits is missing beside the category or has other columns.
    """
    root = folder.parent
    rows = [row for row in _table(root) if row["object"] == folder.name]
    samples = [_sample(root, name, row) for row in rows]
    present = sorted(
        (sample for sample in samples if is_image_name(sample.path) and sample.path.is_file()),
        key=lambda sample: (sample.label, sample.path.name),
    )
    return Category(
        name=name,
        folder=folder,
        layout="visa",
        train_normal=tuple(s for s in present if s.split == "train" and s.label == 0),
        test=tuple(s for s in present if s.split == "test"),
    )


def _table(root: Path) -> list[dict[str, str]]:
    path = root / _SPLIT_TABLE
    if not path.is_file():
        msg = f"VisA's table of splits {path} is missing: restore it from the data set's archive."
        raise UsageError(msg)
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = _COLUMNS - set(reader.fieldnames or ())
        if missing:
            msg = f"{path} lacks the columns {', '.join(sorted(missing))}: restore the original."
            raise UsageError(msg)
        return list(reader)


def _sample(root: Path, name: str, row: dict[str, str]) -> Sample:
    anomalous = row["label"].strip().lower() != "normal"
    split: Split = "train" if row["split"].strip().lower() == "train" else "test"
    mask = root / row["mask"].strip() if anomalous and row["mask"].strip() else None
    return Sample(
        path=root / row["image"].strip(),
        category=name,
        label=1 if anomalous else 0,
        defect_type=row["label"].strip().lower() if anomalous else NORMAL,
        split=split,
        mask_path=mask if mask is not None and mask.is_file() else None,
    )
