"""Memory that is freed stays with the process: the next picture takes it again at once."""

import ctypes
import os
from typing import Final

_TRIM_THRESHOLD: Final = -1  # names of <malloc.h>
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_OWN_SETTINGS: Final = ("MALLOC_", "GLIBC_TUNABLES")

LARGE: Final = 64 * 2**20
"""Bytes from which on a block comes from the system and goes back when it is freed."""
KEPT: Final = 256 * 2**20
"""Freed bytes at the heap's end that are kept."""


def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed, up to ``KEPT``; return whether it was told.

    By default it gives tensors of a few megabytes back to the system and takes them anew, page by
    page, for every operation of every picture: a few percent of the time of an inspection. One
    heap serves all threads, since those of other threads cannot hold large blocks. Where the C
    library is another one, or the environment sets the allocator up already, nothing happens.
    """
    if any(name.startswith(_OWN_SETTINGS) for name in os.environ):
        return False
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, KEPT))
    done = [tell(ctypes.c_int(name), ctypes.c_int(value)) for name, value in settings]
    return all(status == 1 for status in done)
