"""The direction from normal to anomalous patches that the bridge's prompts are led along.

Trained on masks alone, a bridge learns by heart which words go with which material. A linear
classifier of the same patches cannot, and carries over to parts never seen: prompts of any part
therefore start from its direction, and words only bend it.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.cells import Path, draw_cells

KINDS: Final = ("real", "synthetic")
"""Rendered pictures as well cost the linear floor 5.3 points of image and 0.9 of pixel AUROC."""
REGULARISATION: Final = 0.03
"""scikit-learn's C on projected patches: of 0.01, 0.03 and 0.1 the highest sum of image and pixel
AUROC on left-out folds."""
ITERATIONS: Final = 300


Project = Callable[[Tensor], Tensor]
"""Patches [S, n, D] to the joint space, [S, n, J]."""


def fit_direction(
    shelves: Sequence[Shelf],
    project: Project,
    *,
    seed: int,
    path: Path = "original",
    regularisation: float = REGULARISATION,
) -> Tensor | None:
    """Return the slope of the log-odds of projected patches, [S, J]; None without both kinds.

    The log-odds of a patch are the sum over the stages of its products with the slope. Every
    category weighs the same, and so do its normal and anomalous cells. Prompts have no intercept,
    so the slope has none: the projection has to put the origin between the two (``halfway``).

    Args:
        shelves: Training pictures.
        project: Patches [S, n, D] to the joint space, [S, n, J].
        seed: Of the choice of cells.
        path: Of the encoder.
        regularisation: scikit-learn's C.
    """
    rng = np.random.default_rng(seed)
    tokens, labels, weights = [], [], []
    for shelf in shelves:
        for anomalous in (False, True):
            drawn = _projected(shelf, rng, project, anomalous=anomalous, path=path)
            tokens.append(drawn.numpy())
            labels.append(np.full(len(drawn), anomalous))
            weights.append(np.full(len(drawn), 1.0 / max(len(drawn), 1)))
    x, y, weight = np.concatenate(tokens), np.concatenate(labels), np.concatenate(weights)
    if len(np.unique(y)) < 2:
        return None
    model = LogisticRegression(C=regularisation, max_iter=ITERATIONS, fit_intercept=False)
    model.fit(x.reshape(len(x), -1), y, sample_weight=weight * len(y) / weight.sum())
    return torch.from_numpy(model.coef_[0].astype(np.float32)).view(x.shape[1:])


def halfway(
    shelves: Sequence[Shelf], project: Project, *, seed: int, path: Path = "original"
) -> Tensor | None:
    """Return the point between projected normal and anomalous patches, [S, J]; None without both.

    The mean over all patches of a picture lies among the normal ones: a classifier without an
    intercept would have to find where those point away from it. With rendered parts in the mean
    it lost about 6 points of image AUROC on left-out folds (docs/log.md).

    Args:
        shelves: Training pictures; every category weighs the same.
        project: Patches [S, n, D] to the joint space, [S, n, J].
        seed: Of the choice of cells.
        path: Of the encoder.
    """
    rng = np.random.default_rng(seed)
    means: dict[bool, list[Tensor]] = {False: [], True: []}
    for shelf in shelves:
        for anomalous, found in means.items():
            drawn = _projected(shelf, rng, project, anomalous=anomalous, path=path)
            if len(drawn):
                found.append(drawn.mean(dim=0))
    if not all(means.values()):
        return None
    ends = [torch.stack(found).mean(dim=0) for found in means.values()]
    return torch.stack(ends).mean(dim=0)


def _projected(
    shelf: Shelf, rng: np.random.Generator, project: Project, *, anomalous: bool, path: Path
) -> Tensor:
    """Return projected tokens of random cells of a shelf, [n, S, J]."""
    drawn = draw_cells(shelf, rng, KINDS, anomalous=anomalous, path=path)
    with torch.no_grad():
        return project(drawn.transpose(0, 1)).transpose(0, 1)
