"""Processes of the benchmark: timed, read, and always ended."""

import os
import subprocess
import sys

import pytest

from adapp.core.errors import UsageError
from adapp.services.bench_memory import available_bytes, resident_bytes, total_bytes
from adapp.services.bench_process import AppCommand, bare_start, running_app
from tests.unit.services.bench_page import BARE, SERVER


def command(app=SERVER, bare=BARE, patience_s=30.0):
    return AppCommand(
        app=(sys.executable, "-c", app), bare=(sys.executable, "-c", bare), patience_s=patience_s
    )


def alive(pid):
    """Return whether a process of this number still exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_app_runs_from_its_first_answer_to_the_end_of_the_block(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # must not be asked
    with running_app(command(), "tiny") as app:
        assert app.url.startswith("http://127.0.0.1:")
        assert 0 < app.seconds < 30
        assert alive(app.pid)
    assert not alive(app.pid)


def test_the_app_is_ended_when_the_measurement_fails():
    with pytest.raises(RuntimeError, match="stop"), running_app(command(), "tiny") as app:
        raise RuntimeError("stop")  # noqa: EM101
    assert not alive(app.pid)


def test_an_app_that_ends_early_is_told_with_its_last_words():
    broken = command(app="raise SystemExit('port is taken')")
    with pytest.raises(UsageError, match="ended before it answered: port is taken"):
        running_app(broken, "tiny").__enter__()


def test_an_app_that_stays_silent_is_ended_and_told(monkeypatch):
    started = []
    popen = subprocess.Popen

    def remember(*args, **options):
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    silent = command(app="import threading; threading.Event().wait()", patience_s=0.3)
    with pytest.raises(UsageError, match="did not answer in time: it said nothing"):
        running_app(silent, "tiny").__enter__()
    assert started[0].returncode is not None


def test_the_bare_start_is_timed_read_and_ended():
    seconds, size = bare_start(command(bare="block = b'x' * 40_000_000; " + BARE))
    assert 0 < seconds < 30
    assert size is None or size > 40_000_000


def test_a_bare_start_that_fails_is_told():
    with pytest.raises(UsageError, match="install the requirements"):
        bare_start(command(bare="raise SystemExit(1)"))


def test_memory_is_read_where_the_system_tells_it():
    own = resident_bytes(os.getpid())
    assert own is None or own > 10_000_000
    free, whole = available_bytes(), total_bytes()
    assert free is None or whole is None or 0 < free <= whole


def test_a_process_that_is_gone_has_no_memory():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert resident_bytes(child.pid) is None
