"""Pictures that a visitor brings: checked by content at once, shown even where browsers cannot.

A gallery holds what a browser can show. For a TIFF or an unreadable file that is a stand-in, and
the session remembers which file it stands for, so that a run always reads the original.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import cv2
import numpy as np
from gradio import processing_utils
from gradio.utils import get_upload_folder

from adapp.core.errors import BadImage
from adapp.core.results import RgbImage
from adapp.data.images import inspect_file, load_image
from adapp.rendering.overlay import encode_png, shrink

GalleryItems: TypeAlias = Sequence[tuple[str, str | None]] | None
Originals: TypeAlias = Mapping[str, str]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
MOST_SUPPORT = 16
MOST_QUERY = 32

_STAND_IN_SIDE = 384
_UNREADABLE = (214, 216, 219)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a first look at a gallery found.

    Attributes:
        items: Gallery content with stand-ins; None if nothing has to be replaced.
        originals: File behind each stand-in, by the stand-in's file name.
        refused: Reason per refused file, by file name.
        remarks: What is worth knowing about the accepted files.
        accepted: Number of files that a run will read.
    """

    items: list[tuple[str, str | None]] | None
    originals: dict[str, str]
    refused: tuple[str, ...]
    remarks: tuple[str, ...]
    accepted: int


def paths(items: GalleryItems, originals: Originals) -> tuple[Path, ...]:
    """Return the files that a gallery stands for, in its order."""
    return tuple(_original(item, originals) for item, _ in items or ())


def check(items: GalleryItems, originals: Originals = MappingProxyType({})) -> Checked:
    """Return what a look at every file of a gallery finds; only the odd ones are decoded."""
    known = dict(originals)
    shown: list[tuple[str, str | None]] = []
    refused: list[str] = []
    depths: Counter[int] = Counter()
    for item, caption in items or ():
        path = _original(item, known)
        try:
            depth, preview = _look(path, wanted=item == str(path))
        except BadImage as error:
            refused.append(str(error))
            preview = _unreadable() if item == str(path) else None
        else:
            depths[depth] += 1
        if preview is not None:
            item = _keep(preview, path)  # noqa: PLW2901 - the stand-in takes the item's place
            known[Path(item).name] = str(path)
        shown.append((item, caption))
    changed = [entry for entry, _ in shown] != [entry for entry, _ in items or ()]
    return Checked(
        items=shown if changed else None,
        originals=known,
        refused=tuple(refused),
        remarks=tuple(
            f"{count} x {depth}-bit, read at full depth"
            for depth, count in sorted(depths.items())
            if depth > 8
        ),
        accepted=len(shown) - len(refused),
    )


def _look(path: Path, *, wanted: bool) -> tuple[int, RgbImage | None]:
    """Return a file's bits per sample and, where a browser cannot show it, a picture to show."""
    header = inspect_file(path)
    if header.format != "TIFF" or not wanted:
        return header.bit_depth, None
    return header.bit_depth, shrink(load_image(path).pixels, _STAND_IN_SIDE)


def _unreadable() -> RgbImage:
    """Return the stand-in of a file that is no picture: a crossed-out grey square."""
    tile = np.full((_STAND_IN_SIDE, _STAND_IN_SIDE, 3), _UNREADABLE, dtype=np.uint8)
    near, far = _STAND_IN_SIDE // 3, 2 * _STAND_IN_SIDE // 3
    cv2.line(tile, (near, near), (far, far), (120, 124, 130), 10, cv2.LINE_AA)
    cv2.line(tile, (far, near), (near, far), (120, 124, 130), 10, cv2.LINE_AA)
    return tile


def _original(item: str, originals: Originals) -> Path:
    return Path(originals.get(Path(item).name, item))


def _keep(preview: RgbImage, original: Path) -> str:
    """Write a stand-in into the app's cache and return its path.

    Its name holds the cache's content hash of the original, so equal names of different files
    get different stand-ins.
    """
    name = f"{original.parent.name[:16]}-{original.stem[:40]}.png"
    data = encode_png(preview)
    return str(processing_utils.save_bytes_to_cache(data, name, cache_dir=get_upload_folder()))
