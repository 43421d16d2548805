"""Large pictures in tiles, so that a small defect is not lost when the encoder shrinks them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from adapp.core.detector import FittedDetector, SupportSet
from adapp.core.results import AnomalyResult, Calibration, DefectTypes, Provenance, RgbImage

Span: TypeAlias = tuple[int, int]
_TileTypes: TypeAlias = tuple[Span, Span, DefectTypes]

MOST_TILES = 4
"""Largest number of tiles along one side."""

OVERLAP = 0.125
"""Share of a tile by which neighbours overlap in a query."""


def spans(length: int, count: int, overlap: float) -> list[Span]:
    """Return ``count`` equal half-open spans that cover ``length``, neighbours overlapping."""
    size = min(int(np.ceil(length / (count - (count - 1) * overlap))), length)
    starts = np.linspace(0, length - size, count).round().astype(int)
    return [(int(start), int(start) + size) for start in starts]


def cut(image: RgbImage, tiles: int, overlap: float = 0.0) -> Iterator[tuple[Span, Span, RgbImage]]:
    """Yield rows, columns and pixels of every tile of ``image``, row by row."""
    for rows in spans(image.shape[0], tiles, overlap):
        for columns in spans(image.shape[1], tiles, overlap):
            pixels = np.ascontiguousarray(image[rows[0] : rows[1], columns[0] : columns[1]])
            yield rows, columns, pixels


def tiled_support(support: SupportSet, tiles: int) -> SupportSet:
    """Return the tiles of all normal pictures as a support; the same support for one tile."""
    if tiles == 1:
        return support
    parts = [part for image in support.images for _, _, part in cut(image, tiles)]
    return SupportSet(support.category, parts)


class TiledFitted:
    """A fitted detector that looks at a query tile by tile and puts the maps together.

    Where tiles overlap, maps are averaged. The score is that of the most anomalous tile.

    Args:
        inner: Detector bound to ``tiled_support``.
        tiles: Number of tiles along one side.
        normals: Number of whole normal pictures.
        calibration: What ``inner`` says about the tiles.
    """

    def __init__(
        self, inner: FittedDetector, tiles: int, normals: int, calibration: Calibration
    ) -> None:
        self._inner = inner
        self._tiles = tiles
        self._calibration = _of_pictures(calibration, tiles, normals)

    @property
    def provenance(self) -> Provenance:
        """What stands behind the numbers."""
        return self._inner.provenance

    def calibration(self) -> Calibration:
        """Return the scores of whole normal pictures and the thresholds of their tiles."""
        return self._calibration

    def predict(self, query: RgbImage) -> AnomalyResult:
        """Score one query, one tile in memory at a time."""
        shape = query.shape[:2]
        base, residual = (np.zeros(shape, np.float32) for _ in range(2))
        evidence: dict[str, NDArray[np.float32]] = {}
        seen = np.zeros(shape, np.float32)
        types: list[_TileTypes] = []
        worst: AnomalyResult | None = None
        for rows, columns, pixels in cut(query, self._tiles, OVERLAP):
            result = self._inner.predict(pixels)
            place = (slice(*rows), slice(*columns))
            base[place] += result.base_map
            residual[place] += result.residual_map
            for name, values in result.evidence.items():
                evidence.setdefault(name, np.zeros(shape, np.float32))[place] += values
            seen[place] += 1
            if result.defect_types is not None:
                types.append((rows, columns, result.defect_types))
            worst = result if worst is None or result.score > worst.score else worst
        if worst is None:
            msg = "a picture has at least one tile"
            raise ValueError(msg)
        base, residual = base / seen, residual / seen
        fused = np.clip(base + worst.residual_weight * residual, 0.0, 1.0).astype(np.float32)
        return replace(
            worst,
            base_map=base,
            residual_map=residual,
            fused_map=fused,
            evidence={name: values / seen for name, values in evidence.items()},
            nearest_normal=None,
            hyperedges=None,
            defect_types=_joined(types, shape, self._tiles) if types else None,
        )

    def predict_batch(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        """Score several queries."""
        return [self.predict(query) for query in queries]


def _joined(types: Sequence[_TileTypes], shape: tuple[int, ...], tiles: int) -> DefectTypes:
    """Return the types of a whole picture, on a grid as fine as that of its tiles."""
    first = types[0][2]
    grid = (first.grid[0] * tiles, first.grid[1] * tiles)
    total = np.zeros((*grid, len(first.names)))
    seen = np.zeros((*grid, 1))
    for rows, columns, told in types:
        down = _cells_of(rows, shape[0], grid[0], told.grid[0])
        across = _cells_of(columns, shape[1], grid[1], told.grid[1])
        place = np.ix_(down[0], across[0])
        total[place] += told.logits[np.ix_(down[1], across[1])]
        seen[place] += 1
    chosen = {told.chosen for _, _, told in types}
    return DefectTypes(
        first.names,
        (total / seen).astype(np.float32),
        chosen.pop() if len(chosen) == 1 else "",
        first.outlines,
    )


def _cells_of(
    span: Span, length: int, cells: int, own: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of a picture's cells have their middle in ``span``, and the tile's under them.

    Args:
        span: Of a tile along one side of the picture.
        length: Of that side in pixels.
        cells: Along that side of the picture.
        own: Along that side of the tile.
    """
    middles = (np.arange(cells) + 0.5) * length / cells
    inside = np.flatnonzero((middles >= span[0]) & (middles < span[1]))
    place = (middles[inside] - span[0]) * own / (span[1] - span[0])
    return inside, place.astype(np.intp)


def _of_pictures(calibration: Calibration, tiles: int, normals: int) -> Calibration:
    """Return a calibration of tiles as one of whole pictures, each as anomalous as its worst."""
    if not normals:
        return calibration
    scores = calibration.normal_scores
    if len(scores) == normals * tiles**2:
        parts = np.asarray(scores).reshape(normals, tiles**2)
        scores = tuple(float(score) for score in parts.max(axis=1))
    told = f"{normals} normal picture{'' if normals == 1 else 's'}"
    note = (
        f"Threshold from the {tiles} x {tiles} tiles of {told}, each tile scored without itself, "
        "but not without the other tiles of its picture."
    )
    if normals > 1:
        note += f" It cannot promise fewer than 1 false alarm in {normals + 1} normal parts."
    return replace(
        calibration,
        normal_scores=scores,
        n_normals=normals,
        basis="leave_one_out" if normals > 1 else "augmented",
        note=note,
    )
