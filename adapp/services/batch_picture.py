"""One picture of a batch: read, inspected, its files written, its line for the journal made."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapp.core.detector import FittedDetector
from adapp.core.results import AnomalyMap
from adapp.data.images import LoadedImage, Rejection, RunReader, safe_name
from adapp.rendering.overlay import encode_png, mask_image
from adapp.services.batch_coco import segmentations
from adapp.services.batch_folder import BatchFolder, stem
from adapp.services.batch_journal import Line
from adapp.services.batch_manifest import BatchRequest, file_record
from adapp.services.batch_thumbnails import Thumbnails
from adapp.services.export import query_json, writing
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.regions import Thresholds, default_min_pixels, region_mask, regions
from adapp.services.views import map_of


@dataclass(frozen=True, slots=True, eq=False)
class ReadPicture:
    """A picture of the batch as it was read.

    Attributes:
        number: Its place in the list, from 1.
        path: Its file.
        sha256: Hash of the file's bytes; None if it could not be read.
        item: The picture, or why it was refused.
    """

    number: int
    path: Path
    sha256: str | None
    item: LoadedImage | Rejection


def read_picture(number: int, path: Path, reader: RunReader) -> ReadPicture:
    """Return picture ``number``, decoded and hashed."""
    return ReadPicture(number, path, file_record(path)["sha256"], reader.query(path))


@dataclass(frozen=True, slots=True, eq=False)
class PictureWork:
    """What every picture of a batch needs.

    Attributes:
        request: What to keep.
        folder: Where to.
        fitted: The detector, bound to the support.
        inspection: The run without its outcomes.
        thresholds: What counts as anomalous.
        thumbnails: Takes the most anomalous pictures.
    """

    request: BatchRequest
    folder: BatchFolder
    fitted: FittedDetector
    inspection: Inspection
    thresholds: Thresholds
    thumbnails: Thumbnails

    def line(self, read: ReadPicture) -> Line:
        """Inspect a picture, write its files and return its line.

        Raises:
            UsageError: If the folder cannot be written to.
        """
        line: Line = {
            "number": read.number,
            "path": str(read.path),
            "name": safe_name(read.path),
            "sha256": read.sha256,
        }
        if isinstance(read.item, Rejection):
            return {**line, "refused": read.item.reason}
        start = time.perf_counter()
        result = self.fitted.predict(read.item.pixels)
        outcome = QueryOutcome(read.item, result, time.perf_counter() - start)
        with writing(self.folder.root):
            files = self._write(stem(read.number, read.path), outcome)
        self.thumbnails.offer(read.number, outcome, self.thresholds)
        found = regions(result.fused_map, self.thresholds.pixel)
        return {
            **line,
            "query": query_json(outcome, self.inspection, self.thresholds),
            "segmentations": segmentations(
                result.fused_map, self.thresholds.pixel, found, self.request.segmentation
            ),
            "files": files,
        }

    def _write(self, name: str, outcome: QueryOutcome) -> dict[str, str]:
        fused: AnomalyMap = outcome.result.fused_map
        mask = region_mask(fused, self.thresholds.pixel, default_min_pixels(fused.shape))
        files = {"mask": f"{self.folder.masks.name}/{name}.png"}
        (self.folder.root / files["mask"]).write_bytes(encode_png(mask_image(mask)))
        for kind in self.request.maps:
            files[kind] = f"{self.folder.maps.name}/{name}_{kind}.npy"
            values = map_of(outcome.result, kind).astype(np.float32)
            np.save(self.folder.root / files[kind], values, allow_pickle=False)
        return files
