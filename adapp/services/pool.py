"""Detectors that are loaded once and shared, and the fitted ones used last."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Generic, Protocol, TypeVar, cast

from adapp.core.detector import Detector, FittedDetector, Report, SupportSet, Tunable
from adapp.core.errors import Cancelled, UsageError
from adapp.core.results import Calibration
from adapp.methods import registry
from adapp.services.progress import never

Value = TypeVar("Value")

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class DetectorKey:
    """Everything that decides which detector answers; see ``InspectionRequest``."""

    method: str
    preset: str
    checkpoint: str = "open"
    variant: str | None = None
    size: int | None = None
    seed: int = 0


class Loader(Protocol):
    """Builds a detector: ``adapp.methods.registry.load`` or a test's own."""

    def __call__(
        self,
        name: str,
        *,
        preset: str,
        checkpoint: str,
        variant: str | None,
        size: int | None,
        seed: int,
    ) -> Detector:
        """Return the detector ``name`` with its weights loaded and frozen."""
        ...


class DetectorPool:
    """Lazy, thread-safe store of detectors and of the fitted detectors used last.

    Fitted detectors are immutable and kept under a hash of everything that went into them, so
    two sessions share one only if their pictures are equal bit by bit.

    Args:
        load: Builds a detector.
        max_detectors: Number of detectors kept; the one not used for longest is dropped.
        max_fitted: Number of fitted detectors kept, likewise.
    """

    def __init__(
        self, load: Loader | None = None, *, max_detectors: int = 4, max_fitted: int = 8
    ) -> None:
        self._load = load or registry.load
        self._detectors = _Recent[Detector](max_detectors)
        self._fitted = _Recent[FittedDetector](max_fitted)
        self._calibrated = _Recent[tuple[FittedDetector, Calibration]](max_fitted)
        self._derived = _Recent[object](3 * max_fitted)

    def detector(self, key: DetectorKey) -> Detector:
        """Return the detector for ``key``, loading it on first use.

        Raises:
            UsageError: If the method, preset or variant does not exist.
            ModelUnavailable: If the preset's weights are not on this machine.
            CheckpointMismatch: If the checkpoint does not fit.
        """
        options = asdict(key)
        name = options.pop("method")
        return self._detectors.get(key, lambda: self._load(name, **options), never)

    def loaded(self, key: DetectorKey) -> bool:
        """Return whether the detector for ``key`` is in the store."""
        return key in self._detectors

    def learned(self, key: DetectorKey, support: SupportSet) -> bool:
        """Return whether the detector for ``key`` bound to ``support`` is in the store."""
        return (key, content_hash(support), "fitted") in self._fitted

    def fitted(
        self, key: DetectorKey, support: SupportSet, cancelled: Callable[[], bool] = never
    ) -> FittedDetector:
        """Return the detector for ``key`` bound to ``support``, from the store if it is there.

        Raises:
            UnsupportedRegime: If the method is not defined for that many pictures.
            Cancelled: If ``cancelled`` turns true while another thread fits the same.
        """
        place = (key, content_hash(support), "fitted")
        return self._fitted.get(place, lambda: self.detector(key).fit(support), cancelled)

    def tuned(self, key: DetectorKey, support: SupportSet, report: Report) -> FittedDetector:
        """Return ``fitted`` tuned on its own support, from the store if it is there.

        Raises:
            UsageError: If the detector has no trained part to tune.
            Cancelled: If ``report`` raises it.
        """

        def tune() -> FittedDetector:
            fitted = self.fitted(key, support)
            if not isinstance(fitted, Tunable):
                msg = (
                    f"{key.method} as {fitted.provenance.variant} has no trained part to tune. "
                    "Turn tuning off, or choose a trained variant."
                )
                raise UsageError(msg)
            return fitted.tune(report)

        def waiting() -> bool:
            report("Waiting for another run of the same tuning", 0, 0)
            return False

        return self._fitted.get((key, content_hash(support), "tuned"), tune, waiting)

    def calibration(
        self, fitted: FittedDetector, cancelled: Callable[[], bool] = never
    ) -> Calibration:
        """Return ``fitted.calibration()``, which scores the support, computed once.

        Raises:
            Cancelled: If ``cancelled`` turns true while another thread computes the same.
        """
        # The stored pair keeps ``fitted`` alive, so its id cannot pass to another object.
        pair = self._calibrated.get(id(fitted), lambda: (fitted, fitted.calibration()), cancelled)
        return pair[1]

    def derived(
        self, place: Hashable, build: Callable[[], Value], cancelled: Callable[[], bool] = never
    ) -> Value:
        """Return what ``build`` makes of a detector and a support, made once for each ``place``.

        Raises:
            Cancelled: If ``cancelled`` turns true while another thread makes the same.
        """
        return cast("Value", self._derived.get(place, build, cancelled))


class _Recent(Generic[Value]):
    """A bounded store that builds each missing value once, however many threads ask."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._building: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def __contains__(self, place: Hashable) -> bool:
        """Return whether the value at ``place`` is stored."""
        with self._guard:
            return place in self._values

    def get(
        self, place: Hashable, build: Callable[[], Value], cancelled: Callable[[], bool]
    ) -> Value:
        """Return the value at ``place``, building it if it is not stored."""
        with self._guard:
            if place in self._values:
                self._values.move_to_end(place)
                return self._values[place]
            lock = self._building.setdefault(place, threading.Lock())
        with _held(lock, cancelled):
            with self._guard:
                if place in self._values:
                    return self._values[place]
            try:
                return self._keep(place, build())
            finally:
                with self._guard:
                    self._building.pop(place, None)

    def _keep(self, place: Hashable, value: Value) -> Value:
        with self._guard:
            self._values[place] = value
            while len(self._values) > self._limit:
                self._values.popitem(last=False)
        return value


@contextmanager
def _held(lock: threading.Lock, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Hold ``lock``; while another thread holds it, look at ``cancelled`` now and then."""
    while not lock.acquire(timeout=_POLL_SECONDS):
        if cancelled():
            msg = "The run was stopped."
            raise Cancelled(msg)
    try:
        yield
    finally:
        lock.release()


def content_hash(support: SupportSet) -> str:
    """Return a hash of the category and of every pixel of the support, in order."""
    digest = hashlib.sha256(support.category.encode())
    for image in support.images:
        digest.update(repr(image.shape).encode())
        digest.update(image.tobytes())
    return digest.hexdigest()
