"""Scripted visitors of a running app: each sends its own picture again and again."""

import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from gradio_client import handle_file

SAME = 1e-6
"""Scores of the same picture may differ by so much."""


@dataclass
class Visit:
    """A visitor, the picture that is its own, and what came back.

    Attributes:
        number: Which visitor.
        category: Name of its part.
        support: Normal parts.
        query: Its own picture; all visitors' files have the same name.
        score: What the picture scores while nobody else is there.
        seconds: Time of each answer.
        errors: What went wrong, in the app's words.
        crossed: Answers that were not about the visitor's own picture.
    """

    number: int
    category: str
    support: tuple[Path, ...]
    query: Path
    score: float | None = None
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)

    def ask(self, client, **options):
        """Have the picture inspected; return its entry in the answer."""
        report, overlays = client.predict(
            support=[handle_file(str(path)) for path in self.support],
            query=[handle_file(str(self.query))],
            category=self.category,
            api_name="/detect",
            **options,
        )
        (found,) = report["queries"]
        for overlay in overlays:
            Path(overlay).unlink()
        return found

    def alone(self, client, **options):
        """Note what the picture scores while nobody else is there."""
        self.score = self.ask(client, **options)["score"]

    def visit(self, client, end, **options):
        """Ask until the clock reads ``end``, at least once; note times, errors and crossings."""
        first = True
        while first or time.monotonic() < end:
            first = False
            start = time.monotonic()
            try:
                found = self.ask(client, **options)
            except Exception as failure:  # noqa: BLE001 - whatever a visitor sees is recorded
                self.errors.append(f"{type(failure).__name__}: {failure}"[:300])
                continue
            self.seconds.append(time.monotonic() - start)
            if found["name"] != self.query.name or abs(found["score"] - self.score) > SAME:
                self.crossed.append(f"{found['name']} {found['score']}, not {self.score}")


def together(visits, connect, seconds, sample=lambda: None, every=5.0, **options):
    """Let all visitors ask at the same time; return what ``sample`` told and when.

    Args:
        visits: The visitors, each of whom was ``alone`` before.
        connect: Returns a client of its own for each; they connect one after the other.
        seconds: How long they go on.
        sample: Called from time to time, e.g. for the memory of the app.
        every: Seconds between two calls of it.
        options: What all of them ask for.
    """
    clients = [connect() for _ in visits]
    begun = time.monotonic()
    threads = [
        threading.Thread(target=visit.visit, args=(client, begun + seconds), kwargs=options)
        for visit, client in zip(visits, clients, strict=True)
    ]
    for thread in threads:
        thread.start()
    told = [(0.0, sample())]
    while any(thread.is_alive() for thread in threads):
        next(thread for thread in threads if thread.is_alive()).join(every)
        told.append((round(time.monotonic() - begun, 1), sample()))
    return told


def summary(visits):
    """Return counts, errors, crossings and times of all visitors."""
    times = sorted(second for visit in visits for second in visit.seconds)
    runs = [len(visit.seconds) for visit in visits]
    return {
        "visitors": len(visits),
        "distinct_scores": len({visit.score for visit in visits}),
        "runs": sum(runs),
        "runs_of_a_visitor": [min(runs), max(runs)],
        "errors": [error for visit in visits for error in visit.errors],
        "crossings": [told for visit in visits for told in visit.crossed],
        "seconds": {
            "median": statistics.median(times),
            "p95": times[int(0.95 * (len(times) - 1))],
            "worst": times[-1],
        }
        if times
        else None,
    }
