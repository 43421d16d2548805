"""Measured parts of a table: each is one evaluation, kept on disk and never measured twice.

What is kept is found again only if everything that decides its numbers is the same: settings,
weights, the files of the data, and the project's own code.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from adapp.core.detector import Detector, Report
from adapp.core.settings import PACKAGE_ROOT, Settings
from adapp.data.dataset import Category, Dataset, Sample
from adapp.services.benchmark import DetectorFactory, EvaluationJson, EvaluationRequest, write_json
from adapp.services.benchmark_run import BenchmarkRun

_NAMED = ("open", "research")
_CODE = ("auxiliary", "backbones", "core", "data", "evaluation", "ops", "retrieval")
_MEASURING = ("services/benchmark_run.py", "services/measurement.py", "services/support.py")


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything but the data that decides a number; the fields of ``EvaluationRequest``."""

    method: str
    preset: str
    checkpoint: str
    variant: str | None
    shots: int
    seed: int
    limit: int | None
    size: int | None
    one_database: bool
    tune: bool

    def request(self) -> EvaluationRequest:
        """Return the evaluation to run; the data are handed over as they are."""
        return EvaluationRequest(roots=(), **asdict(self))


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One evaluation: a setting on one category, or on all that share a database."""

    setting: Setting
    categories: tuple[Category, ...]

    @property
    def title(self) -> str:
        """What is measured, in a few words for a progress bar."""
        names = self.categories[0].name
        if len(self.categories) > 1:
            names = f"{names.split('/')[0]} ({len(self.categories)} categories)"
        step = f" {self.setting.variant}" if self.setting.variant else ""
        return f"{self.setting.method}{step}, {names}, {self.setting.shots} normals"


class CellStore:
    """Runs cells, keeps their results as JSON files and finds them again.

    Args:
        folder: Where the files lie; made when the first one is written.
        factory: Loads a detector.
        settings: Where checkpoints lie.
    """

    def __init__(
        self, folder: Path, factory: DetectorFactory, settings: Settings | None = None
    ) -> None:
        self._folder = folder
        self._factory = factory
        self._checkpoints = (settings or Settings()).checkpoints_dir
        self._loaded: tuple[object, Detector] | None = None
        self.reused = 0
        self.measured = 0

    def result(self, cell: Cell, report: Report | None = None) -> EvaluationJson:
        """Return the contract JSON of ``cell``, from its file if that still holds.

        Raises:
            AdappError: If the detector cannot be loaded or cannot do what is asked.
        """
        key = self._key(cell)
        path = self._folder / self._file_name(cell, key)
        kept = _read(path, key)
        if kept is not None:
            self.reused += 1
            return kept
        dataset = Dataset(cell.categories[0].name.split("/")[0], cell.categories)
        run = BenchmarkRun(cell.setting.request(), self._detector(cell.setting), report)
        result = run.result(dataset)
        if not result["skipped"]:  # what could not be measured is tried again the next time
            write_json({"key": key, "result": result}, path)
        self.measured += 1
        return result

    def _detector(self, setting: Setting) -> Detector:
        """The detector of a setting; the one loaded last is kept."""
        asked = {
            name: value
            for name, value in asdict(setting).items()
            if name in {"preset", "checkpoint", "variant", "size", "seed"}
        }
        place = (setting.method, *asked.values())
        if self._loaded is None or self._loaded[0] != place:
            self._loaded = None  # two at a time may not fit into memory
            self._loaded = (place, self._factory(setting.method, **asked))
        return self._loaded[1]

    def _key(self, cell: Cell) -> dict[str, Any]:
        return {
            **asdict(cell.setting),
            "weights": weights_hash(
                (cell.setting.method, "bridge"),
                cell.setting.preset,
                cell.setting.checkpoint,
                self._checkpoints,
            ),
            "code": _code(cell.setting.method),
            "data": {category.name: _files(category) for category in cell.categories},
        }

    def _file_name(self, cell: Cell, key: dict[str, Any]) -> str:
        setting, first = cell.setting, cell.categories[0].name
        data = first.split("/")[0] if len(cell.categories) > 1 else first.replace("/", "-")
        step = setting.variant or "whole"
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        return f"{setting.method}-{step}-{data}-{setting.shots}-{setting.seed}-{digest}.json"


def _read(path: Path, key: dict[str, Any]) -> EvaluationJson | None:
    """Return the kept result; None if there is none, or it is of something else."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(kept, dict) or kept.get("key") != json.loads(json.dumps(key)):
        return None
    result: EvaluationJson = kept["result"]
    return result


def _code(method: str) -> str:
    return code_hash((*_CODE, f"methods/{method}"), _MEASURING)


@cache
def code_hash(folders: tuple[str, ...], modules: tuple[str, ...]) -> str:
    """Return a hash of the source files that have a say in numbers.

    Args:
        folders: Folders of the package.
        modules: Single files of it.
    """
    whole = [PACKAGE_ROOT / name for name in folders]
    files = [path for folder in whole for path in sorted(folder.rglob("*.py"))]
    return _hash([*files, *(PACKAGE_ROOT / name for name in modules)])


def weights_hash(stems: tuple[str, ...], preset: str, checkpoint: str, folder: Path) -> str:
    """Return a hash of the files of trained weights that may be read.

    Args:
        stems: First words of shipped files: methods and what serves them.
        preset: Preset of the shipped files.
        checkpoint: ``open``, ``research`` or a file, which then is the only one.
        folder: Where shipped files lie.
    """
    if checkpoint not in _NAMED:
        return _hash_once((Path(checkpoint).expanduser(),))
    ending = f"{preset}-{checkpoint}*.safetensors"
    return _hash_once(
        tuple(path for stem in stems for path in sorted(folder.glob(f"{stem}-{ending}")))
    )


@cache
def _hash_once(files: tuple[Path, ...]) -> str:
    """Return the hash of files that do not change while a table is measured."""
    return _hash(files)


def _hash(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes() if path.is_file() else b"absent")
    return digest.hexdigest()


def _files(category: Category) -> str:
    """Return a hash of name, size and time of every file of a category."""
    digest = hashlib.sha256()
    for sample in (*category.train_normal, *category.test):
        digest.update(f"{sample.label} {sample.defect_type}".encode())
        for path in _paths(sample):
            found = path.stat() if path.exists() else None
            stamp = (found.st_size, found.st_mtime_ns) if found else None
            digest.update(repr((str(path), stamp)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _paths(sample: Sample) -> list[Path]:
    return [sample.path] if sample.mask_path is None else [sample.path, sample.mask_path]
