"""From names to a detector: which step runs, with which checkpoint, and what is refused."""

from dataclasses import replace

import pytest
import torch

from adapp.auxiliary.generic_threshold import CARD_KEY, GenericThreshold
from adapp.backbones.factory import new_bridge
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.settings import Settings
from adapp.methods.adseeker.build import bridge_path, build, checkpoint_path, make_network
from adapp.methods.adseeker.config import VARIANTS
from adapp.methods.adseeker.presets import EMBEDDED, PAPER, TINY, config_for
from adapp.training.checkpoint import save_checkpoint

GENERIC = GenericThreshold(0.625, 0.75, 0.05, 40, 8)
CARD = {
    "method": "adseeker",
    "preset": "tiny",
    "name": "mine",
    "trained_on": ["some set"],
    "licence": "Free to use.",
    CARD_KEY: GENERIC.card(),
}


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), checkpoints_dir=tmp_path)


def written(path, joint, variant="full", **card):
    torch.manual_seed(5)
    network = make_network(TINY, variant, joint, 64, new_bridge("tiny", seed=2).state_dict())
    sha256 = save_checkpoint(path, network.state_dict(), {**CARD, "variant": variant, **card})
    return network, sha256


def test_shipped_checkpoints_are_named_by_preset_and_step(settings):
    folder = settings.checkpoints_dir
    name = checkpoint_path("open", "embedded", "full", settings)
    assert name == folder / "adseeker-embedded-open.safetensors"
    step = checkpoint_path("research", "tiny", "cls", settings)
    assert step == folder / "adseeker-tiny-research-cls.safetensors"


def test_a_shipped_checkpoint_is_loaded_and_told(settings, joint):
    path = settings.checkpoints_dir / "adseeker-tiny-open.safetensors"
    network, sha256 = written(path, joint)
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


def test_a_checkpoint_carries_its_own_bridge(settings, joint):
    path = settings.checkpoints_dir / "adseeker-tiny-open.safetensors"
    written(path, joint)
    detector = build("tiny", settings=settings)
    assert torch.equal(detector.joint._bridge.trunk.weight, new_bridge("tiny", seed=2).trunk.weight)


def test_a_loaded_network_is_frozen_and_in_evaluation_mode(settings, joint):
    written(settings.checkpoints_dir / "adseeker-tiny-open.safetensors", joint)
    network = build("tiny", settings=settings).network
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(module.training for module in network.modules())


def test_without_a_checkpoint_the_training_free_step_runs_and_says_why(settings):
    detector = build("tiny", settings=settings)
    assert (detector.variant, detector.network) == ("base", None)
    notes = detector.provenance.fallbacks
    assert any("no checkpoint ships" in note and "training-free" in note for note in notes)
    assert any("bridge is random" in note for note in notes)
    assert detector.provenance.checkpoint is None


@pytest.mark.parametrize("kind", ["bridge", "full"])
def test_the_training_free_step_takes_the_bridge_of_any_checkpoint(settings, joint, kind):
    path = settings.checkpoints_dir / "some.safetensors"
    if kind == "full":
        written(path, joint)
    else:
        state = {f"bridge.{k}": v for k, v in new_bridge("tiny", seed=2).state_dict().items()}
        save_checkpoint(path, state, {"method": "bridge", "preset": "tiny", "name": "mine"})
    detector = build("tiny", str(path), "base", settings=settings)
    expected = new_bridge("tiny", seed=2).trunk.weight
    assert torch.equal(detector.joint._bridge.trunk.weight, expected)
    assert (detector.variant, detector.provenance.checkpoint) == ("base", "mine")
    assert detector.provenance.fallbacks == ()


def test_the_shipped_bridge_goes_before_the_complete_checkpoint(settings, joint):
    folder = settings.checkpoints_dir
    assert bridge_path("open", "tiny", settings) is None
    inside = folder / "adseeker-tiny-open.safetensors"
    written(inside, joint)
    assert bridge_path("open", "tiny", settings) == inside
    alone = folder / "bridge-tiny-open.safetensors"
    alone.write_bytes(b"")
    assert bridge_path("open", "tiny", settings) == alone


def test_embedded_without_any_bridge_says_how_to_get_one(settings):
    with pytest.raises(ModelUnavailable, match="train --method bridge"):
        build("embedded", variant="base", settings=settings)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_a_named_step_without_its_checkpoint_is_refused(settings, variant):
    with pytest.raises(ModelUnavailable, match="no checkpoint"):
        build("tiny", variant=variant, settings=settings)


def test_a_file_runs_as_the_step_it_was_trained_as(settings, joint):
    path = settings.checkpoints_dir / "mine.safetensors"
    written(path, joint, "obj_cls")
    assert build("tiny", checkpoint=str(path), settings=settings).variant == "obj_cls"
    with pytest.raises(CheckpointMismatch, match="trained as variant obj_cls, not full"):
        build("tiny", checkpoint=str(path), variant="full", settings=settings)


@pytest.mark.parametrize("card", [{"method": "raid"}, {"preset": "embedded"}], ids=str)
def test_a_checkpoint_for_something_else_is_refused(settings, joint, card):
    path = settings.checkpoints_dir / "mine.safetensors"
    written(path, joint, **card)
    with pytest.raises(CheckpointMismatch, match="not for adseeker on tiny"):
        build("tiny", checkpoint=str(path), settings=settings)


def test_tensors_of_another_shape_are_refused(settings, joint):
    path = settings.checkpoints_dir / "mine.safetensors"
    network, _ = written(path, joint)
    state = network.state_dict() | {"prompts.normal": torch.zeros(2, 3)}
    save_checkpoint(path, state, {**CARD, "variant": "full"})
    with pytest.raises(CheckpointMismatch, match=r"mine\.safetensors does not fit"):
        build("tiny", checkpoint=str(path), settings=settings)


def test_unknown_variant_is_refused(settings):
    with pytest.raises(UsageError, match="choose one of base, obj"):
        build("tiny", variant="best", settings=settings)


def test_the_settled_constants_of_the_paper_preset():
    sparse, prompts, recipe = PAPER.sparse, PAPER.prompts, PAPER.training
    assert (sparse.atoms, sparse.steps, sparse.sparsity, sparse.descent) == (16, 5, 0.1, 1.0)
    assert (sparse.text_depth, sparse.text_tokens, sparse.inside) == (4, 5, True)
    assert (prompts.prefix, prompts.anchored, prompts.top) == (12, False, 3)
    assert (PAPER.types.stages, PAPER.types.lloyd_steps) == ("last", 10)
    assert (PAPER.score.form, PAPER.score.pool, PAPER.score.sigma) == ("softmax", "mean", 4.0)
    assert (PAPER.loss.sparse_weight, PAPER.loss.stages) == (0.1, "sum")
    assert (recipe.epochs, recipe.batch, recipe.rate) == (10, 8, 1e-3)
    assert recipe.betas == (0.5, 0.999)
    assert PAPER.contrast.neighbours == ()


@pytest.mark.parametrize("config", [PAPER, EMBEDDED, TINY], ids=["paper", "embedded", "tiny"])
def test_sizes_of_a_preset_fit_together(config):
    assert config.prompts.prefix >= (config.sparse.text_tokens if config.sparse.inside else 0)
    assert bool(config.contrast.neighbours) is bool(config.contrast.stages)
    assert config.prompts.anchored is (config.prompts.init_std == 0)


def test_an_unknown_preset_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="paper, embedded, tiny"):
        config_for("huge")
