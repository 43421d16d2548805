"""The network: static maps at first, each part speaks, evidence adds up."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.adseeker.config import VARIANTS, ContrastConfig, ScoreConfig
from adapp.methods.adseeker.contrast import SelfContrast
from adapp.methods.adseeker.losses import maps_loss, sparse_loss, terms_of
from adapp.methods.adseeker.model import plain_output
from adapp.methods.adseeker.regions import NOTHING
from tests.unit.methods.adseeker.planted import (
    CONFIG,
    CONTRAST,
    GRID,
    KINDS,
    STAGES,
    TEMPERATURE,
    awake,
    network,
    pictures,
    text_of,
)


def run(made, batch=2, seed=0):
    return made(pictures(batch, seed), text_of(batch), TEMPERATURE)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_an_untrained_step_is_the_static_map_and_score(variant):
    output = run(network(variant))
    plain = plain_output(pictures(), text_of(), TEMPERATURE, CONFIG)
    torch.testing.assert_close(output.plain, plain.plain)
    torch.testing.assert_close(output.stages, plain.stages, rtol=0, atol=1e-5)
    torch.testing.assert_close(output.odds, plain.odds, rtol=0, atol=1e-5)
    assert output.stages.shape == (STAGES, 2, *GRID)
    assert output.fused.shape == output.location.shape == (2, 1, *GRID)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_without_centroids_everything_is_none_of_these(variant):
    output = run(network(variant))
    assert output.types.shape == (2, GRID[0] * GRID[1], KINDS)
    assert (output.types.argmax(dim=2) == NOTHING).all()
    torch.testing.assert_close(output.chosen[:, -1], torch.ones(2))


def test_every_trained_part_of_the_complete_method_gets_a_gradient():
    made = network().train()
    output = run(made, batch=4)
    target = torch.zeros(4, 1, 24, 24)
    target[:2, :, :8, :8] = 1.0
    label = torch.tensor([1.0, 1.0, 0.0, 0.0])
    terms = terms_of(output, target, label, CONFIG.loss, CONFIG.score, CONFIG.sparse.sparsity)
    terms.total(CONFIG.loss).backward()
    silent = [
        name
        for name, parameter in made.named_parameters()
        if not name.startswith(("prompts.", "reader."))
        and (parameter.grad is None or not parameter.grad.any())
    ]
    assert silent == []
    assert terms.sparse > 0


def test_a_step_without_hsp_has_no_code():
    output = run(network("obj_cls"))
    assert output.coded == ()
    assert output.attention is None
    assert sparse_loss(output.coded, 0.1) == 0


def test_hsp_and_contrast_change_the_map_once_awake():
    made = awake(network())
    output = run(made)
    assert (output.stages - output.plain).abs().max() > 0.1
    assert 0 < output.attention.max() <= 1
    assert all(one.active.sum() > 0 for one in output.coded)


def test_contrast_never_lowers_an_unlike_patch_against_a_like_one():
    made = awake(SelfContrast(CONTRAST), seed=4)
    with torch.no_grad():
        made.raw[0, 0], made.raw[1, 1] = -0.5, 0.5
    assert made.slopes.min() == 0
    costs = torch.zeros(2, 1, 2, 2)
    costs[:, :, 1] = 1.0
    odds = made(costs)
    assert odds[0, 1] > odds[0, 0]
    made.raw.grad = None
    made(costs)[0, 1].backward()
    assert made.raw.grad[0, 0] != 0, "a slope at zero could never rise again"


def test_in_training_text_or_contrast_is_left_out_but_never_both():
    config = replace(CONFIG, contrast=replace(CONTRAST, dropout=0.5))
    made = awake(network("full", config)).train()
    spoken, heard = made._kept(400, torch.device("cpu"))
    assert ((spoken + heard) >= 1).all()
    assert 100 < spoken.sum() < 300
    assert 100 < heard.sum() < 300
    spoken, heard = made.eval()._kept(50, torch.device("cpu"))
    assert spoken.min() == heard.min() == 1


def test_contrast_that_is_read_must_be_there():
    shown = pictures(contrast=ContrastConfig())
    with pytest.raises(ValueError, match="self-dissimilarity"):
        network()(shown, text_of(), TEMPERATURE)


def test_the_ratio_can_be_the_map():
    config = replace(CONFIG, score=ScoreConfig(form="ratio", shift=1.0, pool="mean"))
    output = run(network("obj", config))
    assert torch.equal(output.fused, output.location)
    assert output.odds is None


def test_balanced_loss_counts_a_pinhole_as_much_as_its_surroundings():
    odds = torch.zeros(1, 1, 6, 6)  # one stage, one picture
    target = torch.zeros(1, 1, 6, 6)
    target[..., 0, 0] = 1.0
    missed, alarmed = odds.clone(), odds.clone()
    missed[..., 0, 0] = -4.0
    alarmed[..., 1:, :] = 4.0

    def loss(maps, *, balanced):
        made = replace(CONFIG.loss, balanced=balanced, focal_gamma=0.0)
        return maps_loss(maps, target, made).item()

    assert loss(missed, balanced=True) > 3 * loss(missed, balanced=False) / 2
    assert loss(alarmed, balanced=True) > loss(odds, balanced=True)
