"""A histogram that gradients pass through."""

from torch import Tensor


def soft_histogram(values: Tensor, centres: Tensor, widths: Tensor) -> Tensor:
    """Return the share of values that falls to each bin, [B, b]; every row sums to 1.

    A value is shared among the bins in proportion to ``exp(-(v - centre)^2 / (2 width^2))``; as
    the widths go to zero this becomes the ordinary histogram of nearest centres.

    Args:
        values: [B, P].
        centres: Bin centres, [b].
        widths: Bin widths, positive, [b].
    """
    exponent = -((values.unsqueeze(-1) - centres) ** 2) / (2.0 * widths**2)  # [B, P, b]
    share: Tensor = exponent.softmax(dim=-1).mean(dim=1)
    return share
