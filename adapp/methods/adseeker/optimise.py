"""Optimisation of the trained parts on frozen features: stage by stage, then together."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from adapp.auxiliary.sampling import Sampler, batches, gather
from adapp.core.detector import Report
from adapp.methods.adseeker.config import SeekerConfig
from adapp.methods.adseeker.lessons import Lesson, Lessons, lesson_output
from adapp.methods.adseeker.losses import Terms, terms_of
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.sparse_prompts import SparseStage, TapPrompts
from adapp.training.loop import LoopPlan, cosine_rate, run_epochs

WARMUP = 20
"""Steps over which a cosine schedule's rate rises."""


def train_network(
    network: SeekerNetwork, lessons: Lessons, plan: LoopPlan, report: Report | None = None
) -> list[float]:
    """Return the loss of each epoch after training ``network`` in place; it ends in eval mode.

    The first epochs train one stage's linear layer and dictionary each, the others everything;
    ``plan`` counts both.
    """
    recipe = network.config.training
    alone = stage_epochs(network)
    joint_epochs = plan.epochs - len(alone)
    joint_steps = recipe.steps or math.ceil(sum(map(len, lessons.shelves)) / recipe.batch)
    alone_steps = recipe.stage_steps or joint_steps
    sampler = Sampler(lessons.shelves, recipe.mixture)
    optimizer = torch.optim.AdamW(_groups(network), betas=recipe.betas)
    rate = _schedule(network.config, joint_steps * max(joint_epochs, 1))
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]

    def epoch(number: int) -> float:
        network.train()
        rng = np.random.default_rng([plan.seed, number])
        only = _parameters_of(network, alone[number]) if number < len(alone) else trained
        chosen = {id(parameter) for parameter in only}
        for parameter in trained:
            parameter.requires_grad = id(parameter) in chosen
        steps = alone_steps if number < len(alone) else joint_steps
        losses = []
        for step, batch in enumerate(_drawn(sampler, lessons, recipe.batch, steps, rng)):
            done = (number - len(alone)) * joint_steps + step
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * (rate(done) if done >= 0 else 1.0)
            loss = batch_terms(network, batch, lessons, rng).total(network.config.loss)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            nn.utils.clip_grad_norm_(only, recipe.clip)
            optimizer.step()
            losses.append(loss.item())
        for parameter in trained:
            parameter.requires_grad = True
        return float(np.mean(losses))

    losses = run_epochs(network, optimizer, epoch, plan, report)
    network.eval()
    return losses


def stage_epochs(network: SeekerNetwork) -> list[int]:
    """Return the stage that each of the first epochs trains alone; none without HSP."""
    found = network.taps or network.blocks
    if found is None:
        return []
    each = network.config.training.stage_epochs
    return [stage for stage in range(len(found.stages)) for _ in range(each)]


def _parameters_of(network: SeekerNetwork, stage: int) -> list[nn.Parameter]:
    """Return what is trained of a stage alone: linear layers and dictionary."""
    if isinstance(network.taps, TapPrompts):
        parts: list[nn.Module] = [network.taps.stages[stage], network.taps.readers[stage]]
        return [parameter for part in parts for parameter in part.parameters()]
    if network.blocks is None:
        return []
    own = network.blocks.stages[stage]
    assert isinstance(own, SparseStage)  # noqa: S101 - ModuleList forgets the type
    parameters = list(own.parameters())
    if network.blocks.projections is not None:
        parameters += list(network.blocks.projections[stage].parameters())
    return parameters


def _drawn(
    sampler: Sampler, lessons: Lessons, size: int, steps: int, rng: np.random.Generator
) -> Iterator[Lesson]:
    """Yield batches: of frozen features, or of pixels where HSP enters the encoder."""
    if lessons.album is None:
        for batch in batches(sampler, size, steps, rng):
            yield Lesson(batch, None)
        return
    for _ in range(steps):
        places = sampler.draw(size, rng)
        yield Lesson(gather(sampler.shelves, places), lessons.album.pixels(places))


def batch_terms(
    network: SeekerNetwork, lesson: Lesson, lessons: Lessons, rng: np.random.Generator
) -> Terms:
    """Return the losses of one step, its parts called by name or not, drawn anew."""
    config, batch = network.config, lesson.batch
    output = lesson_output(network, lesson, lessons, rng)
    device = output.stages.device
    return terms_of(
        output,
        batch.target.to(device),
        batch.label.to(device),
        config.loss,
        config.score,
        config.sparse.sparsity,
    )


def _groups(network: SeekerNetwork) -> list[dict[str, object]]:
    """Return the optimiser's groups: prefixes at their own rate and without decay."""
    recipe = network.config.training
    prompts = [network.prompts.normal, network.prompts.abnormal]
    own = {id(parameter) for parameter in prompts}
    rest = [p for p in network.parameters() if p.requires_grad and id(p) not in own]
    groups: list[dict[str, object]] = [
        {"params": prompts, "peak": recipe.prompt_rate, "weight_decay": 0.0}
    ]
    if rest:
        decay = recipe.weight_decay
        groups.append({"params": rest, "peak": recipe.rate, "weight_decay": decay})
    return groups


def _schedule(config: SeekerConfig, steps: int) -> Callable[[int], float]:
    """Return the factor on each group's rate at a joint step."""
    if config.training.schedule == "constant":
        return lambda _: 1.0
    return lambda step: cosine_rate(step, steps, 1.0, min(WARMUP, steps))
