"""Checkpoints come back exactly, or not at all and with a reason."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from adapp.core.errors import AdappError, CheckpointMismatch, ModelUnavailable
from adapp.training.checkpoint import (
    card_path,
    content_sha256,
    load_checkpoint,
    load_strictly,
    save_checkpoint,
)

CARD = {"method": "raid", "trained_on": ["some set"], "seed": 3, "licence": "Größe: frei"}


def module(width=4):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Conv2d(width, 1, 1))


@pytest.fixture
def saved(tmp_path):
    network = module()
    network(torch.randn(4, 3, 8, 8))  # gives the batch norm a state of its own
    path = tmp_path / "deep" / "folder" / "mine.safetensors"
    sha256 = save_checkpoint(path, network.state_dict(), CARD)
    return network.eval(), path, sha256


def test_saved_and_loaded_gives_the_same_outputs(saved):
    network, path, _ = saved
    other = module().eval()
    image = torch.randn(2, 3, 8, 8)
    assert not torch.equal(other(image), network(image))
    load_strictly(other, load_checkpoint(path))
    assert torch.equal(other(image), network(image))


def test_the_card_comes_back_with_the_hash_of_the_content(saved):
    network, path, sha256 = saved
    loaded = load_checkpoint(path)
    assert loaded.card == {**CARD, "sha256": sha256}
    assert loaded.sha256 == sha256 == content_sha256(network.state_dict())
    assert loaded.path == path
    assert json.loads(card_path(path).read_text("utf-8"))["licence"] == CARD["licence"]


def test_nothing_is_pickled_and_nothing_is_left_over(saved):
    _, path, _ = saved
    with safe_open(path, framework="pt") as file:
        assert "0.weight" in file.keys()  # noqa: SIM118 - not a mapping
    assert {entry.name for entry in path.parent.iterdir()} == {"mine.safetensors", "mine.json"}


def test_saving_again_replaces_both_files(saved):
    _, path, _ = saved
    other = module()
    sha256 = save_checkpoint(path, other.state_dict(), {"method": "other"})
    assert load_checkpoint(path).sha256 == sha256
    assert load_checkpoint(path).card["method"] == "other"


def test_a_crash_while_writing_leaves_the_old_checkpoint(saved, monkeypatch):
    _, path, sha256 = saved

    def full_disk(*_args, **_kwargs):
        msg = "no space left"
        raise OSError(msg)

    monkeypatch.setattr("adapp.training.checkpoint.save_file", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(path, module().state_dict(), CARD)
    assert load_checkpoint(path).sha256 == sha256


def state():
    return {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(1, dtype=torch.int64)}


@pytest.mark.parametrize(
    "change",
    [
        {"a": torch.arange(6.0).reshape(3, 2)},
        {"a": torch.arange(6.0).reshape(2, 3).double()},
        {"a": torch.arange(6.0).reshape(2, 3) + torch.tensor([[0, 0, 0], [0, 0, 1e-6]])},
        {"b": torch.tensor(2)},
        {"c": torch.zeros(1)},
    ],
    ids=["shape", "dtype", "value", "scalar", "name"],
)
def test_the_hash_sees_every_change(change):
    assert content_sha256({**state(), **change}) != content_sha256(state())


def test_the_hash_depends_on_the_content_alone():
    shuffled = dict(reversed(list(state().items())))
    shuffled["a"] = shuffled["a"].T.contiguous().T  # same values, other strides
    assert content_sha256(shuffled) == content_sha256(state())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.bool])
def test_every_dtype_can_be_hashed_and_kept(tmp_path, dtype):
    tensors = {"a": torch.tensor([0.0, 1.0, 3.0]).to(dtype), "scalar": torch.ones((), dtype=dtype)}
    save_checkpoint(tmp_path / "mine.safetensors", tensors, CARD)
    assert torch.equal(load_checkpoint(tmp_path / "mine.safetensors").state["a"], tensors["a"])
    assert content_sha256(tensors) != content_sha256({**tensors, "a": torch.zeros(3, dtype=dtype)})


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"no checkpoint .*mine\.safetensors; train one"):
        load_checkpoint(tmp_path / "mine.safetensors")


def test_a_missing_card_is_refused(saved):
    _, path, _ = saved
    card_path(path).unlink()
    with pytest.raises(ModelUnavailable, match=r"no card; put mine\.json beside it"):
        load_checkpoint(path)


def test_tensors_that_the_card_does_not_know_are_refused(saved):
    network, path, _ = saved
    changed = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    changed["2.bias"] += 1e-3
    save_file(changed, path)
    with pytest.raises(CheckpointMismatch, match="does not have the hash"):
        load_checkpoint(path)


def _cut(path):
    path.write_bytes(path.read_bytes()[:-7])


def _text(path):
    path.write_text("not a checkpoint")


def _empty(path):
    path.write_bytes(b"")


def _card_text(path):
    card_path(path).write_text("{not json")


def _card_bytes(path):
    card_path(path).write_bytes(b"\xff\xfe\x00")


def _card_list(path):
    card_path(path).write_text('["sha256"]')


@pytest.mark.parametrize(
    "spoil", [_cut, _text, _empty, _card_text, _card_bytes, _card_list], ids=lambda f: f.__name__
)
def test_a_damaged_file_is_refused_by_name(saved, spoil):
    _, path, _ = saved
    spoil(path)
    with pytest.raises(CheckpointMismatch, match=r"mine\.safetensors .*get (it|both) again"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("network", "named"),
    [
        (module(width=6), "0.bias"),
        (nn.Sequential(nn.Conv2d(3, 4, 3)), "1.bias"),
        (nn.Sequential(*module(), nn.Linear(2, 2)), "3.bias"),
    ],
    ids=["shape", "left over", "missing"],
)
def test_a_model_that_does_not_fit_is_refused_and_unchanged(saved, network, named):
    _, path, _ = saved
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointMismatch, match=f"does not fit this model.*{named}"):
        load_strictly(network, load_checkpoint(path))
    assert all(torch.equal(network.state_dict()[name], old) for name, old in before.items())


def test_every_refusal_can_be_shown_to_the_user():
    assert issubclass(CheckpointMismatch, AdappError)
    assert issubclass(ModelUnavailable, AdappError)
