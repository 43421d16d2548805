"""One evaluation from start to finish: supports drawn, detector fitted, categories measured."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import adapp
from adapp.core.detector import (
    Detector,
    FittedDetector,
    ManyCategories,
    Report,
    SupportSet,
    Tunable,
)
from adapp.core.errors import AdappError, Cancelled, UsageError
from adapp.core.results import Provenance
from adapp.core.settings import PROJECT_ROOT
from adapp.data.dataset import Category, Dataset, Sample
from adapp.data.selection import limited_queries
from adapp.data.window import Window
from adapp.evaluation.metrics import METRICS, image_metrics, mean_metrics
from adapp.evaluation.table import ANOMALOUS_ABOVE, GOOD_BELOW
from adapp.services.measurement import Measurement, measure
from adapp.services.support import DrawnSupport, PicturesOnDisk, draw_support, shared_window

DEFAULT_SIZE = 336  # pixels; the embedded preset's own
EvaluationJson: TypeAlias = dict[str, Any]
_ROUTING = "routing_accuracy"


class DetectorFactory(Protocol):
    """Loads a detector; :func:`adapp.load_detector` is one."""

    def __call__(
        self,
        name: str,
        *,
        preset: str = ...,
        checkpoint: str = ...,
        variant: str | None = ...,
        size: int | None = ...,
        seed: int = ...,
    ) -> Detector:
        """Return the detector with its weights loaded and frozen."""
        ...


@runtime_checkable
class HasSize(Protocol):
    """A detector that names the side of the square its encoder sees, in pixels."""

    @property
    def size(self) -> int:
        """Side of that square."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to measure; the fields are the arguments of ``benchmark.evaluate``.

    Raises:
        UsageError: If a number lies outside its range.
    """

    method: str
    roots: tuple[Path, ...]
    preset: str = "embedded"
    checkpoint: str = "open"
    variant: str | None = None
    shots: int = 4
    seed: int = 0
    limit: int | None = None
    size: int | None = None
    one_database: bool = False
    tune: bool = False

    def __post_init__(self) -> None:
        for name, value, least in (
            ("shots", self.shots, 0),
            ("seed", self.seed, 0),
            ("limit", self.limit, 1),
            ("size", self.size, 1),
        ):
            if value is not None and value < least:
                msg = f"--{name} {value} is too small: give {least} or more."
                raise UsageError(msg)

    def load(self, factory: DetectorFactory) -> Detector:
        """Return the detector that is to be measured.

        Raises:
            ModelUnavailable: If the preset's weights are not on this machine.
            CheckpointMismatch: If the checkpoint does not fit.
        """
        return factory(
            self.method,
            preset=self.preset,
            checkpoint=self.checkpoint,
            variant=self.variant,
            size=self.size,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One category about to be measured."""

    category: Category
    queries: tuple[Sample, ...]
    support: DrawnSupport
    window: Window | None


