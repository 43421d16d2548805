"""Nothing that a visitor brought stays on the disk after the visit."""

import time

import pytest
from PIL import Image

from tests.e2e.conftest import Server, free_port, serving, visiting
from tests.e2e.server import plate

FORGETFUL = """
import runpy
import sys

from adapp.ui import blocks

blocks.CACHE_SECONDS = (1, 60)
runpy.run_module("tests.e2e.server", run_name="__main__")
"""
PATIENCE_S = 300


@pytest.fixture
def forgetful(tmp_path):
    """Yield an app that looks every second for files older than a minute, and its file cache."""
    port, folder = free_port(), tmp_path / "app"
    url = f"http://127.0.0.1:{port}/"
    with serving(["-c", FORGETFUL, str(port), str(folder)], url, folder):
        yield Server(url, folder), folder / "cache"


def files(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_what_was_brought_is_gone_after_the_visit(forgetful, shared_context, tmp_path):
    server, cache = forgetful
    picture = tmp_path / "brought.png"
    Image.fromarray(plate(9)).save(picture)
    with visiting(shared_context) as visit:
        visit(server.url).add("query", [picture])
        assert "brought.png" in files(cache)
    end = time.monotonic() + PATIENCE_S
    while files(cache) and time.monotonic() < end:
        time.sleep(0.2)
    assert files(cache) == []
