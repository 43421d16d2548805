"""The bridge's training: it learns, it resumes to the same numbers, its card tells the truth."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from adapp.auxiliary import bridge_training, pictures
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.bridge_training import run
from adapp.auxiliary.direction import halfway
from adapp.backbones.bridge import bridge_tensors, load_bridge
from adapp.backbones.factory import create, new_bridge
from adapp.core.errors import Cancelled, CheckpointMismatch, UsageError
from adapp.training.checkpoint import load_checkpoint
from adapp.training.request import TrainingRequest
from tests.unit.auxiliary.conftest import write_set

EPOCHS = 3


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("data") / "set")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The frozen features of the pictures that these trainings share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _small(cache, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(cache))
    monkeypatch.setattr(pictures, "FAMILIES", ("washer",))
    small = partial(BridgeConfig, steps=6, batch=4, warmup=2, learning_rate=3e-3)
    monkeypatch.setattr(bridge_training, "BridgeConfig", small)


def request(root, out, **changes):
    settings = {"epochs": EPOCHS, "seed": 1, "variant": "head"} | changes
    return TrainingRequest(preset="tiny", roots=(root,), out=out, **settings)


def card_of(path):
    return json.loads(path.with_suffix(".json").read_text())


def test_the_loss_falls_and_the_card_says_what_was_seen(root, tmp_path):
    out = run(request(root, tmp_path / "one.safetensors", epochs=6), resume=False)
    card = card_of(out)
    assert card["losses"][-1] < 0.9 * card["losses"][0]
    assert card["method"] == "bridge"
    assert card["trained_on"] == [
        "set/concrete_01",
        "set/steel_plate",
        "rendered parts of this project",
    ]
    assert card["pictures"] == {"real": 12, "synthetic": 40, "rendered": 24}
    assert card["epochs"] == 6
    assert card["config"]["steps"] == 6
    assert card["sha256"] == load_checkpoint(out).sha256


def test_the_checkpoint_holds_a_bridge_that_methods_can_take(root, tmp_path):
    out = run(request(root, tmp_path / "one.safetensors"), resume=False)
    bridge = load_bridge(bridge_tensors(load_checkpoint(out).state))
    assert bridge.centre.abs().sum() > 0
    assert card_of(out)["temperature"] == pytest.approx(float(bridge.log_temperature.exp()))


def test_the_centre_lies_halfway_between_normal_and_anomalous(root, tmp_path, cache):
    asked = request(root, tmp_path / "one.safetensors", epochs=1)
    out = run(asked, resume=False)
    bank = bridge_training.Bank(create("tiny", "kanoclip"), cache)
    expected = halfway(bank.shelves([root]), lambda tokens: tokens, seed=asked.seed)
    torch.testing.assert_close(load_checkpoint(out).state["bridge.centre"], expected)


@pytest.mark.parametrize(("centre", "masked"), [("halfway", False), ("mean", True)])
def test_else_the_centre_is_the_mean_of_the_categories(root, cache, monkeypatch, centre, masked):
    monkeypatch.setattr(bridge_training, "CENTRED", 100)
    bank = bridge_training.Bank(create("tiny", "kanoclip"), cache)
    shelves = [replace(s, target=s.target * masked) for s in bank.shelves([root])]
    assert [len(shelf) for shelf in shelves] == [5, 47, 24]
    assert any(bool(shelf.target.any()) for shelf in shelves) is masked
    bridge = new_bridge("tiny")
    bridge_training.set_centres(bridge, shelves, BridgeConfig(centre=centre), 0)
    means = torch.stack([shelf.patches.float().mean(dim=(0, 2)) for shelf in shelves])
    torch.testing.assert_close(bridge.centre, means.mean(dim=0), atol=1e-4, rtol=1e-3)


def test_an_interrupted_training_resumes_to_the_same_weights(root, tmp_path):
    whole = run(request(root, tmp_path / "whole.safetensors"), resume=False)
    out = tmp_path / "stopped.safetensors"

    def stop(stage, done, _):
        if stage == "Training" and done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(request(root, out), resume=False, report=stop)
    assert not out.exists()
    resumed = run(request(root, out), resume=True)
    assert not out.with_suffix(".state").exists()
    for name, tensor in load_checkpoint(whole).state.items():
        torch.testing.assert_close(load_checkpoint(resumed).state[name], tensor)
    assert card_of(whole)["losses"] == pytest.approx(card_of(resumed)["losses"])


def test_a_state_of_another_training_is_refused(root, tmp_path):
    out = tmp_path / "one.safetensors"

    def stop(stage, done, _):
        if stage == "Training" and done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(request(root, out), resume=False, report=stop)
    with pytest.raises(CheckpointMismatch, match="another training"):
        run(request(root, out, leave_out=("set/concrete_01",)), resume=True)


def test_a_category_left_out_is_in_no_prompt_and_no_picture(root, tmp_path, monkeypatch):
    seen = []
    plain = bridge_training.make_table

    def spied(tower, shelves, seed):
        seen.extend(shelf.category for shelf in shelves)
        return plain(tower, shelves, seed)

    monkeypatch.setattr(bridge_training, "make_table", spied)
    asked = request(root, tmp_path / "one.safetensors", epochs=1, leave_out=("set/steel_plate",))
    card = card_of(run(asked, resume=False))
    assert seen == ["set/concrete_01", "rendered/washer-0"]
    assert card["left_out"] == ["set/steel_plate"]
    assert "set/steel_plate" not in card["trained_on"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"multi_class": True}, "never seen"),
        ({"variant": "full"}, "full does not exist"),
        ({"leave_out": ("set/gone",)}, "set/gone"),
    ],
)
def test_requests_that_make_no_sense_are_told(root, tmp_path, changes, told):
    with pytest.raises(UsageError, match=told):
        run(request(root, tmp_path / "one.safetensors", **changes), resume=False)


def test_a_file_of_the_wrong_ending_is_told(root, tmp_path):
    with pytest.raises(UsageError, match="safetensors"):
        run(request(root, tmp_path / "one.pt"), resume=False)


def test_only_the_bridge_and_the_head_learn(root, tmp_path, monkeypatch):
    towers = []
    plain = bridge_training.create_sentences

    def kept(*arguments, **options):
        towers.append(plain(*arguments, **options))
        return towers[-1]

    monkeypatch.setattr(bridge_training, "create_sentences", kept)
    run(request(root, tmp_path / "one.safetensors", epochs=1), resume=False)
    (tower,) = towers
    assert all(not p.requires_grad and p.grad is None for p in tower._model.parameters())
    names = set(load_checkpoint(tmp_path / "one.safetensors").state)
    assert {name.split(".")[0] for name in names} == {"bridge", "head"}
    assert not np.isnan(card_of(tmp_path / "one.safetensors")["losses"]).any()