@dataclass(slots=True, eq=False)
class BenchmarkRun:
    """An evaluation under way.

    Attributes:
        request: What was asked for.
        detector: The method, loaded.
        report: Told the category at work and the test pictures finished of all; may be None.
    """

    request: EvaluationRequest
    detector: Detector
    report: Report | None = None
    _shots: int = field(init=False)
    _size: int = field(init=False)
    _notes: list[str] = field(init=False, default_factory=list[str])
    _rows: dict[str, dict[str, Any]] = field(init=False, default_factory=dict[str, dict[str, Any]])
    _skipped: dict[str, str] = field(init=False, default_factory=dict[str, str])
    _scores: list[float] = field(init=False, default_factory=list[float])
    _labels: list[int] = field(init=False, default_factory=list[int])
    _provenance: list[Provenance] = field(init=False, default_factory=list[Provenance])
    _done: int = field(init=False, default=0)
    _total: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        request, detector = self.request, self.detector
        own_size = detector.size if isinstance(detector, HasSize) else DEFAULT_SIZE
        self._size = request.size or own_size
        takes_support = bool(detector.regimes & {"few_shot", "full_shot"})
        self._shots = request.shots if takes_support else 0
        if self._shots < request.shots:
            self._notes.append(f"{detector.name} uses no normal pictures; it ran zero-shot.")
        if self._shots == 0 and (request.one_database or request.tune):
            msg = f"{detector.name} has no support here to share or to tune on: give --shots 1."
            raise UsageError(msg)
        if request.one_database and not isinstance(detector, ManyCategories):
            msg = f"{detector.name} cannot hold several categories in one database; leave that out."
            raise UsageError(msg)

    def result(self, dataset: Dataset) -> EvaluationJson:
        """Return the contract JSON of all categories of ``dataset``.

        Raises:
            UsageError: If tuning is asked of a detector that cannot be tuned.
            Cancelled: If the report raises it.
        """
        self._skipped = dict(dataset.skipped)
        queries = {
            category.name: limited_queries(category, self.request.limit, self.request.seed)
            for category in dataset.categories
        }
        self._total = sum(len(samples) for samples in queries.values())
        if self.request.one_database:
            self._measure_together(dataset.categories, queries)
        else:
            for category in dataset.categories:
                self._measure_alone(category, queries[category.name])
        return self._as_json()

    def _measure_alone(self, category: Category, queries: tuple[Sample, ...]) -> None:
        try:
            job = self._job(category, queries)
            if job is None:
                return
            start = time.perf_counter()
            fitted = self._tuned(self.detector.fit(SupportSet(category.part, job.support.images)))
            self._measure(job, fitted, time.perf_counter() - start)
        except (Cancelled, UsageError):
            raise
        except AdappError as error:
            self._skip(category, len(queries), str(error))

    def _measure_together(
        self, categories: Sequence[Category], queries: Mapping[str, tuple[Sample, ...]]
    ) -> None:
        jobs = [self._job(category, queries[category.name]) for category in categories]
        ready = [job for job in jobs if job is not None]
        if not ready or not isinstance(self.detector, ManyCategories):
            return
        supports = [SupportSet(job.category.name, _on_disk(job)) for job in ready]
        start = time.perf_counter()
        fitted = self._tuned(self.detector.fit_many(supports))
        seconds = (time.perf_counter() - start) / len(ready)
        for job in ready:
            try:
                self._measure(job, fitted, seconds)
            except Cancelled:
                raise
            except AdappError as error:
                self._skip(job.category, len(job.queries), str(error))

    def _job(self, category: Category, queries: tuple[Sample, ...]) -> _Job | None:
        """The category with its support drawn; None, with the reason kept, if it cannot run."""
        reason = self._unsuitable(category)
        if reason is None:
            train = category.train_normal if self._shots else ()
            window = shared_window((*train, *queries))
            support = draw_support(category, self._shots, self.request.seed, window)
            if len(support.samples) > 0 or self._shots == 0:
                if len(support.samples) < self._shots:
                    few = f"only {len(support.samples)} of {self._shots} normal pictures"
                    self._notes.append(f"{category.name}: {few} to compare with.")
                return _Job(category, queries, support, window)
            reason = "none of its normal pictures can be read"
        self._skip(category, len(queries), reason)
        return None

    def _unsuitable(self, category: Category) -> str | None:
        if not category.test:
            return "no test picture"
        if self._shots == 0 and "zero_shot" not in self.detector.regimes:
            return f"{self.detector.name} needs normal pictures: give --shots 1 or more"
        if self._shots > 0 and not category.train_normal:
            return f"no normal picture in train/good, and {self.detector.name} needs some"
        return None

    def _tuned(self, fitted: FittedDetector) -> FittedDetector:
        if not self.request.tune:
            return fitted
        if not isinstance(fitted, Tunable):
            msg = f"{self.detector.name} ({self.detector.variant}) has nothing to tune."
            raise UsageError(msg)
        return fitted.tune()

    def _measure(self, job: _Job, fitted: FittedDetector, fit_seconds: float) -> None:
        name, before = job.category.name, self._done

        def progress(finished: int) -> None:
            self._done = before + finished
            if self.report is not None:
                self.report(name, self._done, self._total)

        progress(0)
        measured = measure(fitted, job.queries, self._size, job.window, progress)
        self._provenance.append(fitted.provenance)
        self._scores += measured.scores
        self._labels += measured.labels
        verdicts = measured.verdicts(fitted.calibration())
        self._rows[name] = self._row(job, measured) | verdicts | {"fit_seconds": fit_seconds}

    def _row(self, job: _Job, measured: Measurement) -> dict[str, Any]:
        name = job.category.name
        truth = name if self.request.one_database else None
        row = measured.row(routing_truth=truth, seed=self.request.seed)
        row["rejected"] = job.support.rejected | row["rejected"]
        row["support"] = [sample.path.name for sample in job.support.samples]
        trained_on = self._provenance[-1].trained_on
        row["in_training_data"] = name in trained_on or name.split("/")[0] in trained_on
        return row

    def _skip(self, category: Category, n_queries: int, reason: str) -> None:
        self._skipped[category.name] = reason
        self._total -= n_queries

    def _as_json(self) -> EvaluationJson:
        request = self.request
        names = (*METRICS, GOOD_BELOW, ANOMALOUS_ABOVE)
        if request.one_database:
            names = (*names, _ROUTING)
        return {
            "method": request.method,
            "preset": request.preset,
            "variant": self.detector.variant,
            "setting": self._setting(),
            "shots": self._shots,
            "seed": request.seed,
            "size": self._size,
            "limit": request.limit,
            "categories": self._rows,
            "mean": mean_metrics(self._rows, names),
            "pooled": image_metrics(self._scores, self._labels),
            "skipped": self._skipped,
            "notes": self._notes,
            "provenance": _provenance_json(self._provenance),
        }

    def _setting(self) -> str:
        if self._shots == 0:
            return "zero_shot"
        setting = "multi_class" if self.request.one_database else "few_shot"
        return f"{setting}_tuned" if self.request.tune else setting


def _on_disk(job: _Job) -> PicturesOnDisk:
    return PicturesOnDisk([sample.path for sample in job.support.samples], job.window)


def _provenance_json(found: Sequence[Provenance]) -> dict[str, Any]:
    """What stands behind all rows; fallbacks of any category are told."""
    first = found[0] if found else None
    fallbacks = dict.fromkeys(text for provenance in found for text in provenance.fallbacks)
    return {
        "backbone": first.backbone if first else None,
        "checkpoint": first.checkpoint if first else None,
        "checkpoint_sha256": first.checkpoint_sha256 if first else None,
        "trained_on": list(first.trained_on) if first else [],
        "licence": first.licence if first else None,
        "adapp_version": adapp.__version__,
        "commit": source_commit(),
        "torch": _version("torch"),
        "device": first.device if first else None,
        "dtype": first.dtype if first else None,
        "fallbacks": list(fallbacks),
    }


def source_commit() -> str | None:
    """Return the checkout's commit, marked if files differ from it; None outside a checkout."""
    if not (PROJECT_ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and the package's own folder
            command, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
