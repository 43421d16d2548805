"""From frozen features to what the network takes."""

import torch
from torch import Tensor

from adapp.auxiliary.cells import along
from adapp.backbones.base import JointSpace
from adapp.core.errors import ModelUnavailable
from adapp.methods.kanoclip.config import InteractionConfig
from adapp.methods.kanoclip.model import KanoNetwork, Pictures
from adapp.ops.self_similarity import self_costs


def pictures_of(
    network: KanoNetwork | None,
    joint: JointSpace,
    patches: Tensor,
    local: Tensor | None,
    pooled: Tensor,
    grid: tuple[int, int],
    *,
    shared: int = 0,
) -> Pictures:
    """Return frozen features in the joint space, with what ``network`` reads beside them.

    Args:
        network: Trained parts; None for the fixed prompts, which see the original path.
        joint: Joint space.
        patches: Tokens of the original path, [S, B, N, D] unit norm.
        local: Tokens of the V-V path likewise; None if the encoder has none.
        pooled: [B, P] unit norm.
        grid: (h, w) with h * w = N.
        shared: Stages before the V-V path starts, whose tokens are the same on both.

    Raises:
        ModelUnavailable: If ``network`` reads the V-V path and there is none.
    """
    if network is None:
        return Pictures(joint.project(patches), joint.project_pooled(pooled), None, grid)
    if network.path != "original" and local is None:
        msg = f"{network.variant} needs an encoder with a V-V path"
        raise ModelUnavailable(msg)
    seen = patches
    if local is not None and network.path != "original":
        own = along(patches[shared:], local[shared:], network.path)
        seen = own if shared == 0 else torch.cat([patches[:shared], own])
    costs = None
    if network.reads_costs:
        costs = stage_costs(patches, grid, network.config.interaction)
    return Pictures(network.centred(joint.project(seen)), joint.project_pooled(pooled), costs, grid)


def stage_costs(patches: Tensor, grid: tuple[int, int], config: InteractionConfig) -> Tensor:
    """Return the self-dissimilarity of the configured stages, [S', B, N, K].

    The original path's tokens are compared: the V-V path makes a patch's surroundings matter less,
    and here they are what is asked for.

    Args:
        patches: [S, B, N, D] unit norm.
        grid: (h, w) with h * w = N.
        config: Which stages, and how.
    """
    return torch.stack(
        [
            self_costs(patches[stage], grid, config.self_neighbours, stride=config.self_stride)
            for stage in config.self_stages
        ]
    )
