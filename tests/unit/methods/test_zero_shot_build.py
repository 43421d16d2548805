"""From names to a detector without normal pictures: which step runs, and what is refused."""

from dataclasses import replace

import pytest
import torch

from adapp.auxiliary.generic_threshold import CARD_KEY, GenericThreshold
from adapp.backbones.factory import new_bridge
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.settings import Settings
from adapp.training.checkpoint import save_checkpoint

GENERIC = GenericThreshold(0.625, 0.75, 0.05, 40, 8)
CARD = {
    "preset": "tiny",
    "name": "mine",
    "trained_on": ["some set"],
    "licence": "Free to use.",
    CARD_KEY: GENERIC.card(),
}


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), checkpoints_dir=tmp_path)


@pytest.fixture
def written(sibling, joint):
    """Write an untrained checkpoint; return the network and its hash."""

    def write(path, variant="full", **card):
        torch.manual_seed(5)
        network = sibling.network(variant, joint)
        told = {**CARD, "method": sibling.name, "variant": variant, **card}
        return network, save_checkpoint(path, network.state_dict(), told)

    return write


@pytest.fixture
def shipped(sibling, settings):
    return settings.checkpoints_dir / f"{sibling.name}-tiny-open.safetensors"


@pytest.fixture
def build(sibling):
    return sibling.build.build


def test_a_shipped_checkpoint_is_loaded_and_told(build, settings, shipped, written):
    network, sha256 = written(shipped)
    detector = build("tiny", seed=4, settings=settings)
    provenance = detector.provenance
    assert (detector.variant, provenance.variant) == ("full", "full")
    assert (provenance.checkpoint, provenance.checkpoint_sha256) == ("mine", sha256)
    assert provenance.trained_on == ("some set",)
    assert (provenance.seed, provenance.fallbacks) == (4, ())
    assert "text: " in provenance.backbone
    for name, tensor in network.state_dict().items():
        assert torch.equal(detector.network.state_dict()[name], tensor)
    assert detector.generic == GENERIC


def test_a_step_below_has_a_file_of_its_own(sibling, build, settings, written):
    step = sibling.steps[2]
    written(settings.checkpoints_dir / f"{sibling.name}-tiny-research-{step}.safetensors", step)
    assert build("tiny", "research", step, settings=settings).variant == step


def test_a_checkpoint_carries_its_own_bridge(build, settings, shipped, written):
    written(shipped)
    detector = build("tiny", settings=settings)
    assert torch.equal(detector.joint._bridge.trunk.weight, new_bridge("tiny", seed=2).trunk.weight)


def test_a_loaded_network_is_frozen_and_in_evaluation_mode(build, settings, shipped, written):
    written(shipped)
    network = build("tiny", settings=settings).network
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(module.training for module in network.modules())


def test_without_a_checkpoint_the_training_free_step_runs_and_says_why(build, sibling, settings):
    detector = build("tiny", settings=settings)
    assert (detector.variant, detector.network) == ("base", None)
    notes = detector.provenance.fallbacks
    assert any("no checkpoint ships" in note and "training-free" in note for note in notes)
    assert any("bridge is random" in note for note in notes)
    assert detector.provenance.checkpoint is None
    assert detector.generic.image == sibling.top / 2


@pytest.mark.parametrize("kind", ["bridge", "full"])
def test_the_training_free_step_takes_the_bridge_of_any_checkpoint(build, settings, written, kind):
    path = settings.checkpoints_dir / "some.safetensors"
    if kind == "full":
        written(path)
    else:
        state = {f"bridge.{k}": v for k, v in new_bridge("tiny", seed=2).state_dict().items()}
        save_checkpoint(path, state, {"method": "bridge", "preset": "tiny", "name": "mine"})
    detector = build("tiny", str(path), "base", settings=settings)
    expected = new_bridge("tiny", seed=2).trunk.weight
    assert torch.equal(detector.joint._bridge.trunk.weight, expected)
    assert (detector.variant, detector.provenance.checkpoint) == ("base", "mine")
    assert detector.provenance.fallbacks == ()


def test_embedded_without_any_bridge_says_how_to_get_one(build, settings):
    with pytest.raises(ModelUnavailable, match="train --method bridge"):
        build("embedded", variant="base", settings=settings)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_named_step_without_its_checkpoint_is_refused(build, sibling, settings, number):
    with pytest.raises(ModelUnavailable, match="no checkpoint"):
        build("tiny", variant=sibling.steps[number], settings=settings)


def test_a_file_runs_as_the_step_it_was_trained_as(build, sibling, settings, written):
    path, step = settings.checkpoints_dir / "mine.safetensors", sibling.steps[3]
    written(path, step)
    assert build("tiny", checkpoint=str(path), settings=settings).variant == step
    with pytest.raises(CheckpointMismatch, match=f"trained as variant {step}, not full"):
        build("tiny", checkpoint=str(path), variant="full", settings=settings)


@pytest.mark.parametrize("card", [{"method": "raid"}, {"preset": "embedded"}], ids=str)
def test_a_checkpoint_for_something_else_is_refused(build, sibling, settings, written, card):
    path = settings.checkpoints_dir / "mine.safetensors"
    written(path, **card)
    with pytest.raises(CheckpointMismatch, match=f"not for {sibling.name} on tiny"):
        build("tiny", checkpoint=str(path), settings=settings)


def test_tensors_of_another_shape_are_refused(build, sibling, settings, written):
    path = settings.checkpoints_dir / "mine.safetensors"
    network, _ = written(path)
    state = network.state_dict() | {"prompts.normal": torch.zeros(2, 3)}
    save_checkpoint(path, state, {**CARD, "method": sibling.name, "variant": "full"})
    with pytest.raises(CheckpointMismatch, match=r"mine\.safetensors does not fit"):
        build("tiny", checkpoint=str(path), settings=settings)


def test_unknown_variant_is_refused(build, sibling, settings):
    with pytest.raises(UsageError, match=f"choose one of base, {sibling.steps[1]}"):
        build("tiny", variant="best", settings=settings)


def test_the_steps_are_those_of_the_ladder(sibling):
    assert sibling.steps == sibling.build.VARIANTS
