"""The honest reference row of every zero-shot table: a linear classifier on patch tokens.

Logistic regression on the concatenated taps, trained on the real pictures of the auxiliary
categories alone. It knows no words. A text-guided method that does not beat it on the same
categories has gained nothing from its prompts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from adapp.auxiliary.bank import Bank, Shelf
from adapp.auxiliary.cards import bank_card, check_request
from adapp.auxiliary.cells import CELLS, draw_cells
from adapp.backbones.factory import create
from adapp.core.detector import Report
from adapp.core.errors import CheckpointMismatch, UsageError
from adapp.core.settings import Settings
from adapp.training.checkpoint import save_checkpoint
from adapp.training.request import TrainingRequest

NAME: Final = "linear_floor"
VARIANTS: Final = ("top", "median")
"""How a picture is scored: by its highest cells, or by those above its own median."""
REGULARISATION: Final = 1e-4
"""scikit-learn's C, on standardised tokens: the best of 1e-2, 1e-3 and 1e-4 on left-out folds."""
ITERATIONS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class LinearFloor:
    """A linear classifier of patch tokens.

    Attributes:
        weight: [S * D] float32.
        bias: [] float32.
    """

    weight: Tensor
    bias: Tensor

    def maps(self, patches: Tensor) -> Tensor:
        """Return log-odds of being anomalous for patch tokens [S, B, N, D], [B, N]."""
        stages, _, _, width = patches.shape
        return torch.einsum("sbnd,sd->bn", patches, self.weight.view(stages, width)) + self.bias


def run(request: TrainingRequest, *, resume: bool, report: Report | None = None) -> Path:
    """Fit the classifier and return the path of the checkpoint; there is nothing to resume.

    Raises:
        UsageError: If there is nothing to train on, or the request makes no sense.
    """
    check_request(request, VARIANTS)
    if resume:
        msg = f"{NAME} is fitted in one piece; train it without --resume"
        raise UsageError(msg)
    settings = Settings()
    backbone = create(request.preset, "kanoclip", settings=settings)
    bank = Bank(backbone, settings.cache_dir)
    shelves = bank.shelves(request.roots, request.leave_out, rendered=False, report=report)
    if report is not None:
        report("Fitting", 0, 1)
    floor = fit(shelves, seed=request.seed)
    state = {"weight": floor.weight, "bias": floor.bias}
    card = bank_card(NAME, request, shelves, backbone, {"cells_per_category": CELLS})
    save_checkpoint(request.out, state, card | {"synthetic_anomalies": False})
    return request.out


def restored(state: Mapping[str, Tensor]) -> LinearFloor:
    """Return the classifier out of a checkpoint.

    Raises:
        CheckpointMismatch: If a tensor is missing.
    """
    if set(state) != {"weight", "bias"}:
        msg = f"the checkpoint holds no linear classifier; train one with --method {NAME}"
        raise CheckpointMismatch(msg)
    return LinearFloor(state["weight"], state["bias"])


def fit(shelves: Sequence[Shelf], *, seed: int) -> LinearFloor:
    """Return the classifier fitted to the real pictures of ``shelves``, each weighing the same.

    Raises:
        UsageError: If there are no anomalous or no normal patches.
    """
    rng = np.random.default_rng(seed)
    tokens, labels, weights = [], [], []
    for shelf in shelves:
        for anomalous in (False, True):
            drawn = draw_cells(shelf, rng, ("real",), anomalous=anomalous)
            tokens.append(drawn.flatten(1).numpy())
            labels.append(np.full(len(drawn), anomalous))
            weights.append(np.full(len(drawn), 1.0 / max(len(drawn), 1)))
    x, y = np.concatenate(tokens), np.concatenate(labels)
    if len(np.unique(y)) < 2:
        msg = "a linear classifier needs normal and masked anomalous pictures; check --data"
        raise UsageError(msg)
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    weight = np.concatenate(weights)
    model = LogisticRegression(C=REGULARISATION, max_iter=ITERATIONS)
    model.fit((x - mean) / deviation, y, sample_weight=weight * len(y) / weight.sum())
    slope = (model.coef_[0] / deviation).astype(np.float32)
    offset = np.float32(model.intercept_[0] - slope @ mean)
    return LinearFloor(torch.from_numpy(slope), torch.tensor(offset))
