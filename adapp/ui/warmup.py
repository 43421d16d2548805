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
    """

    def __init__(
        self,
        pool: DetectorPool,
        request: InspectionRequest | None,
        paces: Paces,
        then: Callable[[Inspection], None] | None = None,
    ) -> None:
        self._pool = pool
        self._request = request
        self._paces = paces
        self._then = then
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

    def _run(self) -> None:
        inspection = None
        try:
            inspection = self._inspect()
            self._readiness = _told(self._request, inspection)
        except AdappError as refusal:
            self._readiness = Readiness("failed", detail=str(refusal))
        except Exception as failure:  # noqa: BLE001 - a thread has no caller to raise to
            _log.error("warm-up failed", exc_info=failure)
            self._readiness = Readiness("failed", detail=f"{type(failure).__name__}: see the log")
        if inspection is not None and self._then is not None:
            try:
                self._then(inspection)
            except Exception as failure:  # noqa: BLE001 - likewise
                _log.warning("nothing is prepared for questions", exc_info=failure)

    def _inspect(self) -> Inspection | None:
        inspection = None
        if self._request is not None:
            for update in inspect(self._request, self._pool):
                inspection = update.inspection
        if inspection is not None:
            self._paces.note(inspection)
        return inspection


def _told(request: InspectionRequest | None, inspection: Inspection | None) -> Readiness:
    if request is None:
        return Readiness("ready", detail="the model loads with the first run")
    if inspection is None:
        return Readiness("failed", detail="the warm-up run found nothing")
    ran = inspection.provenance
    device = "CPU" if ran.device == "cpu" else ran.device.replace("cuda", "GPU")
    return Readiness("ready", device, f"{ran.backbone}, {ran.dtype}")
