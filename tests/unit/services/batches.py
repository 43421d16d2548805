"""Pictures and runs for tests of ``batch``."""

import json
from pathlib import Path

import cv2
import numpy as np

from adapp.methods.registry import METHODS
from adapp.services.batch import run_batch
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import read_lines
from adapp.services.batch_manifest import BatchRequest
from adapp.services.pool import DetectorPool
from tests.fakes import FAKE_METHODS, FakeLoader, part

DEFECT = (10, 20, 30, 50)


def write_parts(folder: Path, good=2, queries=6):
    """Write good parts and queries, every third of which has a defect."""
    for number in range(good):
        save(folder / "good" / f"n{number}.png", part(number))
    for number in range(queries):
        defect = DEFECT if number % 3 == 2 else None
        save(folder / "query" / f"q{number:03d}.png", part(20 + number, defect=defect))


def save(path: Path, image: np.ndarray):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def tell_types(monkeypatch):
    """Put the fake that tells types of defect into the registry; return what a batch needs."""
    monkeypatch.setitem(METHODS, "adseeker", FAKE_METHODS["adseeker"])
    return {"method": "adseeker", "support": ()}


class Runner:
    """Runs batches on the parts in ``folder`` with a fake detector."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.loader = FakeLoader()
        self.told = []
        self.stages = []

    def request(self, **changes):
        given = {
            "method": "raid",
            "preset": "tiny",
            "checkpoint": "open",
            "category": "plate",
            "support": tuple(sorted((self.folder / "good").iterdir())),
            "query": (self.folder / "query",),
        }
        return BatchRequest(**{**given, **changes})

    def __call__(self, out="out", report=None, **changes):
        options = {key: changes.pop(key) for key in ("resume", "recorded") if key in changes}
        return run_batch(
            self.request(**changes),
            self.folder / out,
            DetectorPool(self.loader),
            report=report or (lambda *step: self.stages.append(step)),
            tell=self.told.append,
            **options,
        )

    def lines(self, out="out"):
        return list(read_lines(BatchFolder(self.folder / out).journal))

    def results(self, out="out"):
        return json.loads((self.folder / out / "results.json").read_text(encoding="utf-8"))

    def coco(self, out="out"):
        return json.loads((self.folder / out / "coco.json").read_text(encoding="utf-8"))


def interrupt_after(done):
    """Return a report that presses Ctrl-C once ``done`` pictures are finished."""

    def report(stage, finished, _):
        if stage == "Inspecting" and finished == done:
            raise KeyboardInterrupt

    return report
