"""The soft histogram sums to one, passes gradients and becomes the ordinary one."""

import numpy as np
import pytest
import torch

from adapp.ops.soft_histogram import soft_histogram
from tests.tolerance import assert_same

BINS = 16


def bins(width, dtype=torch.float32):
    centres = (torch.arange(BINS, dtype=dtype) + 0.5) / BINS
    return centres, torch.full((BINS,), width, dtype=dtype)


@pytest.mark.parametrize("width", [1 / BINS, 1e-3, 1e-6])
def test_every_row_sums_to_one(width):
    shares = soft_histogram(torch.rand(3, 500), *bins(width))
    assert shares.shape == (3, BINS)
    assert_same(shares.sum(dim=1), torch.ones(3))
    assert float(shares.min()) >= 0


def test_narrow_bins_are_the_ordinary_histogram():
    values = torch.rand(1, 4000) ** 2
    counts, _ = np.histogram(values.numpy(), bins=BINS, range=(0, 1))
    shares = soft_histogram(values, *bins(1e-4))[0].numpy()
    assert np.abs(shares * 4000 - counts).max() <= 0.05 * counts.max()


def test_gradients_reach_values_centres_and_widths():
    values = torch.rand(2, 30, dtype=torch.float64, requires_grad=True)
    centres, widths = (t.requires_grad_() for t in bins(1 / BINS, torch.float64))
    assert torch.autograd.gradcheck(soft_histogram, (values, centres, widths))
    soft_histogram(values, centres, widths)[:, -1].sum().backward()
    assert float(values.grad.abs().max()) > 0


def test_a_brighter_map_moves_to_higher_bins():
    low, high = (soft_histogram(torch.full((1, 9), value), *bins(1 / BINS)) for value in (0.2, 0.8))
    centres, _ = bins(1.0)
    assert float((low * centres).sum()) < 0.3
    assert float((high * centres).sum()) > 0.7
