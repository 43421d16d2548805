"""Which steps run the V-V path, the published constants, and sizes that fit."""

import pytest
import torch

from adapp.backbones.factory import new_bridge
from adapp.core.errors import UsageError
from adapp.methods.kanoclip.build import build, make_network
from adapp.methods.kanoclip.presets import EMBEDDED, PAPER, TINY, config_for
from adapp.training.checkpoint import save_checkpoint


@pytest.mark.parametrize(("variant", "local"), [("knpl", False), ("vv", True), ("full", True)])
def test_only_steps_that_read_it_run_the_second_path(joint, tmp_path, variant, local):
    network = make_network(TINY, variant, joint, new_bridge("tiny", seed=2).state_dict())
    card = {"method": "kanoclip", "preset": "tiny", "variant": variant, "name": "one"}
    save_checkpoint(tmp_path / "one.safetensors", network.state_dict(), card)
    detector = build("tiny", str(tmp_path / "one.safetensors"), variant)
    features = detector.backbone.encode_images(torch.rand(1, 3, 112, 112))
    assert (features.local is not None) is local


def test_the_published_constants():
    assert PAPER.prompts.prefix == 12
    assert (PAPER.interaction.inner, PAPER.interaction.heads) == (256, 8)
    assert (PAPER.interaction.groups, PAPER.interaction.stride, PAPER.interaction.reach) == (
        (4, 4, 2.0)
    )
    assert PAPER.interaction.gate == 1e-4
    assert PAPER.interaction.self_neighbours == ()
    assert not PAPER.globals.reader
    assert (PAPER.globals.adapter, PAPER.globals.reduction, PAPER.globals.share) == (
        ("conv", 4, 0.2)
    )
    loss, recipe = PAPER.loss, PAPER.training
    assert (loss.kd_weight, loss.global_weight, loss.local_weight) == (1.0, 1.0, 1.0)
    assert (loss.stages, PAPER.prompts.kd_margin) == ("sum", 0.0)
    assert (recipe.epochs, recipe.batch, recipe.betas) == (15, 8, (0.5, 0.999))
    assert (recipe.prompt_rate, recipe.network_rate, recipe.weight_decay) == (1e-3, 1e-4, 0.0)
    assert (PAPER.local_from, PAPER.centre, PAPER.sigma) == (6, False, 4.0)


@pytest.mark.parametrize("config", [PAPER, EMBEDDED, TINY], ids=["paper", "embedded", "tiny"])
def test_sizes_of_a_preset_fit_together(config):
    interaction = config.interaction
    assert interaction.inner % interaction.heads == 0
    assert interaction.heads % interaction.groups == 0
    assert bool(interaction.self_neighbours) is bool(interaction.self_stages)


def test_an_unknown_preset_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="paper, embedded, tiny"):
        config_for("huge")
