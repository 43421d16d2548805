"""Image scores: eq. 12 with the smoothed map's highest pixel."""

import pytest
import torch

from adapp.methods.kanoclip.model import KanoOutput
from adapp.methods.kanoclip.scoring import fused_pair, image_scores, peaks
from adapp.ops.maps import gaussian_smooth, grid_to_pixels


def maps(seed=0):
    return torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_a_peak_is_the_smoothed_maps_highest_pixel():
    expected = gaussian_smooth(grid_to_pixels(maps(), (56, 56)), 4.0).flatten(1).amax(dim=1)
    torch.testing.assert_close(peaks(maps(), 56, 4.0), expected, atol=1e-5, rtol=0)


def test_smoothing_lowers_a_lonely_peak():
    lonely = torch.zeros(1, 1, 4, 4)
    lonely[0, 0, 1, 2] = 1.0
    assert peaks(lonely, 56, 8.0) < peaks(lonely, 56, 4.0) < 1.0


def test_the_score_adds_the_global_probability():
    stages = torch.logit(maps().squeeze(1))[None]
    output = KanoOutput(stages, stages, torch.tensor([0.0, 20.0, -20.0]))
    scores = image_scores(output, 56, 4.0)
    highest = peaks(maps(), 56, 4.0)
    expected = highest + torch.tensor([0.5, 1.0, 0.0])
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=0)
    assert 0 <= scores.min() <= scores.max() <= 2


def test_equation_10_averages_the_two_maps_when_they_disagree():
    assert fused_pair(torch.tensor(0.2), torch.tensor(0.4)).item() == pytest.approx(0.6)
