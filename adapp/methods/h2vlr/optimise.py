"""Optimisation on episodes: what training and tuning share.

Two stages: *induce* trains the mapper through the base map, *reason* trains graph and score over
prompts that stand still. With ``joint`` one stage trains everything, as published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from adapp.auxiliary.bank import Shelf
from adapp.backbones.base import JointSpace
from adapp.core.detector import Report
from adapp.methods.h2vlr.config import H2vlrConfig, Schedule, Variant
from adapp.methods.h2vlr.encoding import joint_tokens
from adapp.methods.h2vlr.episodes import Chunk, Episode, chunks, features_of, steps, truth_of
from adapp.methods.h2vlr.losses import h2vlr_loss
from adapp.methods.h2vlr.model import STACKED, H2vlrNetwork
from adapp.methods.h2vlr.prompts import PromptSet
from adapp.methods.h2vlr.reasoning import (
    REASONING,
    CellMaps,
    base_maps,
    readings_of,
    reason,
    spoken_of,
)
from adapp.methods.h2vlr.semantics import (
    Direction,
    SemanticRepository,
    global_feature,
    repository,
)
from adapp.training.loop import LoopPlan, cosine_rate, run_epochs

Stage: TypeAlias = Literal["induce", "reason", "joint"]

TOGETHER = 4
"""Chunks of different episodes behind one step."""
WARMUP = 20
"""Steps over which the learning rate rises."""
STACKED_RATE = 10.0
"""Factor on the learning rate of the weights that only add finished readings up."""
OWN_NAME = 0.6
"""Share of the episodes that call the part by its name while the mapper learns."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One episode with everything a step needs.

    Attributes:
        episode: Queries held against supports.
        shelf: Where their tokens lie.
        space: Joint space; one that was trained without this category, so that its prompts are
            as good here as they will be elsewhere.
        direction: Learned direction, of a fit without this category likewise; None without one.
        named: Prompts with the part's own name.
        unnamed: Prompts that call it "object".
    """

    episode: Episode
    shelf: Shelf
    space: JointSpace
    direction: Direction | None
    named: PromptSet
    unnamed: PromptSet


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """The prompts of one lesson in the joint space.

    Attributes:
        semantics: Prompts and centres.
        support: Readings of the support's patches, [M, k * N].
    """

    semantics: SemanticRepository
    support: Tensor


def worded(
    lesson: Lesson,
    network: H2vlrNetwork,
    variant: Variant,
    config: H2vlrConfig,
    *,
    own_name: bool = True,
) -> Wording:
    """Return the lesson's prompts; gradients reach the mapper."""
    space, features = lesson.space, features_of(lesson.shelf, lesson.episode.supports)
    pooled = space.project_pooled(features.pooled)
    context = None if variant == "sab" else network.mapper(global_feature(pooled))
    prompts = lesson.named if own_name else lesson.unnamed
    semantics = repository(space, prompts, context, config.induction)
    joint = joint_tokens(features, space, config)
    return Wording(semantics, readings_of(joint, semantics, lesson.direction).flatten(1))


def answered(
    lesson: Lesson,
    rows: Sequence[int],
    wording: Wording,
    network: H2vlrNetwork,
    variant: Variant,
    config: H2vlrConfig,
) -> tuple[Tensor, CellMaps]:
    """Return the chosen queries in the joint space, [S, B, N, J], and what the network says."""
    chosen = torch.tensor(list(rows))
    episode, shelf = lesson.episode, lesson.shelf
    joint = joint_tokens(features_of(shelf, episode.queries[chosen]), lesson.space, config)
    matched = wording.support[:, episode.place[chosen].long()]
    visual = episode.visual[chosen].float()
    semantics, graph = wording.semantics, variant in REASONING
    spoken = spoken_of(joint, semantics, lesson.direction, graph=graph)
    maps = base_maps(spoken.readings, visual, matched, semantics.temperature, config)
    cells = reason(
        network,
        variant,
        joint,
        spoken.affinity,
        episode.members[chosen].long(),
        episode.evidence[chosen].float(),
        maps,
        shelf.grid,
        config,
    )
    return joint, cells


