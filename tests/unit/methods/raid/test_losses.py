"""Load balance is best, and one, when every expert does the same work."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.raid.losses import (
    balance_loss,
    dense_balance_loss,
    raid_loss,
    sparse_balance_loss,
)
from adapp.methods.raid.model import FilterOutput
from adapp.methods.raid.presets import PAPER
from adapp.ops.losses import binary_focal_loss
from tests.tolerance import assert_same


def two_best(probability):
    chosen = torch.zeros_like(probability, dtype=torch.bool)
    return chosen.scatter_(1, probability.topk(2, dim=1).indices, value=True)


def output(batch=3, side=4):
    probability = torch.randn(batch, 3).softmax(dim=1)
    return FilterOutput(
        logits=torch.randn(batch, 1, side, side, requires_grad=True),
        guidance_weights=probability,
        active=two_best(probability),
        denoising_weights=torch.randn(batch, 3).softmax(dim=1),
    )


def test_both_losses_are_one_at_uniform_use():
    uniform = torch.full((6, 3), 1 / 3)
    every_pair_twice = torch.tensor([[1, 1, 0], [1, 0, 1], [0, 1, 1]] * 2, dtype=torch.bool)
    assert_same(sparse_balance_loss(uniform, every_pair_twice), torch.tensor(1.0))
    assert_same(dense_balance_loss(uniform), torch.tensor(1.0))


def test_sparse_loss_against_its_formula():
    probability = torch.tensor([[0.5, 0.3, 0.2], [0.6, 0.1, 0.3]])
    share = [2 / 4, 1 / 4, 1 / 4]
    mean = [0.55, 0.2, 0.25]
    expected = 3 * sum(f * p for f, p in zip(share, mean, strict=True))
    assert_same(sparse_balance_loss(probability, two_best(probability)), torch.tensor(expected))


@pytest.mark.parametrize("skew", [0.1, 1.0, 10.0])
def test_uneven_use_costs_more(skew):
    uneven = torch.tensor([[skew, 0.0, 0.0]]).softmax(dim=1)
    assert float(sparse_balance_loss(uneven, two_best(uneven))) > 1.0
    assert float(dense_balance_loss(uneven)) > 1.0


def test_one_expert_for_all_is_the_worst():
    alone = torch.tensor([[1.0, 0.0, 0.0]])
    assert_same(dense_balance_loss(alone), torch.tensor(3.0))
    assert_same(sparse_balance_loss(alone, alone.bool()), torch.tensor(3.0))


def test_experts_may_specialise_as_long_as_each_gets_its_share():
    specialised = torch.eye(3)
    assert_same(dense_balance_loss(specialised), torch.tensor(1.0))
    assert_same(sparse_balance_loss(specialised, specialised.bool()), torch.tensor(1.0))


def test_descending_the_loss_evens_out_the_router():
    scores = torch.tensor([[2.0, 1.0, 0.0]]).repeat(8, 1).requires_grad_()
    optimizer = torch.optim.SGD([scores], lr=2.0)
    for _ in range(80):
        optimizer.zero_grad()
        weights = scores.softmax(dim=1)
        (dense_balance_loss(weights) + sparse_balance_loss(weights, two_best(weights))).backward()
        optimizer.step()
    assert scores.softmax(dim=1).mean(dim=0).tolist() == pytest.approx([1 / 3] * 3, abs=0.08)


def test_balance_loss_adds_both_routers():
    both = output()
    dense = dense_balance_loss(both.denoising_weights)
    sparse = sparse_balance_loss(both.guidance_weights, both.active)
    assert_same(balance_loss(both), dense + sparse)
    assert_same(balance_loss(replace(both, guidance_weights=None, active=None)), dense)


def test_raid_loss_is_focal_plus_weighted_balance():
    result, target = output(), (torch.rand(3, 1, 4, 4) > 0.7).float()
    focal = binary_focal_loss(result.logits, target, alpha=0.5, gamma=4.0)
    assert_same(raid_loss(result, target, PAPER), focal + 0.005 * balance_loss(result))


def test_raid_loss_resizes_the_map_and_not_the_mask():
    result, target = output(), (torch.rand(3, 1, 16, 16) > 0.7).float()
    enlarged = torch.nn.functional.interpolate(
        result.logits, size=(16, 16), mode="bilinear", align_corners=False
    )
    expected = raid_loss(replace(result, logits=enlarged), target, PAPER)
    assert_same(raid_loss(result, target, PAPER), expected)


def test_a_better_map_has_a_lower_loss_and_a_gradient():
    result, target = output(), (torch.rand(3, 1, 4, 4) > 0.7).float()
    right = replace(result, logits=8.0 * (target - 0.5))
    wrong = replace(result, logits=-8.0 * (target - 0.5))
    assert float(raid_loss(right, target, PAPER)) < float(raid_loss(wrong, target, PAPER))
    raid_loss(result, target, PAPER).backward()
    assert bool((result.logits.grad != 0).all())
