"""The filter can learn: it overfits eight damaged pictures, and the encoder stays as it is."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from adapp.backbones.factory import create
from adapp.data.synthetic import SyntheticAnomalies, SyntheticConfig
from adapp.methods.raid.config import FilterConfig, RaidConfig
from adapp.methods.raid.episodes import Query, gather, make_episode
from adapp.methods.raid.losses import raid_loss
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.presets import TINY
from adapp.methods.raid.templates import build_category
from tests.unit.methods.raid.planted import pictures

STEPS = 200
ROUND = 40
PAPER_FORM = RaidConfig(
    database=replace(TINY.database, neighbours=10),
    filter=FilterConfig(token_width=64, neighbours=10, groups=5),
    stages=(1,),
    learning_rate=2e-3,
)
OURS = replace(TINY, stages=(1,), filter=replace(TINY.filter, token_width=64, guidance_dropout=0.0))


@pytest.fixture(scope="module")
def backbone():
    return create("tiny", "raid", size=112, dtype="float32")


def damaged(count):
    """Return ``count`` pictures of a part, each with a synthetic anomaly, and their masks."""
    rng = np.random.default_rng(3)
    recipe = SyntheticAnomalies(SyntheticConfig())
    normal = pictures(count, seed=1, side=112, noise=25)
    return [recipe.make(image, rng, normal) for image in normal]


def batch_of(samples, backbone, config):
    entry, _ = build_category("part", pictures(3, side=112, noise=25), backbone, config, seed=0)
    queries = [Query(sample.image, sample.mask) for sample in samples]
    episode = make_episode(entry, queries, backbone, config)
    places = [(0, number) for number in range(len(queries))]
    whole = max(entry.grid)
    return gather([episode], places, entry.grid, whole, np.random.default_rng(0))


@pytest.mark.parametrize("config", [PAPER_FORM, OURS], ids=["paper form", "ours"])
def test_it_overfits_eight_synthetic_pictures(backbone, config):
    batch = batch_of(damaged(8), backbone, config)
    cells = torch.nn.functional.max_pool2d(batch.target, 4)
    truth = cells.flatten().numpy()
    assert 0.005 < truth.mean() < 0.5
    assert roc_auc_score(truth, batch.costs[..., 0].flatten().numpy()) < 0.97  # there is room
    network = RaidFilter(config.filter, "full", config.steepness)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    rounds = range(STEPS // ROUND)
    assert any(_taught(network, optimizer, batch, cells, config) > 0.99 for _ in rounds)
    assert not batch.tokens.requires_grad


def _taught(network, optimizer, batch, cells, config):
    """Return the pixel AUROC after ``ROUND`` more steps."""
    given = (batch.tokens, batch.prototypes, batch.costs, batch.spread)
    network.train()
    for _ in range(ROUND):
        loss = raid_loss(network(*given), cells, config)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        maps = network.eval()(*given).maps
    return roc_auc_score(cells.flatten().numpy(), maps.flatten().numpy())


def test_no_gradient_reaches_the_encoder(backbone):
    batch = batch_of(damaged(2), backbone, OURS)
    network = RaidFilter(OURS.filter, "full", OURS.steepness).train()
    output = network(batch.tokens, batch.prototypes, batch.costs, batch.spread)
    raid_loss(output, batch.target, OURS).backward()
    pixels = torch.rand(1, 3, backbone.size, backbone.size, requires_grad=True)
    features = backbone.encode_images(pixels)
    assert not features.patches.requires_grad  # cut off: nothing behind it can get a gradient
    assert not features.pooled.requires_grad
    assert not batch.tokens.requires_grad
    assert any(p.grad is not None for p in network.parameters())
