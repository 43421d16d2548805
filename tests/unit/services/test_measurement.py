"""Predictions streamed in batches that fit, maps compared at one size."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import BadImage
from adapp.core.results import RgbImage
from adapp.data.samples import Sample
from adapp.services import measurement
from adapp.services.measurement import measure, resize_map


class Counting:
    """Remembers how many pictures came at once; the score is the first pixel."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict_batch(self, queries: Sequence[RgbImage]) -> list[Any]:
        self.batches.append(len(queries))
        return [
            SimpleNamespace(
                score=float(q[0, 0, 0]), fused_map=q[..., 0].astype(np.float32), category=""
            )
            for q in queries
        ]


def queries(folder: Path, count: int, side: int = 8) -> list[Sample]:
    found = []
    for i in range(count):
        path = folder / f"{i:02}.png"
        Image.fromarray(np.full((side, side), i, np.uint8)).save(path)
        found.append(Sample(path, "s/c", 1 if i % 2 else 0, "hole", "test"))
    return found


def test_order_is_kept_over_batches(tmp_path: Path) -> None:
    detector, told = Counting(), []
    measured = measure(detector, queries(tmp_path, 19), 8, None, told.append)  # type: ignore[arg-type]
    assert detector.batches == [8, 8, 3]
    assert told == [8, 16, 19]
    assert measured.scores == [float(i) for i in range(19)]
    assert measured.labels == [i % 2 for i in range(19)]
    assert measured.pixels is None
    assert measured.n_without_mask == 9


def test_large_pictures_come_in_small_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "_BATCH_PIXELS", 3 * 64)
    detector = Counting()
    measure(detector, queries(tmp_path, 7), 8, None, lambda _: None)  # type: ignore[arg-type]
    assert detector.batches == [3, 3, 1]


def test_nothing_readable_is_refused(tmp_path: Path) -> None:
    gone = [Sample(tmp_path / "x.png", "s/c", 0, "good", "test")]
    with pytest.raises(BadImage, match="None of the 1 test pictures"):
        measure(Counting(), gone, 8, None, lambda _: None)  # type: ignore[arg-type]


def test_maps_are_resized_bilinearly_and_stay_aligned() -> None:
    rows, cols = np.mgrid[0:30, 0:20].astype(np.float32)
    # A plane keeps its values at pixel centres under pixel-aligned bilinear resizing.
    resized = resize_map((rows + 0.5) / 30 + 2 * (cols + 0.5) / 20, 10)
    centres = (np.arange(10) + 0.5) / 10
    np.testing.assert_allclose(resized, centres[:, None] + 2 * centres, atol=1e-5)
    assert resized.dtype == np.float32
    assert resize_map(np.full((4, 4), 1.5, np.float32), 7).max() == 1.5  # nothing is clipped
