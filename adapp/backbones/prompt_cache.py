"""Text features of the prompt lists used last."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Features = TypeVar("Features")
KEPT_LISTS = 32


class PromptCache(Generic[Features]):
    """Remembers what was made of each of the last ``KEPT_LISTS`` prompt lists; thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], Features] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, prompts: Sequence[str], make: Callable[[tuple[str, ...]], Features]) -> Features:
        """Return what ``make`` makes of ``prompts``, made once while the list is kept."""
        key = tuple(prompts)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = make(key)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT_LISTS:
                self._kept.popitem(last=False)
        return found
