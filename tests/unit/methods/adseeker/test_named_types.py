"""Types named on a category that a toy training left out, from checkpoint to figures."""

import pytest

from adapp.methods.adseeker import train
from adapp.methods.adseeker.vocabulary import TYPES
from adapp.services import type_benchmark
from adapp.services.benchmark_run import EvaluationRequest
from adapp.services.type_benchmark import measure_types
from tests.unit.methods.trainings import card_of, request


@pytest.fixture
def sibling(siblings):
    return siblings["adseeker"]


@pytest.mark.usefixtures("small")
def test_a_checkpoint_names_the_types_it_has_centroids_of(root, tmp_path, recipe, monkeypatch):
    recipe(epochs=1, stage_steps=1, steps=2)
    monkeypatch.setattr(type_benchmark, "DRAWN", 1)
    out = tmp_path / "left.safetensors"
    train.run(request(root, out, leave_out=("set/plate",)), resume=False)
    found = measure_types(
        EvaluationRequest("adseeker", (root,), "tiny", checkpoint=str(out), shots=0, limit=3)
    )
    assert found["types"] == card_of(out)["defect_types"]
    assert set(found["types"]) <= set(TYPES)
    plate, board = found["categories"]["set/plate"], found["categories"]["set/board"]
    assert (plate["in_training_data"], board["in_training_data"]) == (False, True)
    assert plate["folders"] == {"hole": {"counted_as": "hole", "pictures": 3}}
    told = plate["real"]["outlined"]
    assert told["defects"] == 3
    assert 0 <= told["first"] <= told["among_three"] <= 100
    assert told["chance_first"] == pytest.approx(100 / len(found["types"]))
