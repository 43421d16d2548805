"""Optimisation of the filter on episodes: what training and tuning share."""

from collections.abc import Sequence

import numpy as np
import torch

from adapp.core.detector import Report
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.episodes import Batch, Episode, batches
from adapp.methods.raid.losses import raid_loss
from adapp.methods.raid.model import RaidFilter
from adapp.training.loop import LoopPlan, cosine_rate, run_epochs

WARMUP = 20
"""Steps over which the learning rate rises."""


def train_filter(
    network: RaidFilter,
    episodes: Sequence[Episode],
    grid: tuple[int, int],
    config: RaidConfig,
    plan: LoopPlan,
    report: Report | None = None,
) -> list[float]:
    """Return the loss of each epoch after training ``network`` in place; it ends in eval mode."""
    queries = sum(len(episode.tokens) for episode in episodes)
    size = min(config.batch, queries)
    per_epoch = queries // size
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )

    def epoch(number: int) -> float:
        network.train()
        rng = np.random.default_rng([plan.seed, number])
        losses = []
        for step, batch in enumerate(batches(episodes, grid, size, config.crop, rng)):
            rate = cosine_rate(
                number * per_epoch + step, plan.epochs * per_epoch, config.learning_rate, WARMUP
            )
            for group in optimizer.param_groups:
                group["lr"] = rate
            uniform = number < config.router_warmup * plan.epochs
            losses.append(_step(network, optimizer, batch, config, uniform=uniform))
        return float(np.mean(losses))

    losses = run_epochs(network, optimizer, epoch, plan, report)
    network.eval()
    return losses


def _step(
    network: RaidFilter,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: RaidConfig,
    *,
    uniform: bool,
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.autocast):
        output = network(batch.tokens, batch.prototypes, batch.costs, batch.spread, uniform=uniform)
    loss = raid_loss(output, batch.target, config)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.item()
