"""The objective by hand: eq. 2, 12, 14 and 15."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.kanoclip.config import GlobalConfig, LossConfig
from adapp.methods.kanoclip.losses import (
    Terms,
    global_loss,
    knowledge_gap,
    knowledge_loss,
    local_loss,
    soft_score,
    stages_loss,
)
from adapp.methods.kanoclip.model import KanoOutput
from adapp.ops.losses import dice_loss

LOSS = LossConfig()
X, Y = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])


def test_knowledge_loss_by_hand():
    # knowledge at 0 degrees, abnormal at 90, normal at 60: sqrt 2 - 1
    normal = torch.tensor([0.5, 3**0.5 / 2])
    found = knowledge_loss(5.0 * X, 0.3 * normal, 2.0 * Y)
    assert found.item() == pytest.approx(2**0.5 - 1.0, abs=1e-5)


def test_it_is_zero_as_soon_as_the_abnormal_prompt_is_nearer():
    assert knowledge_loss(X, Y, X + 0.5 * Y).item() == 0
    gap = knowledge_gap(X, Y, X)
    assert gap.item() == pytest.approx(-(2**0.5), abs=1e-4)


def test_a_margin_asks_for_a_lead():
    assert knowledge_loss(X, Y, X, margin=2.0).item() == pytest.approx(2.0 - 2**0.5, abs=1e-4)


def test_it_pulls_the_abnormal_prompt_and_pushes_the_normal_one():
    knowledge = torch.tensor([1.0, 0.2, 0.0])
    abnormal = torch.tensor([0.0, 1.0, 0.3], requires_grad=True)
    normal = torch.tensor([0.8, 0.1, 0.6], requires_grad=True)
    knowledge_loss(knowledge, normal, abnormal).backward()
    with torch.no_grad():
        near_before = torch.cosine_similarity(knowledge, abnormal, dim=0)
        far_before = torch.cosine_similarity(knowledge, normal, dim=0)
        abnormal -= 0.1 * abnormal.grad
        normal -= 0.1 * normal.grad
    assert torch.cosine_similarity(knowledge, abnormal, dim=0) > near_before
    assert torch.cosine_similarity(knowledge, normal, dim=0) < far_before


def test_prompts_that_coincide_with_the_knowledge_have_finite_gradients():
    prompt = X.clone().requires_grad_()
    knowledge_loss(X, Y, prompt, margin=2.0).backward()
    assert prompt.grad.isfinite().all()


def test_classes_and_levels_are_averaged():
    several = knowledge_loss(torch.stack([X, X]), torch.stack([X, Y]), torch.stack([Y, X]))
    assert several.item() == pytest.approx(2**0.5 / 2, abs=1e-4)


def output(maps, odds):
    """Return what a network would say: the same maps in every stage."""
    stages = torch.tensor(maps).repeat(2, 1, 1, 1)
    return KanoOutput(stages, stages, torch.tensor(odds))


def test_score_is_probability_plus_highest_value():
    said = output([[[0.0, 3.0], [-1.0, 0.0]]], [1.0])
    expected = torch.sigmoid(torch.tensor(1.0)) + torch.sigmoid(torch.tensor(3.0))
    assert soft_score(said, GlobalConfig()).item() == pytest.approx(expected.item())


def test_more_than_one_cell_learns_from_the_score():
    maps = torch.randn(1, 1, 24, 24, generator=torch.Generator().manual_seed(0)).requires_grad_()
    said = KanoOutput(maps, maps, torch.zeros(1))
    soft_score(said, GlobalConfig(soft_top_percent=1.0)).sum().backward()
    assert int((maps.grad != 0).sum()) == 6


def test_global_loss_takes_half_the_score():
    score = torch.tensor([0.4, 1.6])
    expected = -(torch.log(torch.tensor(0.8)) + torch.log(torch.tensor(0.8))) / 2
    assert global_loss(score, torch.tensor([0.0, 1.0])).item() == pytest.approx(expected.item())
    assert global_loss(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0])).isfinite()


def test_local_loss_by_hand():
    odds = torch.tensor([[[[2.0, -1.0], [0.5, -3.0]]]])
    target = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    abnormal = torch.sigmoid(odds)
    true = torch.where(target > 0, abnormal, 1 - abnormal)
    focal = (-((1 - true) ** 2) * true.log()).mean()
    expected = focal + dice_loss(1 - abnormal, 1 - target) + dice_loss(abnormal, target)
    assert local_loss(odds, target, LOSS).item() == pytest.approx(expected.item(), abs=1e-5)


def test_maps_grow_to_the_target():
    coarse = torch.tensor([[[[9.0, -9.0], [-9.0, -9.0]]]])
    target = torch.zeros(1, 1, 8, 8)
    target[..., :3, :3] = 1
    wrong = torch.zeros(1, 1, 8, 8)
    wrong[..., 5:, 5:] = 1
    assert local_loss(coarse, target, LOSS) < 0.5 * local_loss(coarse, wrong, LOSS)


def test_stages_are_summed_or_joined_by_the_shown_map():
    target = torch.zeros(1, 1, 2, 2)
    maps = torch.tensor([[[[1.0, -1.0], [0.0, 0.0]]], [[[-1.0, 2.0], [0.0, 1.0]]]])
    said = KanoOutput(maps, maps, torch.zeros(1))
    each = [local_loss(maps[i : i + 1], target, LOSS) for i in range(2)]
    torch.testing.assert_close(stages_loss(said, target, LOSS), each[0] + each[1])
    shown = local_loss(maps.mean(dim=0, keepdim=True), target, LOSS)
    joined = stages_loss(said, target, replace(LOSS, stages="fused"))
    torch.testing.assert_close(joined, 0.25 * (each[0] + each[1]) + 0.5 * shown)


def test_the_total_weighs_its_terms():
    terms = Terms(torch.tensor(1.0), torch.tensor(10.0), torch.tensor(100.0))
    assert terms.total(LOSS).item() == 111
    assert terms.total(LossConfig(kd_weight=0.5, global_weight=0.0)).item() == 100.5
