"""Types of defect told by a linear classifier of a region's tokens and form (D13)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from adapp.methods.adseeker.regions import NOTHING, UNKNOWN, Regions

LEEWAY: Final = 10.0
"""Inverse of the weight of the squared slopes."""
FORM: Final = 0.6
"""Size of one spread of a form's readings beside tokens of unit length."""
_FLAT: Final = 1e-6
_ROUNDS: Final = 500


@dataclass(frozen=True, slots=True, eq=False)
class LinearTypes:
    """Log-probabilities of the types, up to what all share: linear in a region's tokens and form.

    Attributes:
        weight: [T + 1, F]; zeros for a type without regions, as in the others.
        offset: [T + 1].
        outlines: Weights of a form's readings and an offset, [K + 1, T].
    """

    weight: Tensor
    offset: Tensor
    outlines: Tensor


def fit_linear(regions: Regions, labels: Tensor, *, forms: bool) -> LinearTypes:
    """Return a multinomial logistic regression of the labelled regions.

    Each is heard as outlined and as cut out too wide (``Regions.loosened``): a map draws wider
    than a hand. Types weigh the same, and so do the categories of a type. The form of a normal
    piece, cut out at random, says nothing.

    Args:
        regions: Regions of the training pictures.
        labels: Type of each, ``NOTHING`` for normal pieces, ``UNKNOWN`` where it is not heard, [R].
        forms: Whether their form is heard too.
    """
    heard = (labels != UNKNOWN).nonzero().flatten()
    known, types = regions.at(heard), labels[heard].numpy()
    features, readings = known.features.shape[1], known.outlines.shape[2]
    defect = torch.from_numpy(types != NOTHING)
    kinds = np.unique(types)
    weight, offset = torch.zeros(NOTHING + 1, features), torch.zeros(NOTHING + 1)
    outlines = torch.zeros(readings + 1, NOTHING)
    if len(kinds) < 2:
        return LinearTypes(weight, offset, outlines)
    normal = known.features[~defect]
    level = (normal if len(normal) else known.features).mean(dim=0)
    size = (known.features[defect] - level).norm(dim=1).mean().clamp_min(_FLAT)
    middle = known.outlines[defect].mean(dim=(0, 1))
    spread = known.outlines[defect, 0].std(dim=0, correction=0).clamp_min(_FLAT) / FORM
    shaped = defect[:, None] if forms else torch.zeros(1)
    ways = [
        torch.cat(
            [(one.features - level) / size, shaped * (one.outlines[:, 0] - middle) / spread], dim=1
        )
        for one in (known, known.loosened())
    ]
    share = np.tile(_balanced(types, known.categories.numpy()), len(ways))
    model = LogisticRegression(C=LEEWAY, max_iter=_ROUNDS)
    model.fit(
        torch.cat(ways).numpy(),
        np.tile(types, len(ways)),
        sample_weight=share * len(share) / share.sum(),
    )
    slopes, steps = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    if len(kinds) == 2:  # one row tells the second from the first
        slopes = np.concatenate([-slopes, slopes]) / 2.0
        steps = np.concatenate([-steps, steps]) / 2.0
    found = torch.from_numpy(slopes).float()
    weight[kinds] = found[:, :features] / size
    offset[kinds] = torch.from_numpy(steps).float() - weight[kinds] @ level
    named = torch.from_numpy(kinds[kinds != NOTHING])
    told = found[torch.from_numpy(kinds != NOTHING), features:] / spread
    outlines[:-1, named] = told.T
    outlines[-1, named] = -(told @ middle)
    return LinearTypes(weight, offset, outlines)


def _balanced(types: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Return the weight of each region, [R]: types weigh the same, and a type's categories do."""
    share = np.zeros(len(types))
    for kind in np.unique(types):
        groups = np.unique(categories[types == kind])
        for group in groups:
            own = (types == kind) & (categories == group)
            share[own] = 1.0 / (len(groups) * own.sum())
    return share
