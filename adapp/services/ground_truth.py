"""Masks that a user brings: which picture each belongs to, and what the maps are worth by them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapp.core.errors import BadImage, UsageError
from adapp.core.results import AnomalyMap, BinaryMask
from adapp.data.images import LoadedImage, inspect_file
from adapp.data.masks import read_mask
from adapp.evaluation.metrics import pixel_metrics
from adapp.services.regions import default_min_pixels, region_mask

METRICS = ("pixel_auroc", "pixel_ap", "pixel_f1max", "aupro", "iou")
"""Names of the figures of ``truth_metrics``, in the order they are shown."""

_NOT_THE_PART = re.compile(r"(?i)(ground[_-]?truth|masks?|gt|query|label)|[^a-z0-9]+")
_MOST_SKEW = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The true defect of a picture, [H, W] of the picture, and the file it comes from."""

    mask: BinaryMask
    name: str


def read_truths(masks: Sequence[Path], pictures: Sequence[LoadedImage]) -> dict[int, Truth]:
    """Return the mask of each picture that has one, by the picture's position.

    A mask belongs to the picture of the same name without words such as ``mask`` or ``query``;
    a single mask beside a single picture belongs to it.

    Raises:
        UsageError: If it cannot be told which picture a mask belongs to.
        BadImage: If a mask cannot be read or has another shape than its picture.
    """
    found: dict[int, Truth] = {}
    for path in masks:
        place = _place(path, masks, pictures)
        found[place] = _read(path, pictures[place])
    return found


def truth_metrics(
    fused_map: AnomalyMap, truth: Truth, pixel_threshold: float
) -> dict[str, float | None]:
    """Return pixel AUROC, AP, best F1, AUPRO and the IoU of the regions, in percent.

    Args:
        fused_map: The method's fused map, [H, W].
        truth: The true defect, the same shape.
        pixel_threshold: Value above which pixels form the regions behind the IoU.
    """
    told = pixel_metrics(fused_map[np.newaxis], truth.mask[np.newaxis])
    least = default_min_pixels(fused_map.shape)
    predicted = region_mask(fused_map, pixel_threshold, least)
    either = int(np.count_nonzero(predicted | truth.mask))
    both = int(np.count_nonzero(predicted & truth.mask))
    return {**told, "iou": 100.0 * both / either if either else None}


def _place(path: Path, masks: Sequence[Path], pictures: Sequence[LoadedImage]) -> int:
    if len(masks) == len(pictures) == 1:
        return 0
    wanted = _core(path.name)
    places = [number for number, one in enumerate(pictures) if _core(one.name) == wanted]
    if len(places) != 1:
        msg = (
            f"It is not clear which picture the mask {path.name} belongs to. "
            "Name it like its picture with _mask at the end, for example part_07_mask.png."
        )
        raise UsageError(msg)
    return places[0]


def _core(name: str) -> str:
    return _NOT_THE_PART.sub("", Path(name).stem).lower()


def _read(path: Path, picture: LoadedImage) -> Truth:
    header = inspect_file(path)
    height, width = picture.pixels.shape[:2]
    shapes = ((header.width, header.height), (header.height, header.width))
    if min(abs(w * height / (h * width) - 1.0) for w, h in shapes) > _MOST_SKEW:
        msg = (
            f"The mask {path.name} has {header.width} x {header.height} pixels, its picture "
            f"{picture.name} {width} x {height}. Give a mask of the picture's own shape."
        )
        raise BadImage(msg)
    return Truth(read_mask(path, height, width, picture.path), path.name)
