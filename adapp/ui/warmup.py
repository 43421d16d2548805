"""Load the models while the visitor still reads the page: map and answer then come at once."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from adapp.core.errors import AdappError
from adapp.services.inspection import Inspection, InspectionRequest, inspect
from adapp.services.pace import Paces
from adapp.services.pool import DetectorPool

_log = logging.getLogger("adapp.ui")


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far the model is.

    Attributes:
        state: ``loading``, ``ready`` or ``failed``.
        device: Where it computes, in words; empty while it is not known.
        detail: Encoder and arithmetic, or why loading failed.
    """

    state: Literal["loading", "ready", "failed"]
    device: str = ""
    detail: str = ""


class WarmUp:
    """Runs one inspection in the background and remembers how it went.

    Args:
        pool: Store of detectors that the app uses.
        request: Inspection to run; None leaves the model to the first visitor.
        paces: Told how long it took.
        then: Called with the inspection once the model is ready, in the background too: for what
            a first question needs. Where it fails, that question says why.
        keep: Called with the inspection before the model is told ready, so that whoever reads
            that finds what it keeps.
    """

    def __init__(
        self,
        pool: DetectorPool,
        request: InspectionRequest | None,
        paces: Paces,
        then: Callable[[Inspection], None] | None = None,
        keep: Callable[[Inspection], None] | None = None,
    ) -> None:
        self._pool = pool
        self._request = request
        self._paces = paces
        self._then = then
        self._keep = keep
        self._waiting: list[Callable[[], None]] = []
        self._guard = threading.Lock()
        self._readiness = Readiness("loading")
        self._thread = threading.Thread(target=self._run, name="adapp-warm-up", daemon=True)

    @property
    def readiness(self) -> Readiness:
        """How far the model is now."""
        return self._readiness

    def start(self) -> None:
        """Begin in the background; calling it again changes nothing."""
        if self._thread.ident is None:
            self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is done; return whether it is."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def when_known(self, told: Callable[[], None]) -> None:
        """Call ``told`` as soon as the model is ready or has failed; at once if that is known."""
        with self._guard:
            if self._readiness.state == "loading":
                self._waiting.append(told)
                return
        told()

    def _run(self) -> None:
        inspection = None
        try:
            inspection = self._inspect()
            self._tell(_told(self._request, inspection))
        except AdappError as refusal:
            self._tell(Readiness("failed", detail=str(refusal)))
        except Exception as failure:  # noqa: BLE001 - a thread has no caller to raise to
            _log.error("warm-up failed", exc_info=failure)
            self._tell(Readiness("failed", detail=f"{type(failure).__name__}: see the log"))
        if inspection is not None and self._then is not None:
            _in_background(self._then, inspection)

    def _tell(self, known: Readiness) -> None:
        with self._guard:
            self._readiness = known
            waiting, self._waiting = self._waiting, []
        for told in waiting:
            told()

    def _inspect(self) -> Inspection | None:
        inspection = None
        if self._request is not None:
            for update in inspect(self._request, self._pool):
                inspection = update.inspection
        if inspection is not None:
            self._paces.note(inspection)
        if inspection is not None and self._keep is not None:
            self._keep(inspection)
        return inspection


def _in_background(then: Callable[[Inspection], None], inspection: Inspection) -> None:
    try:
        then(inspection)
    except Exception as failure:  # noqa: BLE001 - a thread has no caller to raise to
        _log.warning("nothing is prepared for questions", exc_info=failure)


def _told(request: InspectionRequest | None, inspection: Inspection | None) -> Readiness:
    if request is None:
        return Readiness("ready", detail="the model loads with the first run")
    if inspection is None:
        return Readiness("failed", detail="the warm-up run found nothing")
    ran = inspection.provenance
    device = "CPU" if ran.device == "cpu" else ran.device.replace("cuda", "GPU")
    return Readiness("ready", device, f"{ran.backbone}, {ran.dtype}")
