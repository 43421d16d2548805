"""Losses against their formulas written out."""

import pytest
import torch

from adapp.ops.losses import binary_focal_loss, dice_loss
from tests.tolerance import assert_same


def case(dtype=torch.float64):
    logits = torch.randn(2, 1, 3, 4, dtype=dtype)
    target = (torch.rand(2, 1, 3, 4) > 0.6).to(dtype)
    return logits, target


@pytest.mark.parametrize("gamma", [0.0, 2.0, 4.0])
@pytest.mark.parametrize("alpha", [0.25, 0.5])
def test_focal_loss_against_its_formula(alpha, gamma):
    logits, target = case()
    p = torch.sigmoid(logits)
    on = -alpha * (1 - p) ** gamma * p.log()
    off = -(1 - alpha) * p**gamma * (1 - p).log()
    expected = torch.where(target > 0, on, off).mean()
    assert_same(binary_focal_loss(logits, target, alpha=alpha, gamma=gamma), expected)


def test_focal_loss_without_focus_is_half_the_cross_entropy():
    logits, target = case()
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    assert_same(binary_focal_loss(logits, target, alpha=0.5, gamma=0.0), entropy / 2)


def test_focal_loss_weighs_cells():
    logits, target = case()
    weight = torch.zeros_like(logits)
    weight[0] = 2.0  # one of two pictures, twice: the mean over that picture
    expected = binary_focal_loss(logits[:1], target[:1], alpha=0.5, gamma=2.0)
    weighted = binary_focal_loss(logits, target, alpha=0.5, gamma=2.0, weight=weight)
    assert_same(weighted, expected)


def test_focal_loss_stays_finite_where_the_sigmoid_saturates():
    logits = torch.tensor([-200.0, 200.0, -200.0, 200.0], requires_grad=True)
    target = torch.tensor([0.0, 1.0, 1.0, 0.0])
    loss = binary_focal_loss(logits, target, alpha=0.5, gamma=4.0)
    loss.backward()
    assert_same(loss, 0.5 * (200 + 200) / 4)
    assert bool(logits.grad.isfinite().all())


def test_focal_loss_gradient():
    logits, target = case()
    logits.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda given: binary_focal_loss(given, target, alpha=0.3, gamma=2.0), (logits,)
    )


def test_dice_loss_against_its_formula():
    probability = torch.tensor([[0.5, 1.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    target = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    first = 1 - (2 * 1.5 + 1) / (1.5 + 2 + 1)
    second = 1 - (2 * 0.0 + 1) / (1 + 1 + 1)
    assert_same(dice_loss(probability, target), torch.tensor((first + second) / 2))


def test_dice_loss_is_zero_only_for_the_mask_itself():
    target = (torch.rand(2, 1, 8, 8) > 0.5).float()
    assert float(dice_loss(target, target)) == 0.0
    assert float(dice_loss(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 8, 8))) == 0.0
    assert float(dice_loss(1 - target, target)) > 0.9


def test_dice_loss_gradient():
    logits, target = case()
    probability = torch.sigmoid(logits).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: dice_loss(given, target), (probability,))
