"""MVTec's layout, which MPDD and many others share.

``train/good``, ``test/good``, ``test/<defect>`` and ``ground_truth/<defect>/<stem>_mask.png``.
A file ``boxes.json`` beside them may give rectangles: picture path -> [{xyxy, type}].
"""

import json
from pathlib import Path
from typing import Literal

from adapp.core.errors import UsageError
from adapp.data.listing import image_files, subfolders
from adapp.data.samples import NORMAL, Box, Category, Sample, Split

_MASK_ENDINGS = ("_mask", "", "-mask", "_gt", "_label", "_seg")


def matches(folder: Path) -> bool:
    """Return whether ``folder`` is a category in this layout."""
    return (folder / "train" / NORMAL).is_dir() or (folder / "test").is_dir()


def read(folder: Path, name: str) -> Category:
    """Return the category in ``folder``."""
    return read_split_folders(folder, name, layout="mvtec", normal=NORMAL)


def read_split_folders(folder: Path, name: str, *, layout: str, normal: str) -> Category:
    """Return the category of a ``train``/``test``/``ground_truth`` tree.

    Args:
        folder: The category's folder.
        name: Its name, ``set/category``.
        layout: Name of the layout, kept in the result.
        normal: Folder name of the normal pictures; translated to ``good`` in the samples.

    Raises:
        UsageError: If a ``boxes.json`` beside the splits cannot be read.
    """
    boxes = _read_boxes(folder / "boxes.json")

    def samples(split: Split, kind: str) -> list[Sample]:
        label: Literal[0, 1] = 0 if kind == normal else 1
        masks = {} if label == 0 else _masks_by_stem(folder / "ground_truth" / kind)
        return [
            Sample(
                path=path,
                category=name,
                label=label,
                defect_type=NORMAL if label == 0 else kind,
                split=split,
                mask_path=find_mask(path.stem, masks),
                boxes=boxes.get(path.relative_to(folder).as_posix(), ()),
            )
            for path in image_files(folder / split / kind)
        ]

    kinds = [path.name for path in subfolders(folder / "test")]
    return Category(
        name=name,
        folder=folder,
        layout=layout,
        train_normal=tuple(samples("train", normal)),
        test=tuple(sample for kind in kinds for sample in samples("test", kind)),
    )


def find_mask(stem: str, masks: dict[str, Path]) -> Path | None:
    """Return the mask that belongs to the picture ``stem``; None if there is none.

    ``<stem>_mask`` comes first, then the bare ``<stem>``, then less usual endings.
    """
    names = (stem.lower() + ending for ending in _MASK_ENDINGS)
    return next((masks[name] for name in names if name in masks), None)


def _masks_by_stem(folder: Path) -> dict[str, Path]:
    """Lower-case stem -> mask file, or a folder of masks to unite; PNG wins among twins."""
    found = {path.name.lower(): path for path in subfolders(folder) if image_files(path)}
    files = image_files(folder)
    found |= {path.stem.lower(): path for path in files}
    found |= {path.stem.lower(): path for path in files if path.suffix.lower() == ".png"}
    return found


def _read_boxes(path: Path) -> dict[str, tuple[Box, ...]]:
    if not path.is_file():
        return {}
    try:
        raw: dict[str, list[dict[str, object]]] = json.loads(path.read_text(encoding="utf-8"))
        return {key: tuple(_box(entry) for entry in entries) for key, entries in raw.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        msg = f"{path} is not a list of boxes per picture ({error}); mend it or take it away."
        raise UsageError(msg) from error


def _box(entry: dict[str, object]) -> Box:
    corners = entry["xyxy"]
    if not isinstance(corners, list):
        msg = "xyxy must be a list of four numbers"
        raise TypeError(msg)
    col0, row0, col1, row1 = (float(value) for value in corners)
    return Box(row0, col0, row1, col1, str(entry.get("type", "defect")))
