"""A histogram that gradients pass through."""

import torch
from torch import Tensor

_PART = 4096  # values shared out at once: all of them would not fit into a processor's cache


def soft_histogram(values: Tensor, centres: Tensor, widths: Tensor) -> Tensor:
    """Return the share of values that falls to each bin, [B, b]; every row sums to 1.

    A value is shared among the bins in proportion to ``exp(-(v - centre)^2 / (2 width^2))``; as
    the widths go to zero this becomes the ordinary histogram of nearest centres.

    Args:
        values: [B, P].
        centres: Bin centres, [b].
        widths: Bin widths, positive, [b].
    """
    scale = (-0.5 / widths**2).unsqueeze(-1)  # [b, 1]
    shares = values.new_zeros(len(values), len(centres))
    for part in torch.split(values, _PART, dim=1):
        exponent = (part.unsqueeze(1) - centres.unsqueeze(-1)) ** 2 * scale  # [B, b, part]
        shares = shares + exponent.softmax(dim=1).sum(dim=2)
    return shares / values.shape[1]