def train_network(
    network: H2vlrNetwork,
    stage: Stage,
    lessons: Sequence[Lesson],
    config: H2vlrConfig,
    schedule: Schedule,
    plan: LoopPlan,
    report: Report | None = None,
) -> list[float]:
    """Return the loss of each epoch after one stage of training in place; ends in eval mode."""
    trained = _trained(network, stage)
    run = _Stage(network, stage, lessons, config)
    optimizer = _optimiser(trained, schedule)
    episodes, shelves = [one.episode for one in lessons], [one.shelf for one in lessons]
    queries = sum(len(episode) for episode in episodes)
    total = plan.epochs * max(1, round(queries / schedule.batch / TOGETHER))

    def epoch(number: int) -> float:
        network.train()
        rng = np.random.default_rng([plan.seed, number])
        losses = []
        groups = list(steps(chunks(episodes, shelves, schedule.batch, rng), TOGETHER))
        for step, group in enumerate(groups):
            rate = cosine_rate(number * len(groups) + step, total, schedule.rate, WARMUP)
            for parameters in optimizer.param_groups:
                parameters["lr"] = rate * parameters["scale"]
            optimizer.zero_grad()
            for chunk in group:
                loss = run.loss(chunk, rng)
                (loss / len(group)).backward()  # type: ignore[no-untyped-call]  # torch's own
                losses.append(loss.item())
            nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
            optimizer.step()
        return float(np.mean(losses))

    losses = run_epochs(trained, optimizer, epoch, plan, report)
    network.eval()
    return losses


class _Stage:
    """The loss of one stage; prompts that stand still are made once."""

    def __init__(
        self, network: H2vlrNetwork, stage: Stage, lessons: Sequence[Lesson], config: H2vlrConfig
    ) -> None:
        self._network = network
        self._stage = stage
        self._variant: Variant = "dsi" if stage == "induce" else "full"
        self._lessons = lessons
        self._config = config
        self._still: dict[int, Wording] = {}

    def loss(self, chunk: Chunk, rng: np.random.Generator) -> Tensor:
        """Return the objective on one chunk, a scalar."""
        lesson, config = self._lessons[chunk.episode], self._config
        told = self._wording(chunk.episode, rng)
        joint, cells = answered(lesson, chunk.rows, told, self._network, self._variant, config)
        truth = truth_of(lesson.shelf, lesson.episode.queries[list(chunk.rows)])
        return h2vlr_loss(joint, cells, told.semantics, truth, lesson.shelf.grid, config)

    def _wording(self, number: int, rng: np.random.Generator) -> Wording:
        lesson = self._lessons[number]
        if self._stage == "reason":
            if number not in self._still:
                with torch.no_grad():
                    told = worded(lesson, self._network, self._variant, self._config)
                self._still[number] = told
            return self._still[number]
        own = self._stage == "joint" or bool(rng.random() < OWN_NAME)
        return worded(lesson, self._network, self._variant, self._config, own_name=own)


def _trained(network: H2vlrNetwork, stage: Stage) -> nn.Module:
    """Return the module that learns in ``stage``; the rest is frozen."""
    network.requires_grad_(requires_grad=False)
    if stage == "induce":
        trained: nn.Module = network.mapper
    elif stage == "joint":
        trained = network
    else:
        if network.reasoner is None or network.score is None:
            msg = "the variant dsi has no reasoning to train"
            raise ValueError(msg)
        trained = nn.ModuleDict({"reasoner": network.reasoner, "score": network.score})
    return trained.requires_grad_(requires_grad=True)


def _optimiser(module: nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    """Return the optimiser; the few stacking weights learn faster and do not decay."""
    stacked: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in module.named_parameters():
        apart = any(part in STACKED for part in name.split("."))
        (stacked if apart else others).append(parameter)
    groups = [{"params": others, "scale": 1.0, "weight_decay": schedule.decay}]
    if stacked:
        groups.append({"params": stacked, "scale": STACKED_RATE, "weight_decay": 0.0})
    if schedule.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=schedule.rate, momentum=0.9)
    return torch.optim.AdamW(groups, lr=schedule.rate)


def stages_of(variant: Variant, config: H2vlrConfig) -> tuple[tuple[Stage, Schedule], ...]:
    """Return the stages that train ``variant``, in order."""
    if variant != "full":  # sghm adds no weights to dsi
        return (("induce", config.induce),)
    if config.joint:
        return (("joint", config.reason),)
    return (("induce", config.induce), ("reason", config.reason))


def shortened(schedule: Schedule, epochs: int | None) -> Schedule:
    """Return ``schedule`` with another number of passes; None keeps it."""
    return schedule if epochs is None else replace(schedule, epochs=epochs)
