"""From names to a detector: which variant runs, with which checkpoint, and what is refused."""

from dataclasses import replace

import pytest
import torch

from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.core.settings import Settings
from adapp.methods.building import shipped_path
from adapp.methods.raid.build import build
from adapp.methods.raid.config import VARIANTS
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.presets import EMBEDDED, PAPER, TINY, config_for
from adapp.training.checkpoint import save_checkpoint

CARD = {
    "method": "raid",
    "preset": "tiny",
    "variant": "full",
    "name": "mine",
    "trained_on": ["some set", "another set"],
    "licence": "Free to use.",
}


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), checkpoints_dir=tmp_path)


def written(path, variant="full", **card):
    network = RaidFilter(TINY.filter, variant, TINY.steepness)
    sha256 = save_checkpoint(path, network.state_dict(), {**CARD, "variant": variant, **card})
    return network, sha256


def test_a_shipped_checkpoint_is_loaded_and_told(settings):
    network, sha256 = written(settings.checkpoints_dir / "raid-tiny-open.safetensors")
    detector = build("tiny", seed=4, settings=settings)
    provenance = detector.provenance
    assert (detector.variant, provenance.variant) == ("full", "full")
    assert (provenance.checkpoint, provenance.checkpoint_sha256) == ("mine", sha256)
    assert provenance.trained_on == ("some set", "another set")
    assert provenance.licence == "Free to use."
    assert (provenance.seed, provenance.fallbacks) == (4, ())
    for name, tensor in network.state_dict().items():
        assert torch.equal(detector.network.state_dict()[name], tensor)


def test_a_loaded_filter_is_frozen_and_in_evaluation_mode(settings):
    written(settings.checkpoints_dir / "raid-tiny-open.safetensors")
    network = build("tiny", settings=settings).network
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(module.training for module in network.modules())


def test_without_a_checkpoint_the_training_free_step_runs_and_says_why(settings):
    detector = build("tiny", settings=settings)
    assert (detector.variant, detector.network) == ("retrieval", None)
    (note,) = detector.provenance.fallbacks
    assert "no checkpoint ships" in note
    assert "training-free" in note


def test_the_training_free_step_is_no_fallback_when_asked_for(settings):
    written(settings.checkpoints_dir / "raid-tiny-open.safetensors")
    detector = build("tiny", variant="retrieval", settings=settings)
    assert detector.network is None
    assert detector.provenance.fallbacks == ()
    assert detector.provenance.checkpoint is None
    assert "no training data" in detector.provenance.licence


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_every_trained_step_loads_its_own_checkpoint(settings, variant):
    own_file = "" if variant == VARIANTS[-1] else variant
    written(shipped_path("raid", "open", "tiny", settings, own_file), variant)
    assert build("tiny", variant=variant, settings=settings).variant == variant


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_a_named_step_without_its_checkpoint_is_refused(settings, variant):
    with pytest.raises(ModelUnavailable, match="no checkpoint"):
        build("tiny", variant=variant, settings=settings)


def test_a_named_file_that_is_absent_is_refused(settings, tmp_path):
    with pytest.raises(ModelUnavailable, match=r"no checkpoint .*mine\.safetensors"):
        build("tiny", checkpoint=str(tmp_path / "mine.safetensors"), settings=settings)


def test_a_file_runs_as_the_step_it_was_trained_as(settings, tmp_path):
    path = tmp_path / "mine.safetensors"
    written(path, "cross_attention")
    assert build("tiny", checkpoint=str(path), settings=settings).variant == "cross_attention"
    with pytest.raises(CheckpointMismatch, match="trained as variant cross_attention, not full"):
        build("tiny", checkpoint=str(path), variant="full", settings=settings)


@pytest.mark.parametrize(
    "card", [{"method": "h2vlr"}, {"preset": "embedded"}, {"method": None}], ids=str
)
def test_a_checkpoint_for_something_else_is_refused(settings, tmp_path, card):
    path = tmp_path / "mine.safetensors"
    written(path, **card)
    with pytest.raises(CheckpointMismatch, match="not for raid on tiny"):
        build("tiny", checkpoint=str(path), settings=settings)


def test_tensors_of_another_shape_are_refused(settings, tmp_path):
    path = tmp_path / "mine.safetensors"
    other = RaidFilter(replace(TINY.filter, squeeze=8), "full", TINY.steepness)
    save_checkpoint(path, other.state_dict(), CARD)
    with pytest.raises(CheckpointMismatch, match=r"mine\.safetensors does not fit"):
        build("tiny", checkpoint=str(path), settings=settings)


def test_the_published_constants():
    database, filtering = PAPER.database, PAPER.filter
    assert (database.prototypes, database.probes, database.neighbours) == (50, 5, 150)
    assert (filtering.token_width, filtering.neighbours) == (384, 150)
    assert (filtering.experts, filtering.active, filtering.groups) == (3, 2, 5)
    assert (filtering.squeeze, filtering.base_skip, filtering.cost_input) == (0, False, "raw")
    assert (PAPER.focal_alpha, PAPER.focal_gamma, PAPER.balance_weight) == (0.5, 4.0, 0.005)
    assert (PAPER.learning_rate, PAPER.batch, PAPER.epochs) == (1e-4, 16, 100)
    assert (PAPER.top_percent, PAPER.sigma, PAPER.weight_decay) == (1.0, 4.0, 0.0)


@pytest.mark.parametrize("config", [PAPER, EMBEDDED, TINY], ids=["paper", "embedded", "tiny"])
def test_filter_and_database_of_a_preset_fit_together(config):
    assert config.filter.neighbours <= config.database.neighbours
    assert config.filter.neighbours % config.filter.groups == 0


def test_an_unknown_preset_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="paper, embedded, tiny"):
        config_for("huge")
