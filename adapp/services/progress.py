"""Turn blocking work that reports its progress into a generator of steps."""

import queue
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from adapp.core.detector import Report
from adapp.core.errors import Cancelled

Result = TypeVar("Result")


def never() -> bool:
    """Return False: the default answer to "has the user stopped this run?"."""
    return False


@dataclass(frozen=True, slots=True)
class Step:
    """One report of running work: its stage, steps done and steps in all."""

    stage: str
    done: int
    total: int


def streamed(
    work: Callable[[Report], Result], cancelled: Callable[[], bool]
) -> Generator[Step, None, Result]:
    """Yield what ``work`` reports while it runs in a thread; return its result.

    The next report after ``cancelled`` turns true, or after the generator is closed, ends the
    work; closing waits for that, so no thread outlives its generator.

    Raises:
        Cancelled: If the work was ended early.
    """
    reports: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
    closed = threading.Event()

    def report(stage: str, done: int, total: int) -> None:
        if closed.is_set() or cancelled():
            msg = "The run was stopped."
            raise Cancelled(msg)
        reports.put(Step(stage, done, total))

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="adapp-work") as executor:
        running = executor.submit(work, report)
        running.add_done_callback(lambda _: reports.put(None))
        try:
            while (step := reports.get()) is not None:
                yield step
        finally:
            closed.set()
    return running.result()
