"""The telling centroids: fitted anew into a checkpoint, with nothing else touched."""

import pytest
import torch

from adapp.methods.adseeker import train
from adapp.methods.adseeker.telling import PREFIX, main
from adapp.training.checkpoint import load_checkpoint, save_checkpoint
from tests.unit.methods.trainings import card_of, request, state_of

pytestmark = pytest.mark.usefixtures("small")


@pytest.fixture
def sibling(siblings):
    return siblings["adseeker"]


@pytest.fixture
def trained(root, tmp_path, recipe):
    recipe(epochs=0, stage_steps=1)
    return train.run(request(root, tmp_path / "one.safetensors"), resume=False)


def test_an_older_checkpoint_gets_what_a_training_would_give_it(trained, root, tmp_path):
    loaded = load_checkpoint(trained)
    older = {name: one for name, one in loaded.state.items() if not name.startswith(PREFIX)}
    save_checkpoint(tmp_path / "older.safetensors", older, {**loaded.card, "type_accuracy": None})
    out = tmp_path / "fresh.safetensors"
    given = [str(tmp_path / "older.safetensors"), "--data", str(root), "--out", str(out)]
    assert main(given) == 0
    fresh = state_of(out)
    assert fresh.keys() == loaded.state.keys()
    for name, tensor in loaded.state.items():
        assert torch.equal(fresh[name], tensor), name
    assert card_of(out)["type_accuracy"] == card_of(trained)["type_accuracy"]
    assert "older.safetensors" in card_of(out)["telling"]["command"]


def test_other_pictures_than_its_training_had_are_refused(trained, root, tmp_path, capsys):
    loaded = load_checkpoint(trained)
    other = {**loaded.card, "trained_on": ["set/elsewhere"]}
    save_checkpoint(tmp_path / "other.safetensors", loaded.state, other)
    assert main([str(tmp_path / "other.safetensors"), "--data", str(root)]) == 2
    assert "the same --data" in capsys.readouterr().err
    assert main([str(tmp_path / "none.safetensors"), "--data", str(root)]) == 2
