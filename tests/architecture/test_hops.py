"""From a button to the line that computes a pixel it is five hops, in six files."""

import sys
import traceback
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapp.methods.registry import METHODS
from adapp.ops import maps
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from tests.architecture.tree import PACKAGE, modules, relative

ENTRY_FILES = 3  # app.py, ui/blocks.py and the file whose handler calls the service
MOST_FILES = 6


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        Image.fromarray(rng.integers(60, 200, (48, 64, 3), dtype=np.uint8)).save(path)
    return paths


def _watch(monkeypatch):
    """Return a list that grows by the project files on the stack at each fusion."""
    stacks = []
    original = maps.fuse_residual

    def watched(*args, **kwargs):
        files = [Path(frame.filename) for frame in traceback.extract_stack()]
        own = [relative(path) for path in files if PACKAGE in path.parents]
        stacks.append(list(dict.fromkeys(own)))
        return original(*args, **kwargs)

    for name, module in list(sys.modules.items()):
        if name.startswith("adapp.") and getattr(module, "fuse_residual", None) is original:
            monkeypatch.setattr(module, "fuse_residual", watched)
    return stacks


@pytest.mark.parametrize("method", METHODS)
def test_service_to_pixel_in_three_files(method, pictures, monkeypatch):
    pool = DetectorPool()
    request = InspectionRequest(
        method=method,
        preset="tiny",
        checkpoint="open",
        category="part",
        support=tuple(pictures[:2]),
        query=(pictures[2],),
        variant=METHODS[method].variants[0],
    )
    pool.detector(request.detector_key)  # imports the method, so that it can be watched
    stacks = _watch(monkeypatch)
    assert len(drain(inspect(request, pool)).outcomes) == 1
    assert stacks, f"{method} computes its fused map without ops.maps.fuse_residual"
    for files in stacks:
        assert files[0] == "adapp/services/inspection.py"
        assert files[-1] == f"adapp/methods/{method}/detector.py"
        assert ENTRY_FILES + len(files) + 1 <= MOST_FILES, files  # 1: ops/maps.py itself


def test_a_tab_calls_the_service_directly():
    callers = [
        relative(path)
        for path in modules(PACKAGE / "ui")
        if "from adapp.services.inspection import" in (text := path.read_text(encoding="utf-8"))
        and " inspect(" in text
    ]
    assert callers
