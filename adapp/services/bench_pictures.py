"""Rendered parts as picture files, for measurements that start from files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapp.core.results import RgbImage
from adapp.data.procedural import ProceduralCategory
from adapp.data.synthetic import SyntheticAnomalies
from adapp.rendering.overlay import encode_png

FAMILIES = ("gasket", "woven_fabric", "board", "gear", "wood")


@dataclass(frozen=True, slots=True)
class PartFiles:
    """Pictures of one part: normal ones, and every second query damaged."""

    name: str
    support: tuple[Path, ...]
    query: tuple[Path, ...]


def part_files(folder: Path, family: str, side: int, shots: int, queries: int) -> PartFiles:
    """Return rendered pictures of one part, written to ``folder`` as PNG.

    Args:
        folder: Where they go; it exists.
        family: Family of ``adapp.data.procedural``.
        side: Side in pixels.
        shots: Normal pictures.
        queries: Pictures to inspect.
    """
    rng = np.random.default_rng(0)
    part = ProceduralCategory(family, 9000)
    normal = [part.render(rng, side) for _ in range(shots + queries)]
    damage = SyntheticAnomalies()
    asked = [
        damage.make(image, rng).image if number % 2 == 0 else image
        for number, image in enumerate(normal[shots:])
    ]
    return PartFiles(
        name=family.replace("_", " "),
        support=_write(normal[:shots], folder / f"{family}-normal"),
        query=_write(asked, folder / f"{family}-query"),
    )


def _write(images: Sequence[RgbImage], stem: Path) -> tuple[Path, ...]:
    paths = []
    for number, image in enumerate(images):
        path = stem.with_name(f"{stem.name}-{number}.png")
        path.write_bytes(encode_png(image))
        paths.append(path)
    return tuple(paths)
