"""Write an inspection to files that stand on their own: numbers, maps and pictures.

The layout of a folder is part of the public contract: ``results.json``,
``<stem>_{base,residual,fused}.npy``, ``<stem>_overlay.png`` and ``<stem>_mask.png``.
"""

import json
import platform
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import numpy as np

from adapp import __version__
from adapp.core.errors import UsageError
from adapp.core.results import Calibration, Provenance
from adapp.data.images import LoadedImage
from adapp.rendering.colormaps import MAP_RANGES, colormap_choices
from adapp.rendering.overlay import colorize, encode_png, mask_image
from adapp.services.fusion import scored_weight
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.region_types import (
    only_if_anomalous,
    picture_types,
    region_types,
    types_json,
)
from adapp.services.regions import (
    Match,
    Region,
    Thresholds,
    default_min_pixels,
    region_mask,
    regions,
    verdict,
)
from adapp.services.views import ViewOptions, map_of, matches, show

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

_LONGEST_STEM = 200  # bytes; 255 is what file systems take, with the ending
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")


def write_results(
    inspection: Inspection,
    out_dir: Path,
    thresholds: Thresholds | None = None,
    *,
    map_pictures: bool = False,
) -> Path:
    """Write ``inspection`` into ``out_dir`` and return the path of ``results.json``.

    Args:
        inspection: What to write.
        out_dir: Folder; made if it does not exist, files of the same names are replaced.
        thresholds: The user's thresholds; None takes the calibrated ones.
        map_pictures: Whether each map is written as a coloured PNG too.

    Raises:
        UsageError: If the folder cannot be written to.
    """
    limits = thresholds or Thresholds.of(inspection.calibration)
    writer = ResultsWriter(out_dir, lambda _: limits, map_pictures=map_pictures)
    for outcome in inspection.outcomes:
        writer.add(outcome, inspection)
    return writer.finish(inspection)


class ResultsWriter:
    """Writes an inspection query by query, so that no run has to fit into memory.

    Args:
        out_dir: Folder; made if it does not exist, files of the same names are replaced.
        limits: Returns the thresholds for a calibration; the calibrated ones by default.
        map_pictures: Whether each map is written as a coloured PNG too.
        with_paths: Whether the names of the pictures are told with their folders.

    Raises:
        UsageError: If the folder cannot be made.
    """

    def __init__(
        self,
        out_dir: Path,
        limits: Callable[[Calibration], Thresholds] = Thresholds.of,
        *,
        map_pictures: bool = False,
        with_paths: bool = False,
    ) -> None:
        self._out_dir = out_dir
        self._limits = limits
        self._map_pictures = map_pictures
        self._name = _path if with_paths else _name
        self._taken: set[str] = set()
        self._queries: list[dict[str, Json]] = []
        with writing(out_dir):
            out_dir.mkdir(parents=True, exist_ok=True)

    def add(self, outcome: QueryOutcome, inspection: Inspection) -> Mapping[str, Json]:
        """Write the files of one query and return what ``results.json`` will say about it.

        Raises:
            UsageError: If the folder cannot be written to.
        """
        limits = self._limits(inspection.calibration)
        place = self._out_dir / unique_stem(_file_name(outcome.image), self._taken)
        with writing(self._out_dir):
            files = _write_outcome(outcome, place, limits, map_pictures=self._map_pictures)
        told = only_if_anomalous(query_json(outcome, inspection, limits))
        self._queries.append({"name": self._name(outcome.image), **told, "files": files})
        return self._queries[-1]

    def finish(self, inspection: Inspection) -> Path:
        """Write ``results.json`` and return its path; ``inspection`` is the run's last state.

        Raises:
            UsageError: If the folder cannot be written to.
        """
        limits = self._limits(inspection.calibration)
        report = run_json(inspection, limits)
        report["support"] = [self._name(image) for image in inspection.support]
        report["queries"] = self._queries
        target = self._out_dir / "results.json"
        with writing(self._out_dir):
            # File names that are no text hold lone surrogates; escaped they stay valid JSON.
            target.write_bytes(to_json(report).encode("utf-8", "backslashreplace"))
        return target


