"""The normal pictures a measurement gives to a method."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from adapp.core.errors import BadImage
from adapp.core.results import RgbImage
from adapp.data.images import load_image
from adapp.data.picture import measure_samples
from adapp.data.samples import Category, Sample
from adapp.data.selection import support_order
from adapp.data.window import Window, fit_window


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSupport:
    """The support of one category.

    Attributes:
        samples: Pictures taken, in the order drawn.
        images: Their pixels.
        rejected: File name of each drawn picture that could not be read -> why; the next one of
            the permutation took its place.
    """

    samples: tuple[Sample, ...]
    images: Sequence[RgbImage]
    rejected: dict[str, str]


def draw_support(category: Category, shots: int, seed: int, window: Window | None) -> DrawnSupport:
    """Return the first ``shots`` readable pictures of the category's permutation under ``seed``.

    Fewer are returned where the category has fewer.
    """
    samples: list[Sample] = []
    images: list[RgbImage] = []
    rejected: dict[str, str] = {}
    for sample in support_order(category, seed) if shots else ():
        try:
            images.append(load_image(sample.path, window=window).pixels)
        except BadImage as error:
            rejected[f"train/{sample.path.name}"] = str(error)
            continue
        samples.append(sample)
        if len(samples) == shots:
            break
    return DrawnSupport(tuple(samples), images, rejected)


def shared_window(samples: Iterable[Sample]) -> Window | None:
    """Return the one intensity window of all deep pictures; None if all have 8 bits.

    Pictures that cannot be read take no part; they are reported where they are loaded.
    """
    statistics = []
    for sample in samples:
        try:
            found = measure_samples(sample.path)
        except BadImage:
            continue
        if found is not None:
            statistics.append(found)
    return fit_window(statistics) if statistics else None


class PicturesOnDisk(Sequence[RgbImage]):
    """Pictures decoded each time they are asked for, for supports too many to hold at once."""

    def __init__(self, paths: Sequence[Path], window: Window | None) -> None:
        """Remember where the pictures are and the intensity window they share."""
        self._paths = tuple(paths)
        self._window = window

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> RgbImage: ...
    @overload
    def __getitem__(self, index: slice) -> "PicturesOnDisk": ...
    def __getitem__(self, index: int | slice) -> "RgbImage | PicturesOnDisk":
        if isinstance(index, slice):
            return PicturesOnDisk(self._paths[index], self._window)
        return load_image(self._paths[index], window=self._window).pixels
