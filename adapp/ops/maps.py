"""From patch grids to pixel maps, and from maps to scores."""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional


def gaussian_smooth(maps: Tensor, sigma: float) -> Tensor:
    """Return ``maps`` [B, 1, H, W] blurred by a Gaussian of ``sigma`` pixels (mirrored border).

    ``sigma`` 0 returns the input. The kernel reaches 4 sigma, or the axis' end if shorter.
    """
    if sigma <= 0:
        return maps
    return _blur_last_axis(_blur_last_axis(maps, sigma).mT, sigma).mT


def _blur_last_axis(maps: Tensor, sigma: float) -> Tensor:
    """Return ``maps`` [B, 1, H, W] blurred along W only; ``sigma`` 0 returns the input."""
    if sigma <= 0:
        return maps
    radius = min(math.ceil(4 * sigma), maps.shape[-1] - 1)
    offsets = torch.arange(-radius, radius + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = functional.pad(maps, (radius, radius, 0, 0), mode="reflect")
    return functional.conv2d(padded, kernel.view(1, 1, 1, -1))


def grid_to_pixels(grid_maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Return cell maps [B, 1, h, w] resized bilinearly to ``size`` (H, W), pixel-aligned."""
    return functional.interpolate(grid_maps, size=size, mode="bilinear", align_corners=False)


def smooth_pixel_maps(grid_maps: Tensor, side: int, sigma: float, size: tuple[int, int]) -> Tensor:
    """Return cell maps [B, 1, h, w] as smooth pixel maps, [B, 1, H, W].

    The same as ``grid_to_pixels`` to the encoder's square, ``gaussian_smooth`` there and
    ``grid_to_pixels`` to the query's size. All three are linear and separable, so that each axis
    is one small matrix, made once.

    Args:
        grid_maps: [B, 1, h, w].
        side: Side of the encoder's square, pixels.
        sigma: Smoothing on that square, pixels.
        size: (H, W) of the query.
    """
    down, across = (
        _axis_matrix(cells, side, sigma, length).to(grid_maps)
        for cells, length in zip(grid_maps.shape[-2:], size, strict=True)
    )
    return down @ grid_maps @ across.T


@lru_cache(maxsize=256)
def _axis_matrix(cells: int, side: int, sigma: float, length: int) -> Tensor:
    """Return the [length, cells] matrix that carries one axis from cells to query pixels."""
    impulses = torch.eye(cells)[:, None, None, :]  # [cells, 1, 1, cells]
    smooth = _blur_last_axis(grid_to_pixels(impulses, (1, side)), sigma)
    carried = grid_to_pixels(smooth, (1, length))  # [cells, 1, 1, length]
    return carried[:, 0, 0].T.contiguous()


def top_percent_score(grid_maps: Tensor, percent: float = 1.0) -> Tensor:
    """Return the mean of the highest ``percent`` % of the cells of each map, [B].

    At least one cell is taken. Source: RAID section 3.5 (top 1 %).
    """
    cells = grid_maps.flatten(1)
    count = max(1, round(cells.shape[1] * percent / 100.0))
    return cells.topk(count, dim=1).values.mean(dim=1)


def calibrate_cost(cost: Tensor, normal_cost: Tensor | float, steepness: float) -> Tensor:
    """Return ``cost`` mapped monotonically to [0, 1] by what the support itself shows.

    ``c^s / (c^s + n^s)``: a patch as far from the support as the support's own patches get from
    each other (``normal_cost``) reads 0.5; half of that reads 1 / (1 + 2^s).

    Args:
        cost: Matching cost, any shape, in [0, 2].
        normal_cost: The n above, positive; broadcast against ``cost``.
        steepness: The s above, positive.
    """
    return torch.sigmoid(cost_logit(cost, normal_cost, steepness))


def cost_logit(cost: Tensor, normal_cost: Tensor | float, steepness: float) -> Tensor:
    """Return the log-odds form of :func:`calibrate_cost`, ``s * ln(c / n)``, any shape."""
    floor = 1e-4
    reference = torch.as_tensor(normal_cost, device=cost.device, dtype=cost.dtype)
    return steepness * (cost.clamp_min(floor).log() - reference.clamp_min(floor).log())


def fuse_residual(base: Tensor, residual: Tensor, weight: float) -> Tensor:
    """Return ``clip(base + weight * residual, 0, 1)``, the identity every result obeys."""
    return torch.add(base, residual, alpha=weight).clamp_(0.0, 1.0)
