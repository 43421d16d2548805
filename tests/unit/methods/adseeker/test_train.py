"""The order of the training: each stage's sparse prompts alone, before everything together."""

import itertools

import pytest
import torch

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.methods.adseeker import train
from adapp.methods.adseeker.presets import TINY
from tests.unit.methods.trainings import request, state_of

STAGES = 4
pytestmark = pytest.mark.usefixtures("small")


@pytest.fixture
def sibling(siblings):
    return siblings["adseeker"]


def test_stages_train_one_by_one_before_everything_does(root, tmp_path, recipe, monkeypatch):
    recipe(epochs=0, stage_steps=1)
    moved = []
    generic = GenericThreshold.middle((0.0, 1.0))
    monkeypatch.setattr(train, "settle", lambda *_: generic)
    original = torch.optim.AdamW.step

    def watched(self, *args, **kwargs):
        before = {id(p): p.detach().clone() for g in self.param_groups for p in g["params"]}
        found = original(self, *args, **kwargs)
        rows = [p for g in self.param_groups for p in g["params"]]
        moved.append({row for row, p in enumerate(rows) if not torch.equal(before[id(p)], p)})
        return found

    train.run(request(root, tmp_path / "before.safetensors"), resume=False)  # keeps its bridge
    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    out = train.run(request(root, tmp_path / "one.safetensors"), resume=False)
    assert len(moved) == STAGES == 4 * TINY.training.stage_epochs
    for one, other in itertools.combinations(moved, 2):
        assert one
        assert not one & other
    assert state_of(out)["book.centres"].abs().sum() > 0
    assert state_of(out)["taps.stages.0.atoms"].abs().sum() > 0
