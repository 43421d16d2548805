"""The manifest of a batch: everything that decides its numbers, so that it can run again."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

import adapp
from adapp.core.errors import UsageError
from adapp.data.survey import Agreement
from adapp.data.window import Window
from adapp.rendering.colormaps import MAP_RANGES
from adapp.services.batch_coco import SegmentationKind
from adapp.services.batch_folder import replacing
from adapp.services.benchmark_run import source_commit
from adapp.services.inspection import InspectionRequest

Manifest: TypeAlias = dict[str, Any]
FORMAT = "adapp batch 1"
_PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "pillow",
    "opencv-python-headless",
    "opencv-python",
    "faiss-cpu",
    "transformers",
    "open-clip-torch",
)


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What to inspect, with which method, and what to keep of it.

    Attributes:
        method: This and the next three as in ``InspectionRequest``.
        preset: See there.
        checkpoint: See there.
        category: See there.
        support: Pictures of normal parts, files.
        query: Pictures to inspect: files and folders.
        recursive: Whether pictures in subfolders count too.
        variant: This and the next three as in ``InspectionRequest``.
        seed: See there.
        size: See there.
        tune: See there.
        threshold: The user's own image threshold; None lets the support decide.
        pixel_threshold: The user's own pixel threshold; None likewise.
        maps: Which maps are kept as arrays.
        segmentation: How COCO tells the shape of a region.
        report_pictures: Largest number of pictures in the report.
    """

    method: str
    preset: str
    checkpoint: str
    category: str
    support: tuple[Path, ...]
    query: tuple[Path, ...]
    recursive: bool = False
    variant: str | None = None
    seed: int = 0
    size: int | None = None
    tune: bool = False
    threshold: float | None = None
    pixel_threshold: float | None = None
    maps: tuple[str, ...] = ()
    segmentation: SegmentationKind = "rle"
    report_pictures: int = 200

    def inspection(self) -> InspectionRequest:
        """Return the same as an inspection of no picture yet."""
        return InspectionRequest(
            method=self.method,
            preset=self.preset,
            checkpoint=self.checkpoint,
            category=self.category,
            support=self.support,
            query=(),
            variant=self.variant,
            seed=self.seed,
            size=self.size,
            tune=self.tune,
        )

    def check(self) -> None:
        """Let a request pass whose values are among the choices.

        Raises:
            UsageError: If a map or a segmentation does not exist.
        """
        unknown = [name for name in self.maps if name not in MAP_RANGES]
        if unknown:
            msg = f"There is no map {unknown[0]!r}; choose of {', '.join(MAP_RANGES)}."
            raise UsageError(msg)

    def settings(self) -> dict[str, Any]:
        """Return everything but the pictures, as the manifest tells it."""
        told = asdict(self)
        del told["support"], told["query"]
        return {**told, "maps": list(self.maps)}

    @classmethod
    def of(cls, manifest: Manifest) -> "BatchRequest":
        """Return the request behind a manifest.

        Raises:
            UsageError: If it lacks what a request needs.
        """
        try:
            told = dict(manifest["settings"])
            told["maps"] = tuple(told["maps"])
            return cls(
                **told,
                support=tuple(Path(item["path"]) for item in manifest["support"]),
                query=tuple(Path(path) for path in manifest["query"]["given"]),
            )
        except (KeyError, TypeError) as error:
            msg = f"The manifest is incomplete ({error}); take one that 'batch' wrote."
            raise UsageError(msg) from error


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in a file.

    Raises:
        UsageError: If the file cannot be read or is no manifest of a batch.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path} is no readable manifest; name the manifest.json of a batch."
        raise UsageError(msg) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        msg = f"{path} is not the manifest of a batch ({FORMAT}); name another file."
        raise UsageError(msg)
    return found


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write ``manifest`` to ``path``, whole or not at all.

    Raises:
        UsageError: If the place cannot be written to.
    """
    with replacing(path) as file:
        json.dump(manifest, file, indent=1, allow_nan=False)
        file.write("\n")


def file_record(path: Path) -> dict[str, Any]:
    """Return path, SHA-256 and size of a file; null for one that cannot be read."""
    absolute = str(path.absolute())
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return {"path": absolute, "sha256": digest, "bytes": file.tell()}
    except (OSError, ValueError):
        return {"path": absolute, "sha256": None, "bytes": None}


def versions() -> dict[str, str | None]:
    """Return the versions of this program, of Python, of the machine and of what computes."""
    found: dict[str, str | None] = {
        "adapp": adapp.__version__,
        "commit": source_commit(),
        "python": platform.python_version(),
        "machine": platform.platform(),
    }
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def agreement_json(agreement: Agreement) -> dict[str, Any]:
    """Return the agreement of a run as the manifest tells it."""
    window = agreement.window
    return {
        "window": None if window is None else asdict(window),
        "kind": agreement.kind,
        "notes": list(agreement.notes),
    }


def agreement_of(told: Mapping[str, Any]) -> Agreement:
    """Return the agreement that a manifest tells."""
    window = None if told["window"] is None else Window(**told["window"])
    return Agreement(window, told["kind"], tuple(told["notes"]))


def differences(before: Manifest, now: Manifest, names: Sequence[str]) -> list[str]:
    """Return the paths of settings in which two manifests differ, with both values."""
    found = []
    for name in names:
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
            found += [f"{key} was {old.get(key)}, is {new.get(key)}" for key in keys]
        elif old != new:
            found.append(f"{name} differs")
    return found
