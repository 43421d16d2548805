"""The bridge's losses: low for right maps, high for wrong ones, zero where nothing is known."""

import pytest
import torch

from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.bridge_losses import (
    balanced_focal_loss,
    guide_loss,
    map_loss,
    reading_loss,
    type_loss,
)

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


def test_a_pinhole_weighs_as_much_as_a_large_stain():
    covered = torch.zeros(2, 16)
    covered[0, :1] = covered[1, :8] = 1
    right = 12 * covered - 6
    pinhole, stain = right.clone(), right.clone()
    pinhole[0, :1] = -6
    stain[1, :8] = -6
    costs = [float(balanced_focal_loss(odds, covered, 0.0)) for odds in (right, pinhole, stain)]
    assert costs[1] == pytest.approx(costs[2])
    assert costs[1] > costs[0] + 1


def test_focusing_forgives_what_is_nearly_right(share):
    nearly = 4 * share - 2
    assert balanced_focal_loss(nearly, share, 2.0) < 0.1 * balanced_focal_loss(nearly, share, 0.0)


def test_prompts_along_the_guide_cost_nothing_and_equal_prompts_cost_one():
    guide = torch.randn(2, 4)
    wanted = 2 * guide
    normal = torch.zeros(2, 3, 4)
    along = (0.1 * wanted)[:, None].expand(-1, 3, -1)
    temperature = torch.tensor(0.1)
    assert float(guide_loss(normal, along, temperature, guide)) == pytest.approx(0.0, abs=1e-6)
    assert float(guide_loss(along, along, temperature, guide)) == pytest.approx(1.0)
    assert float(guide_loss(along, normal, temperature, guide)) == pytest.approx(4.0)


def test_a_map_like_the_guides_costs_nothing_and_an_empty_one_costs_one():
    guide, patches = torch.randn(2, 4), torch.randn(2, 3, 16, 4)
    read = 2 * torch.einsum("sbnj,sj->sbn", patches, guide)
    assert float(reading_loss(read, patches, guide)) == pytest.approx(0.0, abs=1e-6)
    assert float(reading_loss(0 * read, patches, guide)) == pytest.approx(1.0)
    swapped = read.flip(0)  # the average that is shown stays right
    assert 0 < float(reading_loss(swapped, patches, guide)) < 1


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
