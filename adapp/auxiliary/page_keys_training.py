"""Training of the keys' projection: pictures of an object find the pages about it (InfoNCE)."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary.page_keys import KeyProjection, Vectors
from adapp.core.detector import Report

Marks = NDArray[np.bool_]

_NEVER = -1e9  # a logit without mass; minus infinity has no gradient


@dataclass(frozen=True, slots=True, eq=False)
class KeyExamples:
    """What the projection learns from. n examples, P pages, F features.

    Attributes:
        features: Of pictures, or of close-ups, [n, F].
        close: Whether an example is a close-up of a flaw, [n] bool.
        objects: Which pages are about the example's object, [n, P] bool.
        types: Which pages are about the example's defect type, [n, P] bool; all False if unknown.
        weights: How much an example counts, [n].
        whole: Features of the pages' pictures, [P, F].
        detail: Features of the pages' close-ups, [P, F]; rows of zeros where there is none.

    Raises:
        ValueError: If the shapes contradict each other.
    """

    features: Vectors
    close: Marks
    objects: Marks
    types: Marks
    weights: Vectors
    whole: Vectors
    detail: Vectors

    def __post_init__(self) -> None:
        count, pages = self.objects.shape
        fits = (
            self.types.shape == (count, pages)
            and self.close.shape == self.weights.shape == (count,)
            and len(self.features) == count
            and self.whole.shape == self.detail.shape == (pages, self.features.shape[1])
        )
        if not fits:
            msg = f"examples of different counts: {count} of {pages} pages"
            raise ValueError(msg)


class _Tensors:
    """The examples as tensors."""

    def __init__(self, examples: KeyExamples) -> None:
        self.features = torch.from_numpy(examples.features)
        self.close = torch.from_numpy(examples.close)
        self.objects = torch.from_numpy(examples.objects)
        self.types = torch.from_numpy(examples.types)
        self.weights = torch.from_numpy(examples.weights)
        self.whole = torch.from_numpy(examples.whole)
        self.detail = torch.from_numpy(examples.detail)


@dataclass(frozen=True, slots=True)
class KeyTraining:
    """Constants of the training (ours where no source is named).

    Attributes:
        epochs: Passes over the examples.
        batch: Examples in a step.
        rate: Step size of AdamW.
        decay: Its weight decay.
        temperature: Of the softmax over pages (the paper's family uses 0.02 to 0.1).
        noise: Length of the random vector added to each feature vector, as a fraction of it.
        seed: Of weights, order and noise.
    """

    epochs: int = 8
    batch: int = 128
    rate: float = 1e-3
    decay: float = 1e-2
    temperature: float = 0.05
    noise: float = 0.1
    seed: int = 0


def train_projection(
    examples: KeyExamples, config: KeyTraining | None = None, report: Report | None = None
) -> KeyProjection:
    """Return the projection trained on ``examples``; no global random state is used."""
    config = config or KeyTraining()
    held = _Tensors(examples)
    generator = torch.Generator().manual_seed(config.seed)
    projection = _started(held, generator)
    trained = [*projection.first.parameters(), *projection.second.parameters()]
    optimiser = torch.optim.AdamW(trained, lr=config.rate, weight_decay=config.decay)
    with torch.random.fork_rng(devices=[]):  # dropout draws from the global generator
        torch.manual_seed(config.seed)
        for epoch in range(config.epochs):
            if report is not None:
                report("Training keys", epoch, config.epochs)
            order = torch.randperm(len(held.features), generator=generator)
            for start in range(0, len(order), config.batch):
                rows = order[start : start + config.batch]
                optimiser.zero_grad()
                loss = _loss(projection, held, rows, config, generator)
                loss.backward()  # type: ignore[no-untyped-call] # the library's own
                optimiser.step()
    projection.eval().requires_grad_(requires_grad=False)
    return projection


def _started(examples: _Tensors, generator: torch.Generator) -> KeyProjection:
    """Return a projection with drawn weights, its centre and main directions set."""
    told = examples.whole
    centre = told.mean(dim=0)
    plain = min(KeyProjection(1).basis.shape[1], *told.shape)
    projection = KeyProjection(told.shape[1], plain=plain).train()
    _, _, directions = torch.linalg.svd(
        functional.normalize(torch.cat([told, examples.features]) - centre, dim=-1),
        full_matrices=False,
    )
    projection.centre.copy_(centre)
    projection.basis.copy_(directions[:plain].T)
    for layer in (projection.first, projection.second):
        with torch.no_grad():
            layer.weight.normal_(std=layer.weight.shape[1] ** -0.5, generator=generator)
            layer.bias.zero_()
    return projection


def _loss(
    projection: KeyProjection,
    examples: _Tensors,
    rows: Tensor,
    config: KeyTraining,
    generator: torch.Generator,
) -> Tensor:
    """Return the weighted InfoNCE of some examples, against pictures or close-ups of all pages."""
    features = examples.features[rows]
    shaken = torch.randn(features.shape, generator=generator) * features.shape[1] ** -0.5
    length = features.norm(dim=1, keepdim=True)
    moved = features + config.noise * length * shaken
    keys = projection.learned(functional.normalize(moved, dim=1) * length)
    total = keys.new_zeros(())
    for close, offered in ((False, examples.whole), (True, examples.detail)):
        chosen = examples.close[rows] == close
        held = offered.any(dim=1)
        if not chosen.any() or not held.any():
            continue
        logits = keys[chosen] @ projection.learned(offered[held]).T / config.temperature
        objects, types = (
            marks[rows][chosen][:, held] for marks in (examples.objects, examples.types)
        )
        told = _info_nce(logits, objects & types)
        if close:
            told = told + _info_nce(logits, objects) + _info_nce(logits, types)
        else:
            told = told + 2 * _info_nce(logits, objects)
        total = total + (0.5 * told * examples.weights[rows][chosen]).sum()
    return total / examples.weights[rows].sum()


def _info_nce(logits: Tensor, positives: Tensor) -> Tensor:
    """Return -log of the softmax mass on ``positives``, [n]; 0 where there is none."""
    mass = logits.masked_fill(~positives, _NEVER).logsumexp(dim=1)
    return torch.where(positives.any(dim=1), logits.logsumexp(dim=1) - mass, 0.0)
