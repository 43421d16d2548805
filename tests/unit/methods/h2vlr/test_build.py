"""From names to a detector: one checkpoint serves the ladder, and nothing passes for another."""

from dataclasses import replace

import pytest
import torch

from adapp.backbones.bridge import PREFIX
from adapp.backbones.factory import new_bridge
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.settings import Settings
from adapp.methods.h2vlr.build import build
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.presets import TINY
from adapp.training.checkpoint import save_checkpoint
from tests.unit.methods.h2vlr.planted_parts import awake, tiny_space

CARD = {
    "method": "h2vlr",
    "preset": "tiny",
    "variant": "full",
    "name": "made",
    "trained_on": ["set/part"],
    "licence": "free",
}


@pytest.fixture(scope="module")
def widths():
    space = tiny_space()
    return space.width, space.token_width


@pytest.fixture
def saved(tmp_path, widths):
    """Return a function that writes a checkpoint and returns its path."""

    def write(variant="full", *, bridge=True, name="made", **card):
        torch.manual_seed(1)
        state = awake(H2vlrNetwork(TINY, variant, *widths), 0.05).state_dict()
        if bridge:
            own = new_bridge("tiny", seed=7).state_dict()
            state = {**state, **{f"{PREFIX}{key}": tensor for key, tensor in own.items()}}
        path = tmp_path / f"{name}.safetensors"
        save_checkpoint(path, state, {**CARD, "variant": variant, **card})
        return path

    return write


def empty(tmp_path):
    return replace(Settings(), checkpoints_dir=tmp_path / "none")


@pytest.mark.parametrize("variant", ["sab", "dsi", "sghm", "full"])
def test_one_checkpoint_of_full_serves_every_step(saved, variant):
    path = saved()
    detector = build("tiny", str(path), variant)
    assert detector.variant == variant
    assert detector.provenance.checkpoint == "made"
    assert detector.provenance.trained_on == ("set/part",)
    assert "bridge" in detector.provenance.backbone
    assert (detector.network is None) is (variant == "sab")
    assert detector.config.induction.anchor == ("none" if variant == "sab" else "support")


def test_the_bridge_comes_out_of_the_checkpoint(saved):
    own = build("tiny", str(saved()), "sab").space.identity
    other = build("tiny", "open", "sab").space.identity
    assert own != other


@pytest.mark.parametrize("trained", ["dsi", "sghm"])
def test_a_checkpoint_without_reasoning_serves_what_is_below_full(saved, trained):
    path = str(saved(trained))
    for variant in ("dsi", "sghm"):
        assert build("tiny", path, variant).network.reasoner is None
    assert build("tiny", path).variant == trained
    with pytest.raises(CheckpointMismatch, match="cannot run full"):
        build("tiny", path, "full")


def test_without_a_checkpoint_the_training_free_step_runs_and_says_so(tmp_path):
    detector = build("tiny", settings=empty(tmp_path))
    assert detector.variant == "sab"
    assert "no checkpoint ships" in detector.provenance.fallbacks[0]
    assert build("tiny", variant="sab", settings=empty(tmp_path)).provenance.fallbacks == ()


def test_a_trained_step_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(ModelUnavailable, match="there is no checkpoint"):
        build("tiny", "research", "full", settings=empty(tmp_path))
    with pytest.raises(ModelUnavailable, match="there is no checkpoint"):
        build("tiny", str(tmp_path / "gone.safetensors"))


def test_a_stand_alone_bridge_runs_sab(tmp_path):
    bridge = new_bridge("tiny", seed=9).state_dict()
    path = tmp_path / "bridge-tiny-open.safetensors"
    state = {f"{PREFIX}{name}": tensor for name, tensor in bridge.items()}
    save_checkpoint(path, state, {**CARD, "method": "bridge", "name": "bridge", "variant": "top"})
    named = build("tiny", str(path))
    assert named.variant == "sab"
    found = build("tiny", settings=replace(Settings(), checkpoints_dir=tmp_path))
    assert found.space.identity == named.space.identity
    assert found.provenance.checkpoint == "bridge"
    with pytest.raises(CheckpointMismatch, match="cannot run dsi"):
        build("tiny", str(path), "dsi")


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"method": "raid"}, "is for raid"),
        ({"preset": "embedded"}, "on embedded, not for h2vlr on tiny"),
        ({"variant": "sab"}, "has no weights"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(saved, card, said):
    path = saved(**card) if "variant" not in card else saved(name="odd")
    if "variant" in card:
        path = _relabelled(path, card["variant"])
    with pytest.raises(CheckpointMismatch, match=said):
        build("tiny", str(path))


def _relabelled(path, variant):
    from safetensors.torch import load_file

    save_checkpoint(path, load_file(path), {**CARD, "variant": variant})
    return path


def test_tensors_that_do_not_fit_are_refused(saved):
    dsi_under_the_name_of_full = saved("dsi", name="short")
    path = _relabelled(dsi_under_the_name_of_full, "full")
    with pytest.raises(CheckpointMismatch, match="does not fit this model"):
        build("tiny", str(path))
    with pytest.raises(CheckpointMismatch, match="no bridge"):
        build("tiny", str(saved(bridge=False, name="alone")))


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(UsageError, match="no variant"):
        build("tiny", variant="everything")
    with pytest.raises(UsageError, match="does not exist"):
        build("huge")


def test_the_network_is_frozen(saved):
    network = build("tiny", str(saved())).network
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
