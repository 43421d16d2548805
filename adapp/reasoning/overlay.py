"""The detector's map as pictures: drawn over the query, and the strongest region enlarged.

Expert tokens of the plainest kind: any model that takes several pictures can read them, a server's
too. The map is drawn on its fixed scale 0..1, so a sound part stays as it is.
"""

import numpy as np
from PIL import Image

from adapp.core.reasoner import ReasoningRequest
from adapp.core.results import AnomalyMap, RgbImage
from adapp.reasoning.prompt import Part, Picture, Text
from adapp.reasoning.statements import number

_RED = np.array([230.0, 30.0, 20.0], dtype=np.float32)
_OPACITY = 0.6
_MARGIN = 0.25  # of the region's sides, on each side of the crop
_SMALLEST_CROP = 56  # two merged patches of the model


def overlay_parts(request: ReasoningRequest) -> tuple[Part, ...]:
    """Return the parts that show the map: overlay, crop of the first region, one sentence.

    Empty without a map.
    """
    if request.anomaly_map is None:
        return ()
    drawn = overlay(request.query, request.anomaly_map)
    parts: list[Part] = [
        Text("The same picture with the detector's map in red (full red is 1):\n"),
        Picture(drawn, "overlay"),
        Text("\n"),
    ]
    score = "" if request.facts is None else f"Score {number(request.facts.score)}. "
    if not request.regions:
        return (*parts, Text(f"{score}No region exceeds the pixel threshold.\n"))
    row0, column0, row1, column1 = request.regions[0].box
    parts += [
        Text("Region 1, enlarged:\n"),
        Picture(crop(request.query, request.regions[0].box), "crop"),
        Text(
            f"\n{score}Region 1 spans rows {row0} to {row1 - 1} and columns {column0} to "
            f"{column1 - 1} of {request.query.shape[0]} x {request.query.shape[1]}.\n"
        ),
    ]
    return tuple(parts)


def overlay(picture: RgbImage, anomaly_map: AnomalyMap) -> RgbImage:
    """Return ``picture`` tinted red where the map [H, W] in [0, 1] is high, [H, W, 3]."""
    weight = _OPACITY * np.clip(anomaly_map, 0.0, 1.0)[:, :, None]  # [H, W, 1]
    blended = (1.0 - weight) * picture.astype(np.float32) + weight * _RED
    return np.asarray(np.rint(blended), dtype=np.uint8)


def crop(picture: RgbImage, box: tuple[int, int, int, int]) -> RgbImage:
    """Return the box with a margin, enlarged where it is smaller than what a model sees."""
    height, width = picture.shape[:2]
    row0, column0, row1, column1 = box
    rows, columns = round(_MARGIN * (row1 - row0)), round(_MARGIN * (column1 - column0))
    cut = picture[
        max(row0 - rows, 0) : min(row1 + rows, height),
        max(column0 - columns, 0) : min(column1 + columns, width),
    ]
    factor = -(-_SMALLEST_CROP // min(cut.shape[:2]))
    if factor <= 1:
        return np.ascontiguousarray(cut)
    size = (cut.shape[1] * factor, cut.shape[0] * factor)
    return np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC))
