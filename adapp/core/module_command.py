"""How a command that belongs to one module ends: what it tells, or why it could not."""

import sys
from collections.abc import Callable

from adapp.core.errors import AdappError


def finished(work: Callable[[], str]) -> int:
    """Return the exit status after ``work``: 0 done, 2 something the user can mend.

    What it returns goes to standard output, the sentence of an ``AdappError`` to standard error.
    """
    try:
        told = work()
    except AdappError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if told:
        sys.stdout.write(f"{told}\n")
    return 0
