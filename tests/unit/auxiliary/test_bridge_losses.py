"""The bridge's losses: low for right maps, high for wrong ones, zero where nothing is known."""

import pytest
import torch

from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.bridge_losses import map_loss, type_loss

CONFIG = BridgeConfig()


@pytest.fixture
def share():
    """Return how much of each of 16 cells is anomalous, in two pictures."""
    covered = torch.zeros(2, 16)
    covered[0, :4] = 1
    return covered


def test_a_right_map_costs_less_than_a_wrong_one(share):
    right = (12 * share - 6).expand(3, -1, -1)
    assert map_loss(right, share, CONFIG) < 0.1
    assert map_loss(-right, share, CONFIG) > 2


def test_one_wrong_stage_costs_even_if_the_average_is_right(share):
    right = (12 * share - 6).expand(3, -1, -1)
    mixed = torch.stack([-right[0], 2 * right[1], 2 * right[2]])
    torch.testing.assert_close(mixed.mean(dim=0), right.mean(dim=0))
    assert map_loss(mixed, share, CONFIG) > map_loss(right, share, CONFIG) + 0.3


def test_a_cell_half_covered_is_best_told_as_half(share):
    half = share / 2
    odds = torch.tensor([-4.0, 0.0, 4.0])
    costs = [float(map_loss(o * torch.ones(1, 2, 16), half[:, :], CONFIG)) for o in odds]
    certain = float(map_loss((12 * share - 6)[None], half, CONFIG))
    unsure = float(map_loss(torch.where(share > 0, 0.0, -6.0)[None], half, CONFIG))
    assert unsure < certain
    assert costs[0] < costs[2]


def test_regions_that_match_their_type_cost_little():
    sentences = torch.eye(4)[:3].expand(2, -1, -1)
    patches = torch.eye(4)[[0, 3, 1, 3]].reshape(2, 2, 4).expand(2, -1, -1, -1)
    covered = torch.tensor([[1.0, 0.0], [0.5, 0.0]])
    right = type_loss(patches, covered, torch.tensor([0, 1]), sentences, 0.1)
    wrong = type_loss(patches, covered, torch.tensor([1, 0]), sentences, 0.1)
    assert float(right) == pytest.approx(0.0, abs=1e-3)
    assert float(wrong) == pytest.approx(10.0, abs=0.1)


def test_pictures_without_a_known_type_do_not_count():
    sentences = torch.eye(4)[:3].expand(2, -1, -1)
    patches = torch.eye(4)[[0, 3, 1, 3]].reshape(2, 2, 4).expand(2, -1, -1, -1)
    covered = torch.tensor([[1.0, 0.0], [0.5, 0.0]])
    one = type_loss(patches, covered, torch.tensor([1, -1]), sentences, 0.1)
    assert float(one) == pytest.approx(10.0, abs=0.1)
    none = type_loss(patches, covered, torch.tensor([-1, -1]), sentences, 0.1)
    unseen = type_loss(patches, 0 * covered, torch.tensor([1, 0]), sentences, 0.1)
    assert float(none) == float(unseen) == 0.0
