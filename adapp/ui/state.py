"""What a visitor's session holds: results within a memory budget, and the run in progress."""

import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from adapp.services.ignoring import Shape, with_ignored
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.regions import Match, Thresholds
from adapp.ui.inspect_view import Pair

RESULT_BYTES = 1_500_000_000
"""Memory that the results of all sessions together may take."""

SESSION_SECONDS = 1800
"""Time after which an untouched result is dropped."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a visitor looks at, and how.

    Attributes:
        chosen: Position of the query.
        kind: Which of its maps.
        colors: Colour map of unsigned maps.
        thresholds: The visitor's thresholds.
        weight: The visitor's own residual weight; None takes the method's.
    """

    chosen: int
    kind: str
    colors: str
    thresholds: Thresholds
    weight: float | None = None


class Droppable(Protocol):
    """Something large that a session holds and that may have to make room."""

    key: str
    size_bytes: int

    def drop(self) -> None:
        """Let go of everything large."""
        ...


Holder = TypeVar("Holder", bound=Droppable)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Held:
    """A run's result in a session, until it is replaced, expires or has to make room.

    Attributes:
        key: Names the run within the server; no two are equal.
        inspection: What the run found; None once it was dropped.
        twin: The same run with tuning switched the other way, if it was made before.
        size_bytes: Memory that both take.
        asked: Number of queries the run was asked to inspect.
        running: Whether the run is still in progress.
        look: What is looked at now; None before the first result.
        thumbs: Addresses of the queries' small pictures, by position.
        pairs: Evidence that was drawn already, by position of the query and match.
        spot: Row and column of the pixel read last, while its mark is on the picture.
        anew: A query as the method fused it and as fused with the visitor's weight, used last.
        shapes: Areas that the visitor drew, the same on every query of the run.
        masked: A result, shapes, and the result without their area, made last.
        drawing: Held while a shape is added: strokes may come faster than they are answered.
    """

    key: str
    inspection: Inspection | None
    twin: Inspection | None = None
    size_bytes: int = 0
    asked: int = 0
    running: bool = False
    look: Look | None = None
    thumbs: dict[int, str] = field(default_factory=dict[int, str])
    pairs: dict[tuple[int, Match], Pair] = field(default_factory=dict[tuple[int, Match], Pair])
    spot: tuple[int, int] | None = None
    anew: tuple[QueryOutcome, QueryOutcome] | None = None
    shapes: tuple[Shape, ...] = ()
    masked: tuple[Inspection, tuple[Shape, ...], Inspection] | None = None
    drawing: threading.Lock = field(default_factory=threading.Lock)

    def seen(self) -> Inspection | None:
        """Return the result without the area that the visitor ignores; None once dropped."""
        if self.inspection is None or not self.shapes:
            return self.inspection
        last = self.masked
        if last is None or last[0] is not self.inspection or last[1] != self.shapes:
            last = (self.inspection, self.shapes, with_ignored(self.inspection, self.shapes))
            self.masked = last
        return last[2]

    def drop(self) -> None:
        """Let go of the pictures and maps."""
        self.inspection = None
        self.twin = None
        self.size_bytes = 0
        self.thumbs.clear()
        self.pairs.clear()
        self.anew = None
        self.masked = None


class ResultShelf:
    """Keeps the results of all sessions within a budget; the oldest makes room.

    It holds weak references only: a result lives in its session and nowhere else.

    Args:
        budget_bytes: Memory that all results together may take.
    """

    def __init__(self, budget_bytes: int = RESULT_BYTES) -> None:
        self._budget = budget_bytes
        self._held: OrderedDict[str, weakref.ref[Droppable]] = OrderedDict()
        self._count = 0
        self._guard = threading.Lock()

    def hold(self, asked: int, twin: Inspection | None = None) -> Held:
        """Return a holder for the result of a run that begins, asked for so many queries."""
        with self._guard:
            held = Held(self._key(), None, twin, asked=asked, running=True)
            self._held[held.key] = weakref.ref(held)
            return held

    def take(self, holder: Holder) -> Holder:
        """Return ``holder`` with a key of its own, from now on part of the budget."""
        with self._guard:
            holder.key = self._key()
            self._held[holder.key] = weakref.ref(holder)
            return holder

    def grown(self, holder: Droppable, size_bytes: int) -> None:
        """Note that a holder takes so many bytes now; older ones make room if need be."""
        with self._guard:
            holder.size_bytes = size_bytes
            self._make_room(holder)

    def fill(self, held: Held, inspection: Inspection) -> None:
        """Put what a run found so far into its holder; older results make room if need be."""
        with self._guard:
            held.inspection = inspection
            held.size_bytes = size_of(inspection) + (size_of(held.twin) if held.twin else 0)
            self._make_room(held)

    def _key(self) -> str:
        self._count += 1
        return f"run-{self._count}"

    def _make_room(self, needed: Droppable) -> None:
        living = {key: held for key, link in self._held.items() if (held := link()) is not None}
        total = sum(held.size_bytes for held in living.values())
        for key, held in list(living.items()):
            if total <= self._budget:
                break
            if held is needed:
                continue
            total -= held.size_bytes
            held.drop()
            living.pop(key)
        for key in [key for key in self._held if key not in living]:
            del self._held[key]


def drop_held(held: Droppable | None) -> None:
    """Let go of a session's result; the app calls this when a session ends."""
    if held is not None:
        held.drop()


def size_of(inspection: Inspection) -> int:
    """Return the bytes of the pictures and maps in ``inspection``."""
    pictures = [*inspection.support, *(outcome.image for outcome in inspection.outcomes)]
    maps = [
        values
        for outcome in inspection.outcomes
        for values in (
            outcome.result.base_map,
            outcome.result.residual_map,
            outcome.result.fused_map,
            *outcome.result.evidence.values(),
        )
    ]
    return sum(image.pixels.nbytes for image in pictures) + sum(values.nbytes for values in maps)


class Runs:
    """The run in progress of each session, so that Stop and a closed tab can end it."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}
        self._guard = threading.Lock()

    def begin(self, session: str) -> threading.Event:
        """Return the stop signal of a new run; an older run of the session is stopped."""
        stop = threading.Event()
        with self._guard:
            older = self._stops.get(session)
            self._stops[session] = stop
        if older is not None:
            older.set()
        return stop

    def stop(self, session: str) -> bool:
        """Tell the session's run to stop; return whether there was one."""
        with self._guard:
            stop = self._stops.get(session)
        if stop is None:
            return False
        stop.set()
        return True

    def end(self, session: str, stop: threading.Event) -> None:
        """Forget a run that has ended, unless a newer one took its place."""
        with self._guard:
            if self._stops.get(session) is stop:
                del self._stops[session]
