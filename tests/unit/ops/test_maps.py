"""Smoothing, resizing, scoring and calibrating against independent oracles."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from adapp.ops.maps import (
    calibrate_cost,
    cost_logit,
    fuse_residual,
    gaussian_smooth,
    grid_to_pixels,
    smooth_pixel_maps,
    top_percent_score,
)
from tests.tolerance import assert_same


@pytest.mark.parametrize("sigma", [0.7, 2.0, 4.0])
def test_gaussian_smooth_against_scipy(sigma):
    maps = torch.rand(2, 1, 40, 51)
    # "mirror" is torch's "reflect": the border pixel is not repeated
    expected = [gaussian_filter(m[0].numpy(), sigma, mode="mirror", truncate=5.0) for m in maps]
    smooth = gaussian_smooth(maps, sigma)
    assert smooth.shape == maps.shape
    assert np.abs(smooth[:, 0].numpy() - np.stack(expected)).max() < 2e-4  # cut at 4 against 5 s


def test_gaussian_smooth_by_nothing_changes_nothing():
    maps = torch.rand(1, 1, 5, 6)
    assert torch.equal(gaussian_smooth(maps, 0.0), maps)


def test_gaussian_smooth_keeps_a_constant_and_takes_tiny_maps():
    for shape in ((1, 1, 3, 2), (1, 1, 40, 1)):
        assert_same(gaussian_smooth(torch.full(shape, 0.3), 4.0), torch.full(shape, 0.3))


def test_gaussian_smooth_gradient():
    maps = torch.rand(1, 1, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda given: gaussian_smooth(given, 1.0), (maps,))


def test_grid_to_pixels_is_pixel_aligned():
    grid = torch.arange(6.0).view(1, 1, 2, 3)
    pixels = grid_to_pixels(grid, (10, 15))  # cells of 5 x 5 pixels
    assert pixels.shape == (1, 1, 10, 15)
    assert_same(pixels[0, 0, 2::5, 2::5], grid[0, 0])  # the middle pixel of a cell is its value
    assert_same(pixels.flip(-1), grid_to_pixels(grid.flip(-1), (10, 15)))


def test_grid_to_pixels_stays_between_the_cells_values():
    grid = torch.rand(2, 1, 4, 4)
    pixels = grid_to_pixels(grid, (33, 7))
    assert float(pixels.min()) >= float(grid.min())
    assert float(pixels.max()) <= float(grid.max())


@pytest.mark.parametrize("sigma", [0.0, 2.0, 4.0])
@pytest.mark.parametrize("size", [(56, 56), (31, 97), (120, 5), (1, 1)])
def test_smooth_pixel_maps_are_the_three_steps_in_one(size, sigma):
    grid = torch.rand(3, 1, 4, 4)
    square = gaussian_smooth(grid_to_pixels(grid, (56, 56)), sigma)
    smooth = smooth_pixel_maps(grid, 56, sigma, size)
    assert smooth.shape == (3, 1, *size)
    assert_same(smooth, grid_to_pixels(square, size))


def test_smooth_pixel_maps_of_another_grid_are_made_anew():
    grid = torch.rand(1, 1, 4, 8)
    square = gaussian_smooth(grid_to_pixels(grid, (56, 56)), 2.0)
    assert_same(smooth_pixel_maps(grid, 56, 2.0, (20, 30)), grid_to_pixels(square, (20, 30)))
    assert_same(smooth_pixel_maps(grid.mT, 56, 2.0, (30, 20)), grid_to_pixels(square.mT, (30, 20)))


def test_smooth_pixel_maps_keep_the_arithmetic_they_are_given():
    assert (
        smooth_pixel_maps(torch.rand(1, 1, 4, 4).double(), 56, 2.0, (9, 9)).dtype == torch.float64
    )


@pytest.mark.parametrize(("side", "percent", "cells"), [(32, 1.0, 10), (8, 1.0, 1), (10, 25, 25)])
def test_top_percent_score_is_the_mean_of_the_highest_cells(side, percent, cells):
    maps = torch.rand(3, 1, side, side)
    expected = np.sort(maps.flatten(1).numpy(), axis=1)[:, -cells:].mean(axis=1)
    assert_same(top_percent_score(maps, percent), expected)


def test_top_percent_score_takes_one_cell_at_least():
    assert top_percent_score(torch.tensor([[[[0.1, 0.9]]]]), 1.0).tolist() == pytest.approx([0.9])


def test_calibrated_cost_reads_one_half_at_the_supports_own_spread():
    cost = torch.tensor([0.1, 0.2, 0.4], dtype=torch.float64)
    expected = cost**3 / (cost**3 + 0.2**3)
    calibrated = calibrate_cost(cost, 0.2, 3.0)
    assert_same(calibrated, expected, torch.float64)
    assert_same(calibrated, torch.tensor([1 / 9, 0.5, 8 / 9]), torch.float64)


def test_calibrated_cost_grows_and_stays_in_range():
    calibrated = calibrate_cost(torch.linspace(0, 2, 200), 0.15, 3.0)
    assert bool((calibrated.diff() >= 0).all())
    assert 0.0 <= float(calibrated.min()) < 1e-6
    assert 0.999 < float(calibrated.max()) <= 1.0


def test_calibration_takes_a_spread_for_each_picture():
    cost = torch.rand(2, 3, 3) + 0.1
    spread = torch.tensor([0.1, 0.4])
    both = calibrate_cost(cost, spread.view(-1, 1, 1), 3.0)
    for position in range(2):
        assert_same(both[position], calibrate_cost(cost[position], float(spread[position]), 3.0))


def test_cost_logit_is_the_log_odds_of_the_calibrated_cost():
    cost = torch.rand(20, dtype=torch.float64) + 0.05
    calibrated = calibrate_cost(cost, 0.3, 2.0)
    assert_same(cost_logit(cost, 0.3, 2.0), (calibrated / (1 - calibrated)).log(), torch.float64)


def test_cost_logit_of_nothing_is_finite():
    assert bool(cost_logit(torch.zeros(2), 0.0, 3.0).isfinite().all())


def test_calibrate_cost_gradient():
    cost = (torch.rand(6, dtype=torch.float64) + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: calibrate_cost(given, 0.2, 3.0), (cost,))


def test_fusion_clips_to_the_unit_range():
    base = torch.tensor([0.2, 0.9, 0.1])
    residual = torch.tensor([0.3, 0.5, -0.4])
    assert_same(fuse_residual(base, residual, 1.0), [0.5, 1.0, 0.0])
    assert_same(fuse_residual(base, residual, 0.5), [0.35, 1.0, 0.0])
