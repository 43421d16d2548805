"""Pictures on disk and a run over the fake detector."""

import pytest
from PIL import Image

from adapp.services.inspection import InspectionRequest, inspect
from adapp.services.pool import DetectorPool
from tests.fakes import FakeLoader, part

SHAPE = (72, 96)
DEFECT = (20, 30, 34, 52)


@pytest.fixture
def pictures(tmp_path):
    """Return the paths of three normal parts and of a defective and a sound query."""
    normals = [tmp_path / f"normal_{number}.png" for number in range(3)]
    for number, path in enumerate(normals):
        Image.fromarray(part(number, *SHAPE)).save(path)
    queries = [tmp_path / "scratched.png", tmp_path / "sound.png"]
    Image.fromarray(part(7, *SHAPE, defect=DEFECT)).save(queries[0])
    Image.fromarray(part(8, *SHAPE)).save(queries[1])
    return normals, queries


@pytest.fixture
def run(pictures):
    """Return a function that starts an inspection of them."""
    normals, queries = pictures
    pool = DetectorPool(FakeLoader())

    def start(**changes):
        options = {
            "method": "raid",
            "preset": "tiny",
            "checkpoint": "open",
            "category": "plate",
            "support": tuple(normals),
            "query": tuple(queries),
            **changes,
        }
        return inspect(InspectionRequest(**options), pool)

    return start
