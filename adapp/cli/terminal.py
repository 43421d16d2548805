"""What a command writes: results to stdout, everything else to stderr."""

import sys
from typing import NoReturn, TextIO

from tqdm import tqdm

_LIVE = 0.1  # seconds between two pictures of a bar
_LOGGED = 10.0


def show(text: str) -> None:
    """Write a line of results to stdout."""
    _write(text, sys.stdout)


def tell(text: str) -> None:
    """Write a line to stderr."""
    _write(text, sys.stderr)


def _write(text: str, stream: TextIO) -> None:
    # Names of files that are no text hold lone surrogates, which no terminal can encode.
    line = text.encode(stream.encoding or "utf-8", "backslashreplace")
    stream.write(line.decode(stream.encoding or "utf-8") + "\n")
    stream.flush()


class Progress:
    """A progress bar on stderr that is also a ``Report``.

    Where stderr is no terminal the bar appears only once a first step is finished, so that a
    run that fails at once says so in one line.
    """

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` steps of ``stage`` are finished."""
        if self._bar is None:
            if done == 0 and not sys.stderr.isatty():
                return
            self._bar = tqdm(
                desc=stage,
                total=total or None,
                initial=done,
                file=sys.stderr,
                leave=False,
                dynamic_ncols=True,
            )
        self._bar.total = total or None
        self._bar.n = done
        self._bar.set_description_str(stage)

    def tell(self, text: str) -> None:
        """Write a line to stderr, above the bar."""
        with tqdm.external_write_mode(file=sys.stderr):
            tell(text)

    def show(self, text: str) -> None:
        """Write a line of results to stdout; the bar makes room for it."""
        with tqdm.external_write_mode(file=sys.stdout):
            show(text)


class StagedProgress(Progress):
    """A progress bar whose time left is that of the stage at work, not of all before it.

    Where stderr is no terminal it writes a line every ten seconds and no more, for long logs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stage: str | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` steps of ``stage`` are finished."""
        if stage != self._stage and self._bar is not None:
            self._bar.close()
            self._bar = None
        self._stage = stage
        if self._bar is None:
            self._bar = tqdm(
                desc=stage,
                total=total or None,
                initial=done,
                file=sys.stderr,
                leave=False,
                dynamic_ncols=True,
                mininterval=_LIVE if sys.stderr.isatty() else _LOGGED,
                delay=0.0 if sys.stderr.isatty() else _LOGGED,
            )
        self._bar.update(done - self._bar.n)
