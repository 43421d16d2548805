"""The order of the training: each stage's sparse prompts alone, before everything together."""

import itertools

import pytest
import torch

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.auxiliary.reading_ways import Ways
from adapp.methods.adseeker import held_out, train
from adapp.methods.adseeker.held_out import Settled
from adapp.methods.adseeker.presets import TINY
from tests.unit.methods.trainings import card_of, request, state_of

STAGES = 4
pytestmark = pytest.mark.usefixtures("small")


@pytest.fixture
def sibling(siblings):
    return siblings["adseeker"]


def test_stages_train_one_by_one_before_everything_does(root, tmp_path, recipe, monkeypatch):
    recipe(epochs=0, stage_steps=1)
    moved = []
    settled = Settled(GenericThreshold.middle((0.0, 1.0)), None)
    monkeypatch.setattr(train, "settle", lambda *_: settled)
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


def test_held_out_pictures_say_how_loud_the_types_are(root, tmp_path, recipe, monkeypatch):
    recipe(epochs=1, steps=1, stage_steps=1)
    tried = TINY.score.types
    louds, reads = [], []
    for way in (1, len(tried) - 1):

        def chosen(_shelves, found, _folds, way=way):
            reads.append(next(iter(found.values())).readings)
            return Ways(way, tuple(float(n) for n in range(len(tried))), 2)

        monkeypatch.setattr(held_out, "best_way", chosen)
        out = train.run(request(root, tmp_path / f"{way}.safetensors"), resume=False)
        told = card_of(out)["types_in_score"]
        assert told["loudness"] == tried[way]
        assert told["tried"] == list(tried)
        assert told["image_auroc"] == [float(n) for n in range(len(tried))]
        louds.append(float(state_of(out)["loudness"]))
    assert louds[0] > 0
    assert louds[1] == pytest.approx(louds[0] * tried[-1] / tried[1], rel=1e-6)
    assert reads[0].shape[1] == len(tried)
    assert not torch.equal(reads[0][:, 0], reads[0][:, -1])


def test_without_types_nothing_is_chosen(root, tmp_path, recipe):
    recipe(epochs=1, steps=1, stage_steps=1)
    out = train.run(request(root, tmp_path / "one.safetensors", variant="obj"), resume=False)
    assert card_of(out)["types_in_score"] is None
