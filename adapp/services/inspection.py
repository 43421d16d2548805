"""Inspect pictures of parts against pictures of good ones, step by step.

``inspect`` is a generator, so the app can show each finished query and stop between two; the
command line drains it behind a progress bar.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from adapp.core.detector import FittedDetector, SupportSet
from adapp.core.errors import BadImage, Cancelled, UnsupportedRegime, UsageError
from adapp.core.results import AnomalyResult, Calibration, Provenance
from adapp.data.images import LoadedImage, Rejection, RunReader
from adapp.data.intake import MAX_RUN_PIXELS
from adapp.methods.registry import METHODS
from adapp.services.advice import advice, method_notes
from adapp.services.pool import DetectorKey, DetectorPool
from adapp.services.progress import never, streamed
from adapp.services.tiling import MOST_TILES, TiledFitted, tiled_support


@dataclass(frozen=True, slots=True)
class InspectionRequest:
    """What to inspect, with which method.

    Attributes:
        method: Registry key of the method.
        preset: Frozen encoder behind it: ``embedded``, ``paper`` or ``tiny``.
        checkpoint: ``open``, ``research`` or the path of a checkpoint file.
        category: Name of the part; may be empty.
        support: Pictures of normal parts.
        query: Pictures to inspect.
        variant: Step of the ablation ladder; None takes the method's default.
        seed: Seed of everything random.
        size: Side of the square the encoder sees, in pixels; None takes the preset's own.
        tune: Whether the trained part is tuned on the support first.
        tiles: Number of tiles along one side into which every picture is cut; 1 cuts none.
    """

    method: str
    preset: str
    checkpoint: str
    category: str
    support: tuple[Path, ...]
    query: tuple[Path, ...]
    variant: str | None = None
    seed: int = 0
    size: int | None = None
    tune: bool = False
    tiles: int = 1

    @property
    def detector_key(self) -> DetectorKey:
        """Everything that decides which detector answers."""
        return DetectorKey(
            method=self.method,
            preset=self.preset,
            checkpoint=self.checkpoint,
            variant=self.variant,
            size=self.size,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class QueryOutcome:
    """One inspected picture.

    Attributes:
        image: The picture.
        result: What the method says about it.
        seconds: Time of its prediction alone.
        scored_weight: Residual weight behind the score, where a user had the maps fused anew
            with another one; None where they are as the method made them.
    """

    image: LoadedImage
    result: AnomalyResult
    seconds: float
    scored_weight: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """Everything a run found.

    Attributes:
        request: What was asked for.
        support: Normal pictures that were used, in the order of ``nearest_normal`` indices.
        rejected: Pictures that were refused, each with its reason.
        outcomes: Inspected pictures in the order of the request.
        calibration: What the support says about normal scores.
        provenance: Method, encoder, weights and seed behind the numbers.
        notes: Sentences for the user, each with a next step where there is one.
        seconds: Time per stage: ``read``, ``load``, ``fit``, ``tune`` (if asked), ``inspect``.
        stopped: Whether the user stopped the run before the last query.
        size: Side of the square the encoder saw, in pixels; None if the detector does not tell.
    """

    request: InspectionRequest
    support: tuple[LoadedImage, ...]
    rejected: tuple[Rejection, ...]
    outcomes: tuple[QueryOutcome, ...]
    calibration: Calibration
    provenance: Provenance
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    stopped: bool = False
    size: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class InspectionUpdate:
    """A step of a running inspection.

    Attributes:
        stage: What is being done now, in words for the user.
        done: Steps of this stage that are finished.
        total: Steps of this stage in all; 0 if unknown.
        inspection: What is finished so far; None until the first query is done.
    """

    stage: str
    done: int
    total: int
    inspection: Inspection | None


def inspect(
    request: InspectionRequest,
    pool: DetectorPool,
    cancelled: Callable[[], bool] = never,
    *,
    keep_last: int | None = None,
) -> Generator[InspectionUpdate, None, None]:
    """Yield the steps of an inspection; the last update holds all that was found.

    When ``cancelled`` turns true the run ends at the next step with an update named "Stopped"
    that keeps the finished queries (its inspection is None if there are none).

    Args:
        request: What to inspect, with which method.
        pool: Where detectors come from.
        cancelled: Tells whether the user has stopped this run.
        keep_last: Number of outcomes an inspection holds, to bound memory in long runs whose
            caller stores each outcome as it comes; None keeps all.

    Raises:
        UsageError: If there is no query, or the method does not exist.
        UnsupportedRegime: If the method needs normal pictures and none is usable.
        BadImage: If no query could be read.
        ModelUnavailable: If the preset's weights are not on this machine.
    """
    run = _Run(request, pool, cancelled, keep_last)
    try:
        yield from run.steps()
    except Cancelled:
        yield run.stopped()


def drain(updates: Iterator[InspectionUpdate]) -> Inspection:
    """Return the complete inspection behind ``updates``.

    Raises:
        Cancelled: If the run was stopped before its first query was done.
    """
    inspection = None
    for update in updates:
        inspection = update.inspection
    if inspection is None:
        msg = "The run was stopped before the first picture was inspected; press Run again."
        raise Cancelled(msg)
    return inspection


class _Run:
    """The state of one inspection between its steps."""

    def __init__(
        self,
        request: InspectionRequest,
        pool: DetectorPool,
        cancelled: Callable[[], bool],
        keep_last: int | None,
    ) -> None:
        self.request = request
        self.pool = pool
        self.cancelled = cancelled
        self.keep_last = keep_last
        self.seconds: dict[str, float] = {}
        self.done = 0
        self.latest: Inspection | None = None

    def steps(self) -> Iterator[InspectionUpdate]:
        """Yield every step that takes time; ``Cancelled`` leaves what is finished in ``latest``."""
        request, key = self.request, self.request.detector_key
        _check_request(request)
        yield self._begin("Reading pictures", len(request.support))
        with self._timed("read"):
            reader = RunReader(request.support, request.query)
        check_support(request, reader)
        if not self.pool.loaded(key):
            yield self._begin("Loading model", 1)
        with self._timed("load"):
            self.pool.detector(key)
        learns = METHODS[request.method].learns_support
        stage = "Learning the normal parts" if learns else "Preparing the prompts"
        pictures = SupportSet(request.category, [image.pixels for image in reader.support])
        support = tiled_support(pictures, request.tiles)
        if not self.pool.learned(key, support):
            yield self._begin(stage, len(reader.support) if learns else 0)
        with self._timed("fit"):
            fitted = self.pool.fitted(key, support, self.cancelled)
        if request.tune:
            fitted = yield from self._tune(support)
        if request.tiles > 1:
            with self._timed("fit"):
                tiles = self.pool.calibration(fitted, self.cancelled)
            fitted = TiledFitted(fitted, request.tiles, len(reader.support), tiles)
        yield from self._predict(fitted, reader)

    def stopped(self) -> InspectionUpdate:
        """Return the last update of a run that the user stopped."""
        kept = self.latest and replace(self.latest, stopped=True)
        return InspectionUpdate("Stopped", self.done, len(self.request.query), kept)

    def _tune(self, support: SupportSet) -> Generator[InspectionUpdate, None, FittedDetector]:
        key = self.request.detector_key
        yield self._begin("Tuning", 0)
        with self._timed("tune"):
            work = streamed(lambda report: self.pool.tuned(key, support, report), self.cancelled)
            with closing(work):
                while True:
                    try:
                        step = next(work)
                    except StopIteration as finished:
                        return cast("FittedDetector", finished.value)
                    yield InspectionUpdate(f"Tuning: {step.stage}", step.done, step.total, None)

    def _predict(self, fitted: FittedDetector, reader: RunReader) -> Iterator[InspectionUpdate]:
        with self._timed("fit"):
            calibration = self.pool.calibration(fitted, self.cancelled)
        start = self._begun(fitted, calibration, reader)
        rejected = list(reader.rejected)
        outcomes: list[QueryOutcome] = []
        queries = reader.queries(room=self._room(reader))
        total = len(self.request.query)
        for number in range(1, total + 1):
            yield self._begin(f"Inspecting {number} of {total}", total, done=number - 1)
            with self._timed("read"):
                item = next(queries)
            if isinstance(item, Rejection):
                rejected.append(item)
            else:
                outcomes.append(self._outcome(fitted, item))
                del outcomes[: -(self.keep_last or total)]
                self.done += 1
            if self.done:
                self.latest = replace(
                    start,
                    outcomes=tuple(outcomes),
                    rejected=tuple(rejected),
                    seconds=dict(self.seconds),
                )
        if self.latest is None:
            msg = f"No picture to inspect could be read. {_reasons(rejected, 'query')}"
            raise BadImage(msg)
        yield InspectionUpdate("Done", total, total, self.latest)

    def _begun(
        self, fitted: FittedDetector, calibration: Calibration, reader: RunReader
    ) -> Inspection:
        """Return the inspection before its first query."""
        return Inspection(
            request=self.request,
            support=reader.support,
            rejected=reader.rejected,
            outcomes=(),
            calibration=calibration,
            provenance=fitted.provenance,
            notes=(*reader.notes, *self._remarks(len(reader.support)), *advice(calibration)),
            seconds={},
            size=getattr(self.pool.detector(self.request.detector_key), "size", None),
        )

    def _remarks(self, normals: int) -> tuple[str, ...]:
        return method_notes(METHODS[self.request.method], self.request.category, normals)

    def _outcome(self, fitted: FittedDetector, image: LoadedImage) -> QueryOutcome:
        start = time.perf_counter()
        with self._timed("inspect"):
            result = fitted.predict(image.pixels)
        return QueryOutcome(image, result, time.perf_counter() - start)

    def _room(self, reader: RunReader) -> int | None:
        """Return how many query pixels may be held; None if outcomes are not kept anyway."""
        if self.keep_last is not None:
            return None
        return MAX_RUN_PIXELS - sum(image.pixels.size // 3 for image in reader.support)

    def _begin(self, stage: str, total: int, done: int = 0) -> InspectionUpdate:
        if self.cancelled():
            msg = "The run was stopped."
            raise Cancelled(msg)
        return InspectionUpdate(stage, done, total, self.latest)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


def _check_request(request: InspectionRequest) -> None:
    if not request.query:
        msg = "There is no picture to inspect. Add at least one query picture."
        raise UsageError(msg)
    check_method(request)


def check_method(request: InspectionRequest) -> None:
    """Let a request pass whose method exists and has the support it needs.

    Raises:
        UsageError: If the method does not exist.
        UnsupportedRegime: If it needs normal pictures and none was given.
    """
    if not 1 <= request.tiles <= MOST_TILES:
        msg = f"Pictures are cut into 1 to {MOST_TILES} tiles a side, not {request.tiles}."
        raise UsageError(msg)
    info = METHODS.get(request.method)
    if info is None:
        msg = f"Method {request.method!r} does not exist. Choose one of: {', '.join(METHODS)}."
        raise UsageError(msg)
    if not request.support and info.needs_support:
        msg = f"{info.title} compares with normal parts. Add 1 to 8 normal pictures"
        alternatives = [other.title for other in METHODS.values() if not other.needs_support]
        msg += f", or switch to {alternatives[0]} (needs none)." if alternatives else "."
        raise UnsupportedRegime(msg)


def check_support(request: InspectionRequest, reader: RunReader) -> None:
    """Let a run pass of whose support at least one picture is usable, if the method needs any.

    Raises:
        BadImage: If none is.
    """
    if not reader.support and METHODS[request.method].needs_support:
        msg = f"No normal picture could be read. {_reasons(reader.rejected, 'support')}"
        raise BadImage(msg)


def _reasons(rejected: Sequence[Rejection], role: str) -> str:
    told = [item.reason for item in rejected if item.role == role]
    return " ".join(told[:3]) + (f" And {len(told) - 3} more." if len(told) > 3 else "")
