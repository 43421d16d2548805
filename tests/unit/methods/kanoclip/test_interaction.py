"""Bi-CMCI: silent at first, both directions alive, symmetric in the two prompts."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.kanoclip.interaction import BiCMCI, cross_attention
from adapp.methods.kanoclip.model import pair_log_odds
from tests.unit.methods.kanoclip.planted import GRID, SMALL, TEMPERATURE, WIDTH, awake, units

CELLS = GRID[0] * GRID[1]


@pytest.fixture
def block():
    torch.manual_seed(0)
    return BiCMCI(WIDTH, SMALL).eval()


def inputs(batch=2):
    return units(batch, CELLS, WIDTH), units(batch, 2, WIDTH, seed=5)


def test_an_untrained_block_leaves_the_plain_map(block):
    visual, text = inputs()
    met, prompts = block(visual, text, GRID)
    plain = pair_log_odds(visual, text, TEMPERATURE)
    torch.testing.assert_close(pair_log_odds(met, prompts, TEMPERATURE), plain, atol=0.02, rtol=0.0)
    assert not torch.equal(met, visual)


def test_shut_gates_leave_it_exactly(block):
    visual, text = inputs()
    with torch.no_grad():
        for name, parameter in block.named_parameters():
            if name.endswith("gate"):
                parameter.zero_()
    met, prompts = block(visual, text, GRID)
    assert torch.equal(met, visual)
    assert torch.equal(prompts, text)


def test_swapped_prompts_swap_the_two_maps(block):
    visual, text = inputs()
    awake(block)
    met, prompts = block(visual, text, GRID)
    met_swapped, prompts_swapped = block(visual, text.flip(1), GRID)
    torch.testing.assert_close(met_swapped, met, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(prompts_swapped, prompts.flip(1), atol=1e-5, rtol=1e-4)
    odds = pair_log_odds(met, prompts, TEMPERATURE)
    swapped = pair_log_odds(met_swapped, prompts_swapped, TEMPERATURE)
    torch.testing.assert_close(swapped, -odds, atol=1e-3, rtol=1e-3)


def test_both_directions_use_the_values_before_the_update(block):
    """Text that looks at patches sees them as they came in, whatever the text told the patches."""
    visual, text = inputs()
    awake(block)
    _, prompts = block(visual, text, GRID)
    with torch.no_grad():
        block.visual_gate.zero_()
        block.deformable_gate.zero_()
    _, alone = block(visual, text, GRID)
    torch.testing.assert_close(prompts, alone)


def test_text_hears_the_picture_and_patches_hear_the_text(block):
    visual, text = inputs()
    awake(block)
    met, prompts = block(visual, text, GRID)
    _, other_prompts = block(units(2, CELLS, WIDTH, seed=9), text, GRID)
    other_met, _ = block(visual, units(2, 2, WIDTH, seed=11), GRID)
    assert not torch.allclose(prompts, other_prompts, atol=1e-3)
    assert not torch.allclose(met, other_met, atol=1e-3)


def test_one_table_of_scores_serves_both_directions():
    visual, text = inputs(batch=1)
    heads = 4
    width = WIDTH // heads
    to_visual, to_text = cross_attention(visual, visual.flip(2), text, text.flip(2), heads)
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        scores = visual[0][:, own] @ text[0][:, own].T / width**0.5  # [N, 2]
        heard = scores.softmax(dim=1) @ text.flip(2)[0][:, own]
        seen = scores.T.softmax(dim=1) @ visual.flip(2)[0][:, own]
        torch.testing.assert_close(to_visual[0, :, own], heard, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(to_text[0, :, own], seen, atol=1e-5, rtol=1e-4)


def test_gates_scale_what_comes_back(block):
    awake(block)
    told, around = units(2, CELLS, SMALL.inner), units(2, CELLS, SMALL.inner, seed=3)
    expected = block.visual_gate * block.visual_out(told)
    expected = expected + block.deformable_gate * block.deformable_out(around)
    torch.testing.assert_close(block._gated(told, around), expected, atol=1e-5, rtol=1e-4)


def test_gradient_reaches_every_gate_and_both_directions(block):
    visual, text = inputs()
    awake(block)
    odds = pair_log_odds(*block(visual, text, GRID), temperature=TEMPERATURE)
    odds.square().sum().backward()
    dead = {name for name, p in block.named_parameters() if p.grad is None or not p.grad.any()}
    assert dead <= {"deformable.key.bias"}  # it adds the same to every score of a softmax


def test_dropped_channels_change_training_only():
    torch.manual_seed(3)
    dropping = BiCMCI(WIDTH, replace(SMALL, dropout=0.5))
    visual, text = inputs()
    dropping.eval()
    assert torch.equal(dropping(visual, text, GRID)[0], dropping(visual, text, GRID)[0])
    dropping.train()
    assert not torch.equal(dropping(visual, text, GRID)[0], dropping(visual, text, GRID)[0])
