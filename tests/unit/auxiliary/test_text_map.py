"""The text map: direction, shapes, and an image score that looks at the picture's own middle."""

import pytest
import torch
from torch.nn import functional

from adapp.auxiliary.text_map import (
    STATISTICS,
    ImageHead,
    map_statistics,
    pooled_logits,
    text_logits,
)


@pytest.fixture
def pair():
    """Return unit vectors of two stages: a normal and an anomalous prompt."""
    return torch.eye(6)[:2], torch.eye(6)[2:4]


def test_patches_near_the_anomalous_prompt_have_positive_odds(pair):
    normal, anomalous = pair
    patches = torch.stack(
        [torch.stack([n, a])[None] for n, a in zip(normal, anomalous, strict=True)]
    )
    odds = text_logits(patches, normal, anomalous, torch.tensor(0.5))
    assert odds.shape == (2, 1, 2)
    assert odds[:, 0].tolist() == [[-2.0, 2.0], [-2.0, 2.0]]


def test_the_odds_are_those_of_a_softmax_over_the_pair():
    generator = torch.Generator().manual_seed(0)
    patches, normal, anomalous = (
        functional.normalize(torch.randn(shape, generator=generator), dim=-1)
        for shape in ((2, 3, 5, 8), (2, 8), (2, 8))
    )
    odds = text_logits(patches, normal, anomalous, torch.tensor(0.1))
    both = torch.stack([torch.einsum("sbnj,sj->sbn", patches, one) for one in (normal, anomalous)])
    expected = (both / 0.1).softmax(dim=0)[1]
    torch.testing.assert_close(odds.sigmoid(), expected)


def test_each_picture_can_have_prompts_of_its_own(pair):
    normal, anomalous = pair
    patches = functional.normalize(torch.ones(2, 2, 3, 6) + torch.arange(6), dim=-1)
    twice = text_logits(
        patches,
        normal[:, None].expand(-1, 2, -1),
        anomalous[:, None].expand(-1, 2, -1),
        torch.tensor(1.0),
    )
    torch.testing.assert_close(twice, text_logits(patches, normal, anomalous, torch.tensor(1.0)))
    swapped = text_logits(
        patches,
        torch.stack([normal, anomalous], dim=1),
        torch.stack([anomalous, normal], dim=1),
        torch.tensor(1.0),
    )
    torch.testing.assert_close(swapped[:, 0], -swapped[:, 1])


def test_whole_pictures_are_read_the_same_way(pair):
    normal, anomalous = pair
    odds = pooled_logits(
        torch.stack([normal[0], anomalous[0]]), normal[0], anomalous[0], torch.tensor(0.25)
    )
    assert odds.tolist() == [-4.0, 4.0]


def test_statistics_of_a_map():
    maps = torch.arange(200.0).flip(0)[None]
    found = dict(
        zip(STATISTICS, map_statistics(maps, torch.tensor([7.0]))[0].tolist(), strict=True)
    )
    assert found == {
        "top 1 %": pytest.approx(198.5),
        "top 5 %": pytest.approx(194.5),
        "median": pytest.approx(99.0),
        "deviation": pytest.approx(maps.std().item()),
        "pooled": 7.0,
    }


def test_an_untrained_head_takes_a_map_that_is_high_everywhere_for_normal():
    flat = map_statistics(torch.full((1, 100), 3.0), torch.zeros(1))
    peak = map_statistics(torch.tensor([[3.0] * 2 + [-3.0] * 98]), torch.zeros(1))
    head = ImageHead()
    assert float(head(peak)) > float(head(flat)) + 1


def test_gradients_reach_prompts_and_head(pair):
    normal, anomalous = (one.clone().requires_grad_() for one in pair)
    patches = functional.normalize(torch.rand(2, 3, 20, 6), dim=-1)
    cells = text_logits(patches, normal, anomalous, torch.tensor(0.1)).mean(dim=0)
    head = ImageHead()
    head(map_statistics(cells, torch.zeros(3))).sum().backward()
    assert normal.grad.abs().sum() > 0
    assert anomalous.grad.abs().sum() > 0
    assert head.linear.weight.grad.abs().min() >= 0
    assert head.linear.weight.grad[0, 0] != 0
