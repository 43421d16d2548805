"""Patches, prompts and regions whose right answers are known, for the tests of ADSeeker."""

from dataclasses import replace

import torch

from adapp.methods.adseeker.config import (
    ContrastConfig,
    PromptConfig,
    ScoreConfig,
    SeekerConfig,
    SparseConfig,
    TypeConfig,
)
from adapp.methods.adseeker.contrast import log_costs
from adapp.methods.adseeker.model import Pictures, SeekerNetwork
from adapp.methods.adseeker.prompts import PartText
from adapp.methods.adseeker.regions import NOTHING, UNKNOWN, Regions
from adapp.ops.outline import READINGS
from adapp.ops.similarity import unit_norm

GRID = (6, 6)
STAGES = 3
WIDTH = 16
TOKEN_WIDTH = 12
TEMPERATURE = 0.07
KINDS = NOTHING + 1
CONTRAST = ContrastConfig(neighbours=(1, 4), stages=(1, 2))
CONFIG = SeekerConfig(
    prompts=PromptConfig(prefix=3, init_std=0.0, anchored=True),
    types=TypeConfig(stages="all", least=2, groups=2),
    sparse=SparseConfig(atoms=5, inside=False, projection=False, sparsity=0.02),
    contrast=CONTRAST,
    score=ScoreConfig(shift=1.0, pool="statistics"),
)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def units(*shape, seed=0):
    return unit_norm(torch.randn(*shape, generator=generator(seed)))


def text_of(batch=2, seed=7):
    """Return the same prompts for every picture."""
    static, pooled = units(STAGES, 1, 2, WIDTH, seed=seed), units(1, 2, WIDTH, seed=seed + 1)
    text = PartText(
        static,
        pooled,
        static[:, :, 0],
        pooled[:, 0],
        static[:, :, 1:].expand(-1, -1, KINDS, -1),
        pooled[:, 1:].expand(-1, KINDS, -1),
    )
    return text.of(torch.zeros(batch, dtype=torch.long))


def pictures(batch=2, seed=0, *, contrast=CONTRAST):
    """Return random pictures in the joint space."""
    visual = units(STAGES, batch, GRID[0] * GRID[1], WIDTH, seed=seed)
    costs = log_costs(visual, GRID, contrast) if contrast.neighbours else None
    return Pictures(visual, units(batch, WIDTH, seed=seed + 1), costs, GRID)


def network(variant="full", config=CONFIG, seed=0):
    """Return an untrained network in evaluation mode."""
    torch.manual_seed(seed)
    made = SeekerNetwork(
        config,
        variant,
        stages=STAGES,
        width=WIDTH,
        token_width=TOKEN_WIDTH,
        encoder_width=WIDTH,
    )
    return made.eval()


def awake(module, seed=1):
    """Return ``module`` with every parameter moved, so that nothing is silent."""
    shaken = generator(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=shaken))
    return module


def with_sparse(**changes):
    return replace(CONFIG, sparse=replace(CONFIG.sparse, **changes))


def planted_regions(kinds=(0, 1, 4, NOTHING), each=12, seed=0, *, unknown=0):
    """Return regions about well separated middles, spread over four categories."""
    middles = 4.0 * units(KINDS, 8, seed=seed)
    features, types = [], []
    noise = generator(seed + 1)
    for kind in kinds:
        features.append(middles[kind] + 0.3 * torch.randn(each, 8, generator=noise))
        types += [kind] * each
    types = torch.tensor(types)
    hidden = torch.randperm(len(types), generator=noise)[:unknown]
    truth = types.clone()
    types[hidden[truth[hidden] != NOTHING]] = UNKNOWN
    categories = torch.arange(len(types)) % 4
    forms = torch.randn(len(types), 2, READINGS, generator=noise)
    around = torch.zeros(len(types), 8)
    real = torch.ones(len(types), dtype=torch.bool)
    return Regions(torch.cat(features), types, categories, forms, around, real), truth, middles
