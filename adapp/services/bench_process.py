"""Start the app, or Python with the heavy packages alone, in a process that is always ended."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from adapp.core.errors import UsageError
from adapp.core.settings import PROJECT_ROOT
from adapp.services.bench_memory import resident_bytes

_APP_FILE = PROJECT_ROOT / "app.py"
_SERVE = (str(_APP_FILE),) if _APP_FILE.is_file() else ("-m", "adapp", "serve")
_BARE = "import gradio, torch; print('ready', flush=True); input()"
_POLL_SECONDS = 0.02
_LAST_WORDS = 300  # characters of the log that a failure quotes


@dataclass(frozen=True, slots=True)
class AppCommand:
    """How the app is started.

    Attributes:
        app: Its command line; the port comes from ``GRADIO_SERVER_PORT``.
        bare: Command line that loads the heavy packages, says a line and waits for one.
        patience_s: Seconds after which a start counts as failed.
    """

    app: tuple[str, ...] = (sys.executable, *_SERVE)
    bare: tuple[str, ...] = (sys.executable, "-c", _BARE)
    patience_s: float = 300.0


@dataclass(frozen=True, slots=True)
class RunningApp:
    """An app that has answered.

    Attributes:
        pid: Its process.
        url: Its address.
        started: Reading of ``time.perf_counter`` when the process was started.
        seconds: Time from there to its first answer.
    """

    pid: int
    url: str
    started: float
    seconds: float


@contextmanager
def running_app(command: AppCommand, preset: str) -> Iterator[RunningApp]:
    """Start the app on a free port, yield it once it has answered, and end it.

    Raises:
        UsageError: If it ends before, or does not answer in time.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "ADAPP_PRESET": preset}
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own program
            command.app, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait_for_answer(process, url, started + command.patience_s, log)
            yield RunningApp(process.pid, url, started, time.perf_counter() - started)
        finally:
            _end(process)


def bare_start(command: AppCommand) -> tuple[float, int | None]:
    """Return seconds and resident bytes of Python with the heavy packages and nothing else.

    Raises:
        UsageError: If it ends early.
    """
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own program
        command.bare, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        said = process.stdout.readline() if process.stdout else b""
        seconds = time.perf_counter() - started
        if not said:
            msg = "Python with torch and gradio did not start; install the requirements again."
            raise UsageError(msg)
        return seconds, resident_bytes(process.pid)
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_answer(
    process: "subprocess.Popen[bytes]", url: str, limit: float, log: IO[bytes]
) -> None:
    direct = build_opener(ProxyHandler({}))
    while time.perf_counter() < limit:
        if process.poll() is not None:
            msg = f"The app ended before it answered: {_last_words(log)}"
            raise UsageError(msg)
        try:
            with direct.open(url, timeout=5) as answer:
                if answer.status == HTTPStatus.OK:
                    return
        except (URLError, OSError):
            time.sleep(_POLL_SECONDS)
    msg = f"The app did not answer in time: {_last_words(log) or 'it said nothing'}"
    raise UsageError(msg)


def _last_words(log: IO[bytes]) -> str:
    log.seek(0)
    return " ".join(log.read().decode(errors="replace").split())[-_LAST_WORDS:]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and wait for it, so that nothing outlives the measurement."""
    process.terminate()
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
