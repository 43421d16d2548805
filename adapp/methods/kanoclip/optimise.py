"""Optimisation of the trained parts on the bank's frozen features."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.bridge_losses import guide_loss, reading_loss
from adapp.auxiliary.direction import fit_direction, halfway
from adapp.auxiliary.sampling import Batch, Sampler, batches
from adapp.backbones.base import JointSpace
from adapp.core.detector import Report
from adapp.methods.kanoclip.config import KanoConfig
from adapp.methods.kanoclip.descriptions import KnowledgeBase
from adapp.methods.kanoclip.inputs import pictures_of
from adapp.methods.kanoclip.losses import (
    Terms,
    global_loss,
    knowledge_loss,
    soft_score,
    stages_loss,
)
from adapp.methods.kanoclip.model import KanoNetwork
from adapp.methods.kanoclip.prompts import StateFeatures
from adapp.training.loop import LoopPlan, cosine_rate, run_epochs

WARMUP = 20
"""Steps over which a cosine schedule's rate rises."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a training draws from.

    Attributes:
        shelves: Training pictures.
        joint: Joint space.
        base: Names of the classes.
        knowledge: w_k of each shelf, [shelves, S + 1, J].
        reduced: Whether the trained parts compute in bfloat16.
        bridge: State of the bridge behind ``joint``, trained on ``shelves``; None for CLIP.
    """

    shelves: Sequence[Shelf]
    joint: JointSpace
    base: KnowledgeBase
    knowledge: Tensor
    reduced: bool
    bridge: Mapping[str, Tensor] | None


def set_centre(network: KanoNetwork, lessons: Lessons, seed: int) -> None:
    """Set the centre halfway between projected normal and anomalous patches of the training.

    Nothing happens where the configuration does not centre, or where there are no masks.
    """
    if not network.config.centre:
        return
    middle = halfway(lessons.shelves, _projecting(lessons), seed=seed, path=network.path)
    if middle is not None:
        with torch.no_grad():
            network.centre.copy_(middle)


def _projecting(lessons: Lessons) -> Callable[[Tensor], Tensor]:
    """Return the projection of tokens [S, n, D] to the joint space, [S, n, J]."""
    return lambda patches: lessons.joint.project(patches[:, None])[:, 0]


def train_network(
    network: KanoNetwork, lessons: Lessons, plan: LoopPlan, report: Report | None = None
) -> list[float]:
    """Return the loss of each epoch after training ``network`` in place; it ends in eval mode."""
    config = network.config
    recipe = config.training
    steps = recipe.steps or math.ceil(sum(map(len, lessons.shelves)) / recipe.batch)
    sampler = Sampler(lessons.shelves, recipe.mixture)
    guide = guide_of(network, lessons, plan.seed)
    optimizer = torch.optim.AdamW(_groups(network), betas=recipe.betas)
    rate = _schedule(config, steps * plan.epochs)

    def epoch(number: int) -> float:
        network.train()
        rng = np.random.default_rng([plan.seed, number])
        losses = []
        for step, batch in enumerate(batches(sampler, recipe.batch, steps, rng)):
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * rate(number * steps + step)
            loss = batch_terms(network, batch, lessons, rng, guide).total(config.loss)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
            optimizer.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    losses = run_epochs(network, optimizer, epoch, plan, report)
    network.eval()
    return losses


def guide_of(network: KanoNetwork, lessons: Lessons, seed: int) -> Tensor | None:
    """Return the slope that prompts are led along, [S, J]; None where they are not (D13)."""
    if network.config.loss.guide_weight <= 0:
        return None

    projected = _projecting(lessons)

    def project(patches: Tensor) -> Tensor:
        return network.centred(projected(patches)[:, None])[:, 0]

    return fit_direction(lessons.shelves, project, seed=seed, path=network.path)


def batch_terms(
    network: KanoNetwork,
    batch: Batch,
    lessons: Lessons,
    rng: np.random.Generator,
    guide: Tensor | None = None,
) -> Terms:
    """Return the losses of one batch, its parts called by names drawn anew."""
    config, joint = network.config, lessons.joint
    spoken = [_name(lessons, position, config, rng) for position in batch.shelves]
    names = list(dict.fromkeys(spoken))
    rows = torch.tensor([names.index(name) for name in spoken])
    text = network.prompts(joint, names).of(rows)
    pictures = pictures_of(network, joint, batch.patches, batch.local, batch.pooled, batch.grid)
    output = network(pictures, text, joint.temperature, reduced=lessons.reduced)
    knowledge = lessons.knowledge[torch.tensor(batch.shelves)]
    normal, abnormal = _levels(text)
    led = None
    if guide is not None:
        normal_stages, abnormal_stages = text.stages[:, :, 0], text.stages[:, :, 1]
        temperature = torch.tensor(joint.temperature)
        led = 0.3 * guide_loss(normal_stages, abnormal_stages, temperature, guide)
        plain = output.plain.flatten(2)
        led = led + 0.7 * reading_loss(plain, pictures.visual, guide)
    return Terms(
        guide=led,
        knowledge=knowledge_loss(knowledge, normal, abnormal, config.prompts.kd_margin),
        whole=global_loss(soft_score(output, config.globals), batch.label),
        local=stages_loss(output, batch.target, config.loss),
    )


def _levels(text: StateFeatures) -> tuple[Tensor, Tensor]:
    """Return normal and abnormal prompts at every level, [B, S + 1, J] each; pooled is last."""
    levels = torch.cat([text.stages, text.pooled.unsqueeze(0)]).transpose(0, 1)  # [B, S + 1, 2, J]
    return levels[:, :, 0], levels[:, :, 1]


def _name(lessons: Lessons, position: int, config: KanoConfig, rng: np.random.Generator) -> str:
    """Return what a picture's part is called this time: its own names in turn, or none."""
    if rng.random() < config.prompts.name_dropout:
        return config.prompts.fallback
    names = lessons.base.of(lessons.shelves[position].category).names
    return names[int(rng.integers(len(names)))]


def _groups(network: KanoNetwork) -> list[dict[str, object]]:
    """Return the optimiser's groups.

    Prompts and the few slopes of the self-dissimilarity move at a rate of their own, without decay.
    """
    recipe = network.config.training
    few = list(network.prompts.parameters())
    if network.contexts is not None:
        few += list(network.contexts.parameters())
    own = {id(parameter) for parameter in few}
    rest = [p for p in network.parameters() if p.requires_grad and id(p) not in own]
    groups: list[dict[str, object]] = [
        {"params": few, "peak": recipe.prompt_rate, "weight_decay": 0.0}
    ]
    if rest:
        decay = recipe.weight_decay
        groups.append({"params": rest, "peak": recipe.network_rate, "weight_decay": decay})
    return groups


def _schedule(config: KanoConfig, steps: int) -> Callable[[int], float]:
    """Return the factor on each group's rate at a step."""
    if config.training.schedule == "constant":
        return lambda _: 1.0
    return lambda step: cosine_rate(step, steps, 1.0, min(WARMUP, steps))
