"""Patches, prompts and joint spaces whose right answers are known, for the tests of KAnoCLIP."""

from dataclasses import replace

import torch

from adapp.methods.kanoclip.config import InteractionConfig, KanoConfig
from adapp.methods.kanoclip.model import KanoNetwork, Pictures
from adapp.methods.kanoclip.prompts import StateFeatures
from adapp.ops.self_similarity import self_costs
from adapp.ops.similarity import unit_norm

GRID = (6, 6)
STAGES = 3
WIDTH = 16
TOKEN_WIDTH = 12
TEMPERATURE = 0.07
SMALL = InteractionConfig(inner=16, heads=4, groups=2, stride=2, kernel=3)
CONFIG = KanoConfig(interaction=SMALL)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def units(*shape, seed=0):
    return unit_norm(torch.randn(*shape, generator=generator(seed)))


def text_of(seed=7):
    """Return prompts of one part."""
    return StateFeatures(units(STAGES, 1, 2, WIDTH, seed=seed), units(1, 2, WIDTH, seed=seed + 1))


def pictures(batch=2, seed=0, *, costs=None, grid=GRID):
    """Return random pictures in the joint space; ``costs`` is the stages they are taken of."""
    visual = units(STAGES, batch, grid[0] * grid[1], WIDTH, seed=seed)
    found = None
    if costs is not None:
        found = torch.stack([self_costs(visual[stage], grid, (1, 4)) for stage in costs])
    return Pictures(visual, units(batch, WIDTH, seed=seed + 1), found, grid)


def network(variant="full", config=CONFIG, seed=0):
    """Return an untrained network in evaluation mode."""
    torch.manual_seed(seed)
    made = KanoNetwork(config, variant, stages=STAGES, width=WIDTH, token_width=TOKEN_WIDTH)
    return made.eval()


def awake(module, seed=1):
    """Return ``module`` with every parameter moved, so that no gate is shut."""
    shaken = generator(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=shaken))
    return module


def with_interaction(**changes):
    return replace(CONFIG, interaction=replace(SMALL, **changes))
