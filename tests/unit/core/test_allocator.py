"""What is freed is taken again without asking the system for it."""

import os
import subprocess
import sys

import pytest

from adapp.core.allocator import keep_freed_memory

PROBE = """
import resource, sys
from adapp.core.allocator import keep_freed_memory
told = keep_freed_memory() if sys.argv[1] == "kept" else False
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        blocks = [b"x" * 12_000_000 for _ in range(4)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(told, faults())
"""


def _probed(how, **environment):
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))
    }
    run = subprocess.run(
        [sys.executable, "-c", PROBE, how],
        capture_output=True,
        text=True,
        check=True,
        env={**plain, **environment},
    )
    told, faults = run.stdout.split()
    return told == "True", int(faults)


def test_freed_memory_is_taken_again_without_page_faults():
    told, kept = _probed("kept")
    if not told:
        pytest.skip("another C library than glibc")
    _, given_back = _probed("plain")
    assert given_back > 10_000  # 4 blocks of 12 MB, five times, 4 kB each
    assert kept < given_back / 100


def test_settings_of_the_environment_are_left_alone():
    assert _probed("kept", MALLOC_TRIM_THRESHOLD_="131072")[0] is False


def test_without_glibc_nothing_happens(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("MALLOC_", "GLIBC_TUNABLES")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("adapp.core.allocator.ctypes.CDLL", lambda _: object())
    assert keep_freed_memory() is False