def write_archive(folder: Path, archive: Path) -> Path:
    """Pack the files of an exported ``folder`` into the ZIP file ``archive`` and return it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, file.name)
    return archive


def to_json(content: Mapping[str, Json]) -> str:
    """Return ``content`` as JSON text.

    Raises:
        ValueError: If a number is not finite.
    """
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def unique_stem(name: str, taken: set[str]) -> str:
    """Return a safe file stem for ``name`` that is not in ``taken``, and add it there.

    A safe name keeps its own stem; the second of two equal ones, case aside, gets ``-2``.
    """
    plain = _safe_stem(name)
    stem, number = plain, 1
    while stem.casefold() in taken:
        number += 1
        stem = f"{plain}-{number}"
    taken.add(stem.casefold())
    return stem


def _safe_stem(name: str) -> str:
    stem = Path(re.sub(r"[/\\]", "/", name)).stem
    stem = unicodedata.normalize("NFC", stem).encode("utf-8", "replace").decode("utf-8")
    stem = "".join(char for char in stem if unicodedata.category(char) not in {"Cc", "Cf"})
    stem = _UNSAFE.sub("_", stem).encode()[:_LONGEST_STEM].decode("utf-8", "ignore")
    stem = stem.rstrip(". ").lstrip(".")
    if not stem.strip():
        return "query"
    return f"_{stem}" if _RESERVED.match(stem) else stem


@contextmanager
def writing(out_dir: Path) -> Iterator[None]:
    """Turn a failure to write into one the user can mend."""
    try:
        yield
    except OSError as error:
        msg = f"Cannot write to {out_dir}: {error.strerror or error}. Choose another folder."
        raise UsageError(msg) from error


def _write_outcome(
    outcome: QueryOutcome, place: Path, thresholds: Thresholds, *, map_pictures: bool
) -> dict[str, Json]:
    """Write the files of one query; return their names by kind."""
    fused = outcome.result.fused_map
    mask = region_mask(fused, thresholds.pixel, default_min_pixels(fused.shape))
    pictures = {
        "overlay": encode_png(show(outcome, thresholds, ViewOptions())),
        "mask": encode_png(mask_image(mask)),
    }
    files: dict[str, Json] = {}
    for kind in MAP_RANGES:
        values = map_of(outcome.result, kind)
        name = f"{place.name}_{kind}.npy"
        np.save(place.with_name(name), values.astype(np.float32), allow_pickle=False)
        files[kind] = name
        if map_pictures:
            colors = colorize(values, *MAP_RANGES[kind], colormap_choices(kind)[0])
            pictures[f"{kind}_picture"] = encode_png(colors)
    for picture, data in pictures.items():
        name = f"{place.name}_{picture.removesuffix('_picture')}.png"
        place.with_name(name).write_bytes(data)
        files[picture] = name
    return files


def run_json(inspection: Inspection, thresholds: Thresholds) -> dict[str, Json]:
    """Return what ``results.json`` says about the run as a whole, without its pictures."""
    request, provenance = inspection.request, inspection.provenance
    return {
        "method": provenance.method,
        "preset": provenance.preset,
        "variant": provenance.variant,
        "checkpoint": provenance.checkpoint,
        "checkpoint_sha256": provenance.checkpoint_sha256,
        "licence": provenance.licence,
        "category": request.category,
        "seed": request.seed,
        "size": inspection.size or request.size,
        "tuned": request.tune,
        "tiles": request.tiles,
        "thresholds": {
            "image": float(thresholds.image),
            "pixel": float(thresholds.pixel),
            "review": float(thresholds.image if thresholds.review is None else thresholds.review),
        },
        "calibration": calibration_json(inspection.calibration),
        "support": [],
        "queries": [],
        "rejected": [
            {"name": item.path.name, "role": item.role, "reason": item.reason}
            for item in inspection.rejected
        ],
        "notes": list(inspection.notes),
        "stopped": inspection.stopped,
        "seconds": {stage: float(value) for stage, value in inspection.seconds.items()},
        "provenance": provenance_json(provenance),
    }


def query_json(
    outcome: QueryOutcome, inspection: Inspection, thresholds: Thresholds
) -> dict[str, Json]:
    """Return what ``results.json`` says about one picture, without its name and files.

    Types are told whatever the verdict; see ``only_if_anomalous``.
    """
    result = outcome.result
    judged = verdict(result.score, inspection.calibration, thresholds.image)
    found = regions(result.fused_map, thresholds.pixel)
    pairs = matches(outcome, found, inspection.support)
    height, width = result.fused_map.shape
    return {
        "score": float(result.score),
        "score_range": [float(bound) for bound in result.score_range],
        "verdict": judged.label,
        "grade": thresholds.grade(result.score),
        "threshold": float(judged.threshold),
        "unlikeness": judged.unlikeness,
        "position": judged.position,
        "height": height,
        "width": width,
        "category": result.category,
        "residual_weight": float(result.residual_weight),
        "score_residual_weight": float(scored_weight(outcome)),
        "area_percent": 100.0 * sum(region.area_fraction for region in found),
        "types": types_json(picture_types(result, thresholds.pixel)),
        "regions": [
            {
                **_region(region, pair, inspection.support),
                "types": types_json(region_types(result, region, thresholds.pixel)),
            }
            for region, pair in zip(found, pairs, strict=True)
        ],
        "notes": list(outcome.image.notes),
        "flags": list(outcome.image.flags),
        "seconds": float(outcome.seconds),
    }


def _region(region: Region, pair: Match | None, support: Sequence[LoadedImage]) -> dict[str, Json]:
    row0, column0, row1, column1 = region.box
    return {
        "box": [row0, column0, row1, column1],
        "height_px": row1 - row0,
        "width_px": column1 - column0,
        "area_px": region.area_px,
        "area_percent": 100.0 * region.area_fraction,
        "peak": list(region.peak),
        "peak_value": region.peak_value,
        "nearest_normal": None
        if pair is None
        else {
            "support": support[pair.support_index].name,
            "support_index": pair.support_index,
            "box": list(pair.support_box),
            "query_box": list(pair.query_box),
            "cost": pair.cost,
            "cost_ratio": pair.cost_ratio,
        },
    }


def calibration_json(calibration: Calibration) -> dict[str, Json]:
    """Return what the support says about normal scores."""
    return {
        "basis": calibration.basis,
        "n_normals": calibration.n_normals,
        "normal_scores": [float(score) for score in calibration.normal_scores],
        "image_threshold": float(calibration.image_threshold),
        "pixel_threshold": float(calibration.pixel_threshold),
        "note": calibration.note,
    }


def provenance_json(provenance: Provenance) -> dict[str, Json]:
    """Return what stands behind the numbers, with the versions of this program and of Python."""
    told = asdict(provenance)
    if provenance.type_accuracy is None:
        del told["type_accuracy"]
    told["trained_on"] = list(provenance.trained_on)
    told["fallbacks"] = list(provenance.fallbacks)
    return {**told, "adapp_version": __version__, "python": platform.python_version()}


def _file_name(image: LoadedImage) -> str:
    """Return the name as on disk; ``image.name`` is cut and cleaned for display."""
    return image.name if image.path is None else image.path.name


def _name(image: LoadedImage) -> str:
    return image.name


def _path(image: LoadedImage) -> str:
    return image.name if image.path is None else image.path.as_posix()
