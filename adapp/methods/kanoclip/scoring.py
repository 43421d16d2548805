"""From the network's maps to the image score (eq. 10 and 12)."""

import torch
from torch import Tensor

from adapp.methods.kanoclip.model import KanoOutput
from adapp.ops.maps import smooth_pixel_maps

SCORE_RANGE = (0.0, 2.0)
"""Bounds of S_global: a probability plus the largest value of a map."""


def fused_pair(normal: Tensor, abnormal: Tensor) -> Tensor:
    """Return (M^a + 1 - M^n) / 2, any shape. Source: eq. 10, before smoothing."""
    return (abnormal + 1.0 - normal) / 2.0


def peaks(fused: Tensor, side: int, sigma: float) -> Tensor:
    """Return max(M) of smoothed maps, [B] in [0, 1].

    Args:
        fused: Maps on the patch grid, [B, 1, h, w].
        side: Side of the encoder's square, pixels: there M is smoothed and its maximum taken.
        sigma: Smoothing, pixels.
    """
    return smooth_pixel_maps(fused, side, sigma, (side, side)).amax(dim=(1, 2, 3)).clamp(0.0, 1.0)


def image_scores(output: KanoOutput, side: int, sigma: float) -> Tensor:
    """Return S_global = softmax(I_G F_text / tau)_a + max(M), [B] in [0, 2]. Source: eq. 12.

    With a reader both terms are among what it reads (D7).
    """
    if output.odds is not None:
        return read_scores(output.odds)
    return torch.sigmoid(output.globals.float()) + peaks(output.fused, side, sigma)


def read_scores(odds: Tensor) -> Tensor:
    """Return a reader's log-odds on the scale of eq. 12, [B] in [0, 2]."""
    return SCORE_RANGE[1] * torch.sigmoid(odds.float())
