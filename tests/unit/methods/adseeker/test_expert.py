"""AD Expert: eq. 2 in both forms, and an image score that sees what stands out."""

import pytest
import torch

from adapp.methods.adseeker.config import ScoreConfig
from adapp.methods.adseeker.expert import Locator, cosines, log_odds, ratio
from adapp.methods.adseeker.scoring import mean_score, peaks
from tests.unit.methods.adseeker.planted import TEMPERATURE, pictures, text_of

HALF = torch.full((5,), 0.5)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_ratio_lies_between_0_and_1_and_rises_with_the_abnormal_cosine(shift):
    abnormal = torch.linspace(-1, 1, 41)
    for normal in (-1.0, 0.0, 0.25, 1.0):
        found = ratio(torch.full_like(abnormal, normal), abnormal, shift)
        assert 0 <= found.min() <= found.max() <= 1
        steps = found.diff()
        assert (steps >= 0).all()
        assert (steps[abnormal[:-1] + shift > 1e-3] > 0).all()


def test_the_ratio_by_hand():
    torch.testing.assert_close(ratio(HALF, 0.25 * torch.ones(5)), torch.full((5,), 1 / 3))
    torch.testing.assert_close(ratio(HALF, HALF, 1.0), HALF)


def test_the_softmax_form_is_the_softmax_of_the_two_cosines():
    shown, pair = pictures(), text_of().base
    found = cosines(shown.visual, pair)
    expected = (found / TEMPERATURE).softmax(dim=-1)[..., 1]
    odds = log_odds(shown.visual, pair, TEMPERATURE)
    torch.testing.assert_close(odds.sigmoid(), expected, rtol=1e-4, atol=1e-5)


def test_both_forms_agree_on_which_prompt_is_nearer():
    shown, pair = pictures(), text_of().base
    found = cosines(shown.visual, pair)
    literal = ratio(found[..., 0], found[..., 1], shift=1.0)
    odds = log_odds(shown.visual, pair, TEMPERATURE)
    assert torch.equal(literal > 0.5, odds > 0)


def test_fixed_ends_spread_the_ratio_without_looking_at_the_query():
    locator = Locator(ScoreConfig(shift=1.0))
    found = cosines(pictures().visual, text_of().base)
    raw = locator.raw(found)
    locator.set_ends(raw)
    placed = locator(found)
    assert placed.min() == 0
    assert placed.max() == 1
    alone = locator(found[:, :1])
    torch.testing.assert_close(alone, placed[:1])


def test_ends_that_are_alike_are_left_as_they_are():
    locator = Locator(ScoreConfig())
    locator.set_ends(HALF)
    assert locator.ends.tolist() == [0.0, 1.0]


def test_the_papers_score_is_half_the_picture_and_half_the_peak():
    maps = torch.zeros(2, 1, 8, 8)
    maps[1, 0, 2:6, 2:6] = 1.0
    config = ScoreConfig(sigma=1.0)
    whole = torch.tensor([0.0, 2.0])
    found = mean_score(maps, whole, 32, config)
    expected = 0.5 * whole.sigmoid() + 0.5 * peaks(maps, 32, 1.0)
    torch.testing.assert_close(found, expected)
    assert peaks(maps, 32, 1.0)[1] > 0.99
