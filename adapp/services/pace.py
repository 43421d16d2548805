"""How long a run will take here: from the runs that this machine has made before."""

import threading
from dataclasses import dataclass, replace

from adapp.services.inspection import Inspection, InspectionRequest


@dataclass(frozen=True, slots=True)
class Pace:
    """What a method took on this machine.

    Attributes:
        query: Seconds of one inspected picture, or tile of one.
        support: Seconds of learning one normal picture, or tile of one; 0 if it was known before.
    """

    query: float
    support: float = 0.0


class Paces:
    """The pace of each method and preset that has run, the last one counting."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Pace] = {}
        self._guard = threading.Lock()

    def note(self, found: Inspection) -> None:
        """Take the times of a run whose last picture has just come in."""
        asked, tiles = found.request, found.request.tiles**2
        learned = found.seconds.get("fit", 0.0) / max(len(found.support) * tiles, 1)
        pace = Pace(found.outcomes[-1].seconds / tiles, learned)
        place = (asked.method, asked.preset)
        with self._guard:
            before = self._known.get(place)
            # A support that was learned before takes no time: the slower of both was learning.
            if before is not None and before.support > pace.support:
                pace = replace(pace, support=before.support)
            self._known[place] = pace

    def of(self, method: str, preset: str) -> float | None:
        """Return the seconds of one picture; None if the method has not run yet."""
        with self._guard:
            pace = self._known.get((method, preset))
        return None if pace is None else pace.query

    def estimate(self, asked: InspectionRequest, *, learned: bool) -> float | None:
        """Return the seconds of a run without tuning; None if its method has not run yet.

        Args:
            asked: The run.
            learned: Whether its normal pictures were learned by the run before.
        """
        with self._guard:
            pace = self._known.get((asked.method, asked.preset))
        if pace is None:
            return None
        normals = 0 if learned else len(asked.support)
        return asked.tiles**2 * (pace.query * len(asked.query) + pace.support * normals)
