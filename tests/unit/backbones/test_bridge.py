import math

import pytest
import torch

from adapp.backbones.bridge import (
    PREFIX,
    Bridge,
    bridge_tensors,
    load_bridge,
    untrained_bridge,
)
from adapp.core.errors import CheckpointMismatch

NAMES = {
    "centre",
    "pooled_centre",
    "trunk.weight",
    "trunk.bias",
    "stage_heads.weight",
    "stage_heads.bias",
    "pooled_head.weight",
    "pooled_head.bias",
    "log_temperature",
}


def _bridge(*, dropout=0.0, seed=0):
    return untrained_bridge(3, 8, 12, dropout=dropout, seed=seed)


def _sentences(count=5):
    return torch.randn(count, 12, generator=torch.Generator().manual_seed(1))


def test_every_stage_and_the_whole_picture_get_a_vector_of_their_own():
    features = _bridge()(_sentences())
    assert (features.stages.shape, features.pooled.shape) == ((3, 5, 8), (5, 8))
    assert torch.allclose(features.stages.norm(dim=-1), torch.ones(3, 5), atol=1e-5)
    assert torch.allclose(features.pooled.norm(dim=-1), torch.ones(5), atol=1e-5)
    assert not torch.allclose(features.stages[0], features.stages[1], atol=1e-2)


def test_the_length_of_a_sentence_vector_does_not_matter():
    bridge = _bridge()
    assert torch.allclose(bridge(_sentences()).stages, bridge(50 * _sentences()).stages, atol=1e-4)


def test_patches_are_centred_stage_by_stage():
    bridge = _bridge()
    bridge.centre[1, 0] = 2.0
    patches = torch.zeros(3, 2, 4, 8)
    patches[..., 0], patches[..., 1] = 3.0, 1.0
    found = bridge.project(patches)
    assert torch.allclose(found[0, 0, 0, :2], torch.tensor([3.0, 1.0]) / math.sqrt(10))
    assert torch.allclose(found[1, 1, 3, :2], torch.tensor([1.0, 1.0]) / math.sqrt(2))
    assert torch.allclose(found.norm(dim=-1), torch.ones(3, 2, 4))


def test_pictures_have_a_centre_of_their_own():
    bridge = _bridge()
    bridge.pooled_centre[0] = 1.0
    found = bridge.project_pooled(torch.tensor([[1.0, 2.0, 0, 0, 0, 0, 0, 0]]))
    assert torch.allclose(found, torch.tensor([[0.0, 1.0, 0, 0, 0, 0, 0, 0]]))


def test_an_untrained_bridge_has_the_temperature_of_the_papers():
    assert float(_bridge().log_temperature.exp().detach()) == pytest.approx(0.07)


def test_the_names_in_a_checkpoint_are_fixed():
    assert set(_bridge().state_dict()) == NAMES


def test_everything_but_the_centres_is_trained():
    bridge = _bridge()
    features = bridge(_sentences())
    logits = features.stages[..., 0].sum() + features.pooled[:, 0].sum()
    (logits / bridge.log_temperature.exp()).backward()
    assert {n for n, p in bridge.named_parameters() if p.grad is not None} == NAMES - {
        "centre",
        "pooled_centre",
    }


def test_dropout_acts_in_training_only():
    bridge = _bridge(dropout=0.5)
    trained = [bridge(_sentences()).pooled for _ in range(2)]
    bridge.eval()
    used = [bridge(_sentences()).pooled for _ in range(2)]
    assert not torch.equal(*trained)
    assert torch.equal(*used)


def test_a_saved_bridge_comes_back_whatever_its_sizes():
    bridge = Bridge(2, 5, 7, hidden=9)
    with torch.no_grad():
        bridge.centre.normal_()
    again = load_bridge(bridge.state_dict())
    sentences = torch.randn(4, 7)
    assert torch.equal(again(sentences).stages, bridge(sentences).stages)
    assert torch.equal(again.centre, bridge.centre)


def test_a_bridge_is_drawn_from_its_seed_alone():
    before = torch.random.get_rng_state()
    first = _bridge(seed=4).state_dict()
    torch.manual_seed(99)
    again, other = _bridge(seed=4).state_dict(), _bridge(seed=5).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in NAMES)
    assert not torch.equal(first["trunk.weight"], other["trunk.weight"])
    torch.random.set_rng_state(before)
    _bridge()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_methods_checkpoint_holds_its_bridge_under_a_prefix():
    state = {f"{PREFIX}{name}": tensor for name, tensor in _bridge().state_dict().items()}
    found = bridge_tensors(state | {"head.weight": torch.zeros(1)})
    assert set(found) == NAMES


def test_a_checkpoint_without_a_bridge_is_refused():
    with pytest.raises(CheckpointMismatch, match=r"no bridge\.\* tensors"):
        bridge_tensors({"head.weight": torch.zeros(1)})


@pytest.mark.parametrize("change", ["missing", "left over", "shape", "rank"])
def test_a_bridge_that_does_not_load_is_refused(change):
    state = _bridge().state_dict()
    if change == "missing":
        del state["trunk.weight"]
    elif change == "left over":
        state["extra"] = torch.zeros(1)
    elif change == "shape":
        state["pooled_head.weight"] = torch.zeros(7, 256)
    else:
        state["centre"] = torch.zeros(3)
    with pytest.raises(CheckpointMismatch, match="does not load"):
        load_bridge(state)
