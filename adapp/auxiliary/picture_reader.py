"""How sure one may be that a picture is anomalous, read off how its maps' values are distributed.

A map tells where; whether the picture is anomalous at all is another question. The highest cell
alone answers it badly on a part never seen, whose every cell may look a little anomalous. What to
read instead is fitted to pictures whose category the map's network did not see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional

LEVELS: Final = (0.5, 0.75, 0.9, 0.97, 0.99, 1.0)
"""Quantiles of every map that are read; the last is its highest cell."""
START: Final = (0.0, 0.0, 0.0, 0.5, 0.5, 0.0)
"""Their weights in the first map before fitting: the mean of the upper few percent."""
DECAY: Final = 1e-2
"""Weight of the squared slopes beside the mean loss of a pair."""


def readings(maps: Tensor, whole: Tensor) -> Tensor:
    """Return what is read of each picture, [B, F]: F as in ``PictureReader``.

    Args:
        maps: That of the log-odds first, then any other that rises with anomaly, [M, B, N].
        whole: Log-odds of the pictures by their picture vector, [B].
    """
    values = maps.detach().float()
    levels = values.new_tensor(LEVELS)
    quantiles = torch.quantile(values, levels, dim=2).permute(2, 1, 0)  # [B, M, levels]
    return torch.cat(
        [quantiles.flatten(1), values[0].std(dim=1)[:, None], whole.detach().float()[:, None]],
        dim=1,
    )


class PictureReader(nn.Module):
    """Log-odds of a picture: a weighted sum of its readings, no weight below zero.

    Fitted in one piece (``fit``), never by a training's gradients. Before that it is the mean of
    the upper few percent of the first map.

    Args:
        maps: Maps that are read, M; it reads F = 6 M + 2 numbers.
    """

    def __init__(self, maps: int) -> None:
        super().__init__()
        start = torch.zeros(len(LEVELS) * maps + 2)
        start[: len(START)] = torch.tensor(START)
        self.weights = nn.Parameter(start, requires_grad=False)
        self.offset = nn.Parameter(torch.zeros(()), requires_grad=False)

    def forward(self, read: Tensor) -> Tensor:
        """Return log-odds, [B], for readings [B, F]."""
        return read @ self.weights + self.offset


def unfitted(maps: Tensor, whole: Tensor) -> Tensor:
    """Return the log-odds of pictures by a reader before fitting, [B]; as in ``readings``."""
    odds: Tensor = PictureReader(len(maps)).to(maps.device)(readings(maps, whole))
    return odds


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Pictures of one category and what was read of them.

    Attributes:
        readings: [P, F] float32.
        label: 0 normal or 1 anomalous, [P].
    """

    readings: Tensor
    label: Tensor

    @property
    def told_apart(self) -> bool:
        """Whether there are normal and anomalous pictures, so that it can teach anything."""
        return bool(self.label.any()) and not bool(self.label.all())


def fit(reader: PictureReader, categories: Sequence[Read]) -> bool:
    """Fit ``reader`` in place; False, and nothing changes, if no category has both kinds.

    The weights are those under which an anomalous picture most likely scores above a normal one
    of the same category (logistic loss of their difference, every category weighing the same):
    how pictures of different parts compare does not matter there. Then one scale and one offset
    turn scores into log-odds.
    """
    known = [one for one in categories if one.told_apart]
    if not known:
        return False
    spread = torch.cat([one.readings for one in known]).double().std(dim=0).clamp_min(1e-6)
    slopes = _ranked(known, spread)
    told = [(one.readings.double() @ slopes).numpy() for one in known]
    scale, offset = _as_odds(told, [one.label.numpy() for one in known])
    with torch.no_grad():
        reader.weights.copy_(scale * slopes)
        reader.offset.fill_(offset)
    return True


def _ranked(known: Sequence[Read], spread: Tensor) -> Tensor:
    """Return the slopes that rank pictures best within their categories, [F] float64, >= 0."""
    pairs = []
    for one in known:
        values, anomalous = one.readings.double() / spread, one.label.bool()
        pairs.append((values[anomalous], values[~anomalous]))

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        slopes = torch.from_numpy(flat).requires_grad_()
        each = [
            functional.softplus((normal @ slopes)[None] - (anomalous @ slopes)[:, None]).mean()
            for anomalous, normal in pairs
        ]
        total = torch.stack(each).mean() + DECAY * slopes.square().sum()
        (gradient,) = torch.autograd.grad(total, slopes)
        return total.item(), gradient.numpy()

    start = np.full(len(spread), 0.1)
    found: Any = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(start)
    )
    return torch.from_numpy(np.asarray(found.x, dtype=np.float64)) / spread


def _as_odds(told: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the scale, above 0, and the offset that make scores log-odds of being anomalous.

    Both kinds of a category weigh the same, and so do categories.
    """
    weights = [
        np.where(label > 0, 0.5 / max((label > 0).sum(), 1), 0.5 / max((label == 0).sum(), 1))
        for label in labels
    ]
    values = np.concatenate(told)[:, None]
    weight = np.concatenate(weights)
    model = LogisticRegression(C=1e3)
    model.fit(values, np.concatenate(labels), sample_weight=weight * len(weight) / weight.sum())
    scale = max(float(model.coef_[0, 0]), 1e-3)
    middle = float((values[:, 0] * weight).sum() / weight.sum())
    offset = float(model.intercept_[0]) if model.coef_[0, 0] > scale / 2 else -scale * middle
    return scale, offset
