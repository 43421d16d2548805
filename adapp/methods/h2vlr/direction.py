"""A learned direction from normal to anomalous in the joint space: a prompt pair without words.

Logistic regression on joint tokens of the auxiliary categories. It reads a patch as the two
centres do and is one of the evidence channels of a node (Deviation D7); no map is made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from adapp.auxiliary.bank import Shelf
from adapp.backbones.base import JointSpace
from adapp.methods.h2vlr.config import H2vlrConfig
from adapp.methods.h2vlr.encoding import joint_tokens
from adapp.methods.h2vlr.episodes import features_of
from adapp.methods.h2vlr.semantics import Direction

CELLS: Final = 800
"""Anomalous patches of a category at most, and as many normal ones."""
FULL: Final = 0.5
"""Share of a patch that must be masked for it to count as anomalous."""
REGULARISATION: Final = 1e-4
"""scikit-learn's C on standardised tokens."""
ITERATIONS: Final = 100
CHUNK: Final = 8
"""Pictures read at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """Directions of one training.

    Attributes:
        kept: Fitted to all shelves; goes into the checkpoint.
        of_shelf: For each shelf, one that never saw it (or ``kept``).
    """

    kept: Direction
    of_shelf: tuple[Direction, ...]


def fit_directions(
    shelves: Sequence[Shelf], space: JointSpace, config: H2vlrConfig, *, seed: int
) -> Directions:
    """Return the directions for a training on ``shelves``; parts as for the bridges."""
    rng = np.random.default_rng(seed)
    drawn = [_patches(shelf, space, config, rng) for shelf in shelves]
    width = space.width
    kept = _fitted(drawn, width)
    parts = min(config.cross_fit, len(shelves))
    if parts < 2:
        return Directions(kept, (kept,) * len(shelves))
    apart = [
        _fitted([own for number, own in enumerate(drawn) if number % parts != part], width)
        for part in range(parts)
    ]
    return Directions(kept, tuple(apart[number % parts] for number in range(len(shelves))))


def _fitted(drawn: Sequence[tuple[np.ndarray, np.ndarray]], width: int) -> Direction:
    """Return the direction between normal and anomalous patches; categories weigh the same.

    Without both kinds of patches it reads nothing: zero.
    """
    x = np.concatenate([tokens for tokens, _ in drawn])
    y = np.concatenate([labels for _, labels in drawn])
    stages = x.shape[1] // width
    if len(np.unique(y)) < 2:
        return Direction(torch.zeros(stages, width), torch.zeros(()))
    weight = np.concatenate([_weights(labels) for _, labels in drawn])
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    model = LogisticRegression(C=REGULARISATION, max_iter=ITERATIONS)
    model.fit((x - mean) / deviation, y, sample_weight=weight * len(y) / weight.sum())
    slope = (model.coef_[0] / deviation).astype(np.float32)
    offset = np.float32(model.intercept_[0] - slope @ mean)
    return Direction(torch.from_numpy(slope).view(stages, width), torch.tensor(offset))


def _weights(labels: np.ndarray) -> np.ndarray:
    """Return one weight per patch, so that both kinds of a category weigh the same."""
    counts = np.bincount(labels.astype(np.int64), minlength=2)
    weights: np.ndarray = 1.0 / counts[labels.astype(np.int64)]
    return weights


def _patches(
    shelf: Shelf, space: JointSpace, config: H2vlrConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return joint tokens of real patches, [?, S * J] float32, and their labels, [?] bool."""
    real = torch.tensor([kind == "real" for kind in shelf.kinds])
    covered = functional.adaptive_avg_pool2d(shelf.target[:, None].float(), shelf.grid).flatten(1)
    chosen = []
    for fits in (covered == 0, covered >= FULL):
        places = (fits & real[:, None]).nonzero()  # [?, 2]: picture, cell
        chosen.append(places[torch.from_numpy(rng.permutation(len(places))[:CELLS])])
    places = torch.cat(chosen)
    labels = np.arange(len(places)) >= len(chosen[0])
    tokens = np.zeros((len(places), len(config.induction.stages) * space.width), np.float32)
    for start in range(0, len(shelf), CHUNK):
        inside = (places[:, 0] >= start) & (places[:, 0] < start + CHUNK)
        if bool(inside.any()):
            positions = torch.arange(start, min(start + CHUNK, len(shelf)))
            joint = joint_tokens(features_of(shelf, positions), space, config)  # [S, B, N, J]
            own = joint[:, places[inside, 0] - start, places[inside, 1]]
            tokens[inside.numpy()] = own.transpose(0, 1).flatten(1).numpy()
    return tokens, labels
