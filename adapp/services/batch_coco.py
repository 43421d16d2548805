"""A batch as COCO JSON: a box and a segmentation for every region."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TextIO, TypeAlias

import cv2
import numpy as np

import adapp
from adapp.core.results import AnomalyMap, BinaryMask
from adapp.services.batch_journal import Line
from adapp.services.region_types import only_if_anomalous
from adapp.services.regions import Region

Segmentation: TypeAlias = "dict[str, Any] | list[list[float]]"
SegmentationKind: TypeAlias = Literal["rle", "polygon"]

CATEGORY_ID = 1


def segmentations(
    anomaly_map: AnomalyMap, threshold: float, found: Sequence[Region], kind: SegmentationKind
) -> list[Segmentation]:
    """Return the shape of each region as COCO writes it, in the order of ``found``.

    Args:
        anomaly_map: The map the regions were found in, [H, W].
        threshold: The value they exceed.
        found: Regions of that map above that threshold.
        kind: ``rle`` keeps every pixel, holes included; ``polygon`` is the outer outline.
    """
    size = (anomaly_map.shape[0], anomaly_map.shape[1])
    shapes = [_shape(anomaly_map, threshold, region) for region in found]
    places = [(region.box[0], region.box[1]) for region in found]
    pairs = zip(shapes, places, strict=True)
    if kind == "rle":
        return [_run_lengths(shape, place, size) for shape, place in pairs]
    return [_outlines(shape, place) for shape, place in pairs]


def write_coco(
    lines: Callable[[], Iterable[Line]],
    names: Callable[[str], str],
    category: str,
    created: str,
    file: TextIO,
) -> None:
    """Write the COCO JSON of a batch, line by line.

    Args:
        lines: Starts reading the journal anew.
        names: Returns the file name to tell for a path.
        category: Name of the part; may be empty.
        created: Date of the run, ISO 8601.
        file: Where to write.
    """
    info = {
        "description": f"Anomalous regions, adapp {adapp.__version__}",
        "version": "1.0",
        "year": int(created[:4]),
        "date_created": created,
    }
    kinds = [{"id": CATEGORY_ID, "name": "anomaly", "supercategory": category or "part"}]
    file.write(f'{{"info": {json.dumps(info)}, "licenses": [],\n')
    file.write(f'"categories": {json.dumps(kinds)},\n"images": [\n')
    write_items(_images(lines(), names), file)
    file.write('],\n"annotations": [\n')
    write_items(_annotations(lines()), file)
    file.write("]}\n")


def write_items(items: Iterable[Any], file: TextIO) -> None:
    """Write JSON values one a line, with commas between them."""
    for number, item in enumerate(items):
        file.write(",\n" if number else "")
        file.write(json.dumps(item, allow_nan=False))
    file.write("\n")


def _images(lines: Iterable[Line], names: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if "refused" not in line:
            query = line["query"]
            yield {
                "id": line["number"],
                "file_name": names(line["path"]),
                "height": query["height"],
                "width": query["width"],
                "score": query["score"],
                "verdict": query["verdict"],
            }


def _annotations(lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    number = 0
    for line in lines:
        if "refused" in line:
            continue
        regions = only_if_anomalous(line["query"])["regions"]
        for region, segmentation in zip(regions, line["segmentations"], strict=True):
            number += 1
            row0, column0, row1, column1 = region["box"]
            yield {
                "id": number,
                "image_id": line["number"],
                "category_id": CATEGORY_ID,
                "bbox": [column0, row0, column1 - column0, row1 - row0],
                "area": region["area_px"],
                "segmentation": segmentation,
                "iscrowd": 0,
                "score": region["peak_value"],
                **_typed(region),
            }


def _typed(region: Mapping[str, Any]) -> dict[str, Any]:
    """Return the likeliest type of a region as attributes, and all; {} if none is told."""
    types = region.get("types")
    if not types:
        return {}
    best = types[0]
    named = {"defect_type": best["type"], "defect_type_probability": best["probability"]}
    return {"attributes": named, "defect_types": types}


def _shape(anomaly_map: AnomalyMap, threshold: float, region: Region) -> BinaryMask:
    """Return the region's own pixels inside its box."""
    row0, column0, row1, column1 = region.box
    above = (anomaly_map[row0:row1, column0:column1] > threshold).astype(np.uint8)
    _, labels = cv2.connectedComponents(above, connectivity=8)
    own = labels[region.peak[0] - row0, region.peak[1] - column0]
    return np.asarray(labels == own, dtype=np.bool_)


def _run_lengths(
    shape: BinaryMask, place: tuple[int, int], size: tuple[int, int]
) -> dict[str, Any]:
    """Return COCO's compressed run lengths: column by column, zeros first."""
    columns, rows = np.nonzero(shape.T)
    pixels = (columns + place[1]) * size[0] + rows + place[0]  # ascending
    breaks = np.flatnonzero(np.diff(pixels) > 1)
    starts = pixels[np.concatenate([[0], breaks + 1])]
    ends = pixels[np.concatenate([breaks, [len(pixels) - 1]])] + 1
    edges = np.concatenate([[0], np.stack([starts, ends], axis=1).ravel(), [size[0] * size[1]]])
    counts: list[int] = np.diff(edges).tolist()
    if counts[-1] == 0:
        counts.pop()
    return {"size": list(size), "counts": _compressed(counts)}


def _compressed(counts: Sequence[int]) -> str:
    """Return run lengths as text: differences to the last but one, five bits a character."""
    text = []
    for position, count in enumerate(counts):
        rest = count - counts[position - 2] if position > 2 else count
        more = True
        while more:
            bits = rest & 0x1F
            rest >>= 5
            more = rest != (-1 if bits & 0x10 else 0)
            text.append(chr(bits + (0x20 if more else 0) + 48))
    return "".join(text)


def _outlines(shape: BinaryMask, place: tuple[int, int]) -> list[list[float]]:
    """Return the outer outline, drawn a quarter of a pixel inside the pixels' outer edges."""
    doubled = shape.repeat(2, axis=0).repeat(2, axis=1).astype(np.uint8)
    outlines, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    offset = np.array([place[1], place[0]])
    return [((outline[:, 0] + 0.5) / 2 + offset).ravel().tolist() for outline in outlines]
