"""From retrievals to calibrated base and fused grid maps and an image score."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.database import Retrieval
from adapp.methods.raid.model import RaidFilter
from adapp.ops.maps import calibrate_cost, top_percent_score


@dataclass(frozen=True, slots=True, eq=False)
class GridMaps:
    """Maps of a batch on the patch grid.

    Attributes:
        base: Nearest cost, calibrated by the support, [B, 1, h, w] in [0, 1].
        fused: The filter's map, with the nearest cost added if configured; equals ``base``
            without a filter. [B, 1, h, w] in [0, 1].
        scores: Image scores, [B] in [0, 1].
    """

    base: Tensor
    fused: Tensor
    scores: Tensor


def filter_maps(
    network: RaidFilter | None,
    tokens: Tensor,
    found: Sequence[Retrieval],
    spread: Tensor,
    grid: tuple[int, int],
    config: RaidConfig,
) -> GridMaps:
    """Return base map, fused map and score of each picture of a batch.

    Args:
        network: Filter in evaluation mode, or None for retrieval only.
        tokens: Query patches, [B, N, D].
        found: One retrieval per picture.
        spread: Normal cost of each picture's category, [B].
        grid: (h, w) with h * w = N.
        config: Constants.
    """
    batch = tokens.shape[0]
    costs = torch.stack([one.costs for one in found]).reshape(batch, *grid, -1)
    base = calibrate_cost(costs[..., 0], spread.view(-1, 1, 1), config.steepness).unsqueeze(1)
    if network is None:
        return GridMaps(base, base, top_percent_score(base, config.top_percent))
    prototypes = torch.stack([one.prototypes for one in found]).reshape(batch, *grid, -1)
    device = tokens.device.type
    reduced = config.autocast and device in {"cpu", "cuda"}
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=reduced):
        output = network(
            tokens.reshape(batch, *grid, -1),
            prototypes,
            costs[..., : network.config.neighbours],
            spread,
        )
    filtered = output.maps.float()
    if not config.add_nn_residual:
        return GridMaps(base, filtered, top_percent_score(filtered, config.top_percent))
    # the released code's M + min cost, scaled into [0, 1] (D1)
    fused = torch.lerp(filtered, base, config.nn_weight)
    scored = torch.lerp(filtered, base, config.score_nn_weight)
    return GridMaps(base, fused, top_percent_score(scored, config.top_percent))
