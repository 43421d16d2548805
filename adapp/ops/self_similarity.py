"""How unlike the rest of its own picture a patch is."""

import torch
from torch import Tensor

from adapp.ops.checks import check_shape
from adapp.ops.similarity import highest


def self_costs(
    tokens: Tensor, grid: tuple[int, int], neighbours: tuple[int, ...], *, stride: int = 1
) -> Tensor:
    """Return each patch's mean cost to the most similar patches of the same picture.

    The cost is 1 - cosine similarity; the patch itself does not count.

    Args:
        tokens: Unit vectors, [B, N, D].
        grid: (h, w) with h * w = N.
        neighbours: Numbers of patches to average over, each at least 1; more than there are to
            compare with means all of them.
        stride: Only every ``stride``-th row and column of the grid is compared with.

    Returns:
        One channel per entry of ``neighbours``, [B, N, len(neighbours)] in [0, 2].

    Raises:
        ValueError: If the shapes disagree, or there is nothing to compare with or to average.
    """
    check_shape("tokens", tokens, (None, grid[0] * grid[1], None))
    rows = torch.arange(0, grid[0], stride, device=tokens.device)
    columns = torch.arange(0, grid[1], stride, device=tokens.device)
    keys = (rows[:, None] * grid[1] + columns).flatten()
    if len(keys) < 2 or not neighbours or min(neighbours) < 1:
        msg = f"self_costs needs two keys and neighbours, got {len(keys)} and {neighbours}"
        raise ValueError(msg)
    similarity = tokens[:, keys] @ tokens.mT  # [B, keys, N]: maxima over rows are fast
    similarity[:, torch.arange(len(keys), device=keys.device), keys] = -torch.inf
    others = len(keys) - 1
    few = [min(count, others) for count in neighbours]
    nearest = highest(similarity, max((n for n in few if n < others), default=1)).mT
    # the mean over all of them is one product with their sum, whatever their number
    total = (tokens @ tokens[:, keys].sum(dim=1).unsqueeze(2)).squeeze(2)
    own = torch.zeros(tokens.shape[1], device=tokens.device, dtype=tokens.dtype)
    own[keys] = 1.0
    compared = len(keys) - own
    everything = (total - own) / compared
    means = [everything if count == others else nearest[..., :count].mean(dim=-1) for count in few]
    return (1.0 - torch.stack(means, dim=-1)).float().clamp(0.0, 2.0)
