"""One category measured: predictions streamed into arrays, arrays turned into a JSON row."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from adapp.core.detector import FittedDetector
from adapp.core.errors import BadImage
from adapp.core.results import AnomalyMap, AnomalyResult, BinaryMask, Calibration
from adapp.data.dataset import Sample, load_mask
from adapp.data.images import LoadedImage, load_image
from adapp.data.window import Window
from adapp.evaluation.metrics import (
    METRICS,
    bootstrap_image_auroc,
    image_metrics,
    pixel_metrics,
)
from adapp.evaluation.table import ANOMALOUS_ABOVE, GOOD_BELOW

_BATCH_PICTURES = 8
_BATCH_PIXELS = 12_000_000


@dataclass(slots=True, eq=False)
class PixelStore:
    """Anomaly maps and masks of one category, at the size of the metrics.

    Attributes:
        maps: Fused maps, [B, size, size]; only the first ``filled`` hold data.
        masks: Their ground truth, the same shape.
        filled: Number of pictures stored.
        n_empty_masks: Anomalous pictures whose mask holds no pixel at this size: all their
            pixels count as normal, as in the published evaluations, and they are counted here.
    """

    maps: NDArray[np.float32]
    masks: BinaryMask
    filled: int = 0
    n_empty_masks: int = 0

    @classmethod
    def empty(cls, capacity: int, size: int) -> "PixelStore":
        """Return a store with room for ``capacity`` pictures of ``size`` x ``size`` pixels."""
        shape = (capacity, size, size)
        return cls(np.empty(shape, np.float32), np.empty(shape, np.bool_))

    def add(self, anomaly_map: AnomalyMap, mask: BinaryMask, label: int) -> None:
        """Store a map [H, W], resized bilinearly, beside its mask [size, size]."""
        self.maps[self.filled] = resize_map(anomaly_map, mask.shape[0])
        self.masks[self.filled] = mask
        self.filled += 1
        self.n_empty_masks += int(label == 1 and not mask.any())

    def metrics(self) -> dict[str, float | None]:
        """Return the four pixel metrics by name."""
        return pixel_metrics(self.maps[: self.filled], self.masks[: self.filled])


@dataclass(slots=True, eq=False)
class Measurement:
    """What the test pictures of one category gave.

    Attributes:
        scores: Image scores in the order of the pictures.
        labels: Their truth, 0 or 1.
        pixels: Maps and masks; None where no anomalous picture has a mask.
        n_without_mask: Anomalous pictures left out of the pixel metrics.
        routed: Category each query was compared with.
        rejected: File name of each unusable picture or mask -> why.
        seconds: Time spent in prediction, decoding and metrics not included.
    """

    scores: list[float] = field(default_factory=list[float])
    labels: list[int] = field(default_factory=list[int])
    pixels: PixelStore | None = None
    n_without_mask: int = 0
    routed: list[str] = field(default_factory=list[str])
    rejected: dict[str, str] = field(default_factory=dict[str, str])
    seconds: float = 0.0

    def row(self, *, routing_truth: str | None, seed: int) -> dict[str, Any]:
        """Return the JSON row: metrics in percent, None where one does not apply.

        Args:
            routing_truth: Category the queries belong to where one database holds several; None
                leaves the routing accuracy out.
            seed: Seed of the bootstrap interval.
        """
        row: dict[str, Any] = dict.fromkeys(METRICS)
        row |= image_metrics(self.scores, self.labels)
        interval = bootstrap_image_auroc(self.scores, self.labels, seed=seed)
        row["image_auroc_interval"] = None if interval is None else list(interval)
        if self.pixels is not None:
            row |= self.pixels.metrics()
        n_anomalous = sum(self.labels)
        row |= {
            "n_normal": len(self.labels) - n_anomalous,
            "n_anomalous": n_anomalous,
            "n_without_mask": self.n_without_mask,
            "n_empty_masks": 0 if self.pixels is None else self.pixels.n_empty_masks,
            "rejected": self.rejected,
            "seconds_per_image": self.seconds / len(self.labels),
        }
        if routing_truth is not None:
            right = sum(category == routing_truth for category in self.routed)
            row["routing_accuracy"] = 100.0 * right / len(self.routed)
        return row

    def verdicts(self, calibration: Calibration) -> dict[str, Any]:
        """Return how the threshold of the app divides the pictures; shares in percent.

        A share is None where there is no picture of its kind.
        """
        threshold = calibration.image_threshold
        above = {
            label: [
                score > threshold
                for score, own in zip(self.scores, self.labels, strict=True)
                if own == label
            ]
            for label in (0, 1)
        }
        return {
            "image_threshold": threshold,
            "threshold_basis": calibration.basis,
            GOOD_BELOW: 100.0 - 100.0 * float(np.mean(above[0])) if above[0] else None,
            ANOMALOUS_ABOVE: 100.0 * float(np.mean(above[1])) if above[1] else None,
        }


def measure(
    fitted: FittedDetector,
    queries: Sequence[Sample],
    size: int,
    window: Window | None,
    progress: Callable[[int], None],
) -> Measurement:
    """Return what ``fitted`` says about ``queries``.

    Args:
        fitted: Detector bound to the category's support.
        queries: Test pictures of one category.
        size: Side of the square at which pixels are compared.
        window: Intensity window of the support, for deep pictures; None lets each find its own.
        progress: Told the number of pictures finished after each batch.

    Raises:
        BadImage: If none of the pictures can be read.
    """
    measurement = Measurement()
    masked = sum(sample.label == 1 and sample.mask_path is not None for sample in queries)
    if masked:
        capacity = sum(sample.has_pixel_truth for sample in queries)
        measurement.pixels = PixelStore.empty(capacity, size)
    for batch in decoded(queries, window, measurement.rejected):
        start = time.perf_counter()
        results = fitted.predict_batch([image.pixels for _, image in batch])
        measurement.seconds += time.perf_counter() - start
        for (sample, _), result in zip(batch, results, strict=True):
            _take(measurement, sample, result, size)
        progress(len(measurement.scores) + len(measurement.rejected))
    if not measurement.scores:
        msg = f"None of the {len(queries)} test pictures can be read; mend or replace them."
        raise BadImage(msg)
    return measurement


def decoded(
    queries: Sequence[Sample], window: Window | None, rejected: dict[str, str]
) -> Iterator[list[tuple[Sample, LoadedImage]]]:
    """Yield decoded pictures in their order, few enough at a time for large ones to fit.

    Args:
        queries: The pictures.
        window: Intensity window of deep pictures; None lets each find its own.
        rejected: Is told each picture that cannot be read, and why.
    """
    batch: list[tuple[Sample, LoadedImage]] = []
    n_pixels = 0
    for sample in queries:
        try:
            image = load_image(sample.path, window=window)
        except BadImage as error:
            rejected[f"{sample.defect_type}/{sample.path.name}"] = str(error)
            continue
        batch.append((sample, image))
        n_pixels += image.pixels.shape[0] * image.pixels.shape[1]
        if len(batch) == _BATCH_PICTURES or n_pixels >= _BATCH_PIXELS:
            yield batch
            batch, n_pixels = [], 0
    if batch:
        yield batch


def resize_map(anomaly_map: AnomalyMap, size: int) -> AnomalyMap:
    """Return the map [H, W] at [size, size], bilinear and pixel-aligned."""
    resized = cv2.resize(anomaly_map, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.float32)


def _take(measurement: Measurement, sample: Sample, result: AnomalyResult, size: int) -> None:
    measurement.scores.append(float(result.score))
    measurement.labels.append(sample.label)
    measurement.routed.append(result.category)
    mask: BinaryMask | None = None
    try:
        mask = load_mask(sample, size, size)
    except BadImage as error:
        measurement.rejected[f"mask of {sample.path.name}"] = str(error)
    if mask is None:
        measurement.n_without_mask += 1
    elif measurement.pixels is not None:
        measurement.pixels.add(result.fused_map, mask, sample.label)
