"""Type centroids: k-means aligned with predefined centres, and how sure a choice among them is."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from adapp.methods.adseeker.config import TypeConfig
from adapp.methods.adseeker.linear_types import fit_linear
from adapp.methods.adseeker.regions import NOTHING, UNKNOWN, Regions
from adapp.methods.adseeker.vocabulary import TYPES

ABSENT: Final = -1e6
"""Log-probability, unnormalised, of a type that has no centroid."""
_FLAT: Final = 1e-6
"""Spread within the types, relative to the features' size, below which nothing is whitened."""
_SCALES: Final = tuple(float(2.0**power) for power in np.arange(-8.0, 4.5, 0.5))
_OUTLINE_SHRINK: Final = 0.2
"""Share of the identity in the covariance of outlines within the types."""
_OFFSETS: Final = tuple(float(value) for value in np.arange(-6.0, 6.5, 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class TypeCentroids:
    """Centroids, and the linear form that compares tokens with all of them at once.

    The log-probability of type t, up to what all types share, of a token x is linear in x, so that
    a region's is the weighted mean of its cells': that of a Gaussian about its centroid with the
    covariance within the types (``nearest``), how far x lies from normal pieces in the centroid's
    direction (``direction``), or a classifier's (``linear``). The last row stands for "none of
    these".

    Attributes:
        centres: [T + 1, F]; zeros where a type is absent.
        weight: [T + 1, F].
        offset: [T + 1]; ``ABSENT`` where a type is absent.
        regions: Labelled regions behind each, [T + 1].
        outlines: What a region's form says, [K + 1, T]: weights of its readings, and an offset.
    """

    centres: Tensor
    weight: Tensor
    offset: Tensor
    regions: tuple[int, ...]
    outlines: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """Return unnormalised log-probabilities of features [..., F], [..., T + 1]."""
        return features @ self.weight.T + self.offset

    def of(self, regions: Regions) -> Tensor:
        """Return unnormalised log-probabilities of regions, their form heard, [R, T + 1]."""
        told = self.logits(regions.features)
        named = told[:, :NOTHING] + self.formed(regions.outlines[:, 0])
        return torch.cat([named, told[:, NOTHING:]], dim=1)

    def formed(self, readings: Tensor) -> Tensor:
        """Return what is added to the types' log-probabilities for a form [..., K], [..., T].

        It ranks the types; whether a region is any of them stays with the tokens.
        """
        told = readings @ self.outlines[:-1] + self.outlines[-1]
        present = self.offset[:-1] > ABSENT
        level = torch.logsumexp(told[..., present], dim=-1, keepdim=True) if present.any() else 0.0
        count = present.sum().clamp_min(1).log()
        return torch.where(present, told - level + count, torch.zeros_like(told))

    def sharpened(self, scale: float, none: float) -> "TypeCentroids":
        """Return the same with the log-probabilities times ``scale``, "none" raised by ``none``."""
        offset = self.offset * scale
        offset[-1] += none
        offset[self.offset == ABSENT] = ABSENT
        outlines = self.outlines * scale
        return TypeCentroids(self.centres, self.weight * scale, offset, self.regions, outlines)


def fit_centroids(regions: Regions, config: TypeConfig) -> TypeCentroids:
    """Return centroids that keep the label of the centre they started from.

    Each predefined centre is the mean of a type's labelled regions, every category weighing the
    same. Rounds of k-means follow in the space whitened by the covariance within the types: a
    region without a label joins the nearest type; one with a label stays (or moves too, if
    ``free``). The order of the regions does not matter.
    """
    labels = regions.types.clone()
    for row in range(len(TYPES)):
        if int((labels == row).sum()) < config.least:
            labels[labels == row] = UNKNOWN
    counts = torch.tensor([int((labels == row).sum()) for row in range(NOTHING + 1)])
    present = counts > 0
    centres = _means(regions.features, labels, regions.categories, NOTHING + 1)
    whitener = _whitener(regions.features, labels, centres, config.shrink)
    white = regions.features.double() @ whitener
    moved = centres.double() @ whitener
    allowed = present.clone()
    allowed[NOTHING] = False
    for _ in range(config.lloyd_steps if bool(allowed.any()) else 0):
        member = _assigned(white, moved, labels, allowed, free=config.free)
        fresh = _means(white, member, regions.categories, NOTHING + 1)
        seen = torch.tensor([bool((member == row).any()) for row in range(NOTHING + 1)])
        moved = torch.where((seen & present)[:, None], fresh, moved)
    inverse = torch.linalg.inv(whitener)
    centres = (moved @ inverse).float() * present[:, None]
    if config.form == "linear":
        return _linear(regions, labels, centres, config)
    if config.form == "direction":
        towards = functional.normalize(moved - moved[NOTHING], dim=1)  # zero for "none of these"
        offset, weight = -(towards @ moved[NOTHING]), towards @ whitener.T
    else:
        offset, weight = -0.5 * moved.square().sum(dim=1), moved @ whitener.T
    offset[~present] = ABSENT
    if not bool(present[NOTHING]):  # nothing normal was seen: "none" is no deviation at all
        offset[NOTHING] = 0.0
    outlines = regions.outlines.new_zeros(regions.outlines.shape[2] + 1, NOTHING)
    if config.outline > 0 and bool(present[:NOTHING].any()):
        said = (regions.features.double() @ weight.T + offset)[:, :NOTHING][:, present[:NOTHING]]
        outlines = config.outline * float(said.std()) * _outlines(regions, labels)
    return TypeCentroids(
        centres=centres,
        weight=weight.float() * present[:, None],
        offset=offset.float(),
        regions=tuple(int(count) for count in counts),
        outlines=outlines,
    )


def calibrated(regions: Regions, config: TypeConfig) -> TypeCentroids:
    """Return the centroids with probabilities that hold for categories never seen.

    The categories are cut into groups; each group's regions are compared with the centroids of
    the others. One scale of all log-probabilities and one offset of "none of these" are chosen so
    that what is true is likeliest there: the labelled types, and "none" for pieces of normal
    pictures. Nothing else is learned from it.
    """
    return likeliest(fit_centroids(regions, config), left_out(regions, config))


def likeliest(centroids: TypeCentroids, told: "LeftOut | None") -> TypeCentroids:
    """Return the centroids with the scale and the offset that ``calibrated`` speaks of.

    Args:
        centroids: Fitted to all regions.
        told: What such centroids say of regions they were fitted without; None changes nothing.
    """
    if told is None:
        return centroids
    scale, none = _likeliest(told.logits, told.types)
    return centroids.sharpened(scale, none)


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """What centroids say of regions of categories that they were fitted without.

    Attributes:
        logits: Log-probabilities of the regions as outlined, [R', T + 1].
        loose: The same of the regions cut out too wide.
        types: What they are, [R'].
        categories: Number of the category of each, [R'].
        real: Whether each is a real defect, [R'] bool.
    """

    logits: Tensor
    loose: Tensor
    types: Tensor
    categories: Tensor
    real: Tensor


def left_out(regions: Regions, config: TypeConfig) -> LeftOut | None:
    """Return what centroids say of regions of categories that they were fitted without.

    The categories are cut into groups. Regions whose type is not known, or has no centroid without
    their group, are not told; None if no region remains.
    """
    logits: list[Tensor] = []
    loose: list[Tensor] = []
    kept: list[Tensor] = []
    for group in range(config.groups):
        part = regions.categories % config.groups == group
        if bool(part.all()) or not bool(part.any()):
            continue
        fitted = fit_centroids(regions.at((~part).nonzero().flatten()), config)
        known = (part & (regions.types != UNKNOWN)).nonzero().flatten()
        rows = known[fitted.offset[regions.types[known]] != ABSENT]
        outside = regions.at(rows)
        logits.append(fitted.of(outside))
        loose.append(fitted.of(outside.loosened()))
        kept.append(rows)
    if not sum(len(rows) for rows in kept):
        return None
    told = regions.at(torch.cat(kept))
    return LeftOut(torch.cat(logits), torch.cat(loose), told.types, told.categories, told.real)


def _linear(regions: Regions, labels: Tensor, centres: Tensor, config: TypeConfig) -> TypeCentroids:
    """Return the centroids with a classifier's linear form."""
    found = fit_linear(regions, labels, forms=config.outline > 0)
    counts = torch.bincount(labels[labels != UNKNOWN], minlength=NOTHING + 1)
    offset = torch.where(counts > 0, found.offset, found.offset.new_tensor(ABSENT))
    if not int(counts[NOTHING]):
        offset[NOTHING] = 0.0
    rows = tuple(int(count) for count in counts)
    return TypeCentroids(centres, found.weight, offset, rows, found.outlines)


def _outlines(regions: Regions, labels: Tensor) -> Tensor:
    """Return the linear form that compares forms with those of each type, [K + 1, T].

    A type's is the mean of its outlines as they are and loosened, since a map draws wider than a
    hand; distances are taken in the space whitened by the covariance of the outlines as they are.
    """
    defects = torch.where(labels == NOTHING, UNKNOWN, labels)
    known = defects != UNKNOWN
    middle = regions.outlines[known, 0].mean(dim=0)
    size = regions.outlines[known, 0].std(dim=0).clamp_min(_FLAT)
    scaled = (regions.outlines - middle) / size
    tight, both = scaled[:, 0], scaled.mean(dim=1)
    centres = _means(tight, defects, regions.categories, NOTHING)
    whitener = _whitener(tight, defects, centres, _OUTLINE_SHRINK)
    moved = _means(both, defects, regions.categories, NOTHING).double() @ whitener
    weight = (whitener @ moved.T).float() / size[:, None]
    offset = -0.5 * moved.square().sum(dim=1).float() - middle @ weight
    return torch.cat([weight, offset[None]])


def _likeliest(logits: Tensor, truths: Tensor) -> tuple[float, float]:
    """Return scale and offset of "none" under which ``truths`` are likeliest.

    Defects of each type and pieces of normal pictures weigh the same, type by type.
    """
    count = torch.bincount(truths, minlength=NOTHING + 1).clamp_min(1)
    weight = 1.0 / count[truths]
    absent = logits <= ABSENT
    best = (math.inf, 1.0, 0.0)
    for scale in _SCALES:
        scaled = torch.where(absent, logits.new_tensor(ABSENT), logits * scale)
        for none in _OFFSETS:
            shifted = scaled.clone()
            shifted[:, NOTHING] += none
            missed = functional.cross_entropy(shifted, truths, reduction="none")
            loss = float((missed * weight).sum())
            best = min(best, (loss, scale, none))
    return best[1], best[2]


def _assigned(
    white: Tensor, centres: Tensor, labels: Tensor, allowed: Tensor, *, free: bool
) -> Tensor:
    """Return which centre each region belongs to, [R]; pieces of normal pictures keep theirs."""
    distance = torch.cdist(white, centres)
    distance[:, ~allowed] = torch.inf
    nearest = distance.argmin(dim=1)
    stays = labels == NOTHING if free else labels != UNKNOWN
    return torch.where(stays, labels, nearest)


def _means(features: Tensor, member: Tensor, categories: Tensor, count: int) -> Tensor:
    """Return the mean of each member's features, every category weighing the same, [count, F]."""
    means = features.new_zeros(count, features.shape[1])
    for row in range(count):
        own = member == row
        if bool(own.any()):
            groups = sorted(set(categories[own].tolist()))
            each = [features[own & (categories == group)].mean(dim=0) for group in groups]
            means[row] = torch.stack(each).mean(dim=0)
    return means


def _whitener(features: Tensor, labels: Tensor, centres: Tensor, shrink: float) -> Tensor:
    """Return W [F, F] float64 such that x W has about unit covariance within the types."""
    width = features.shape[1]
    known = labels != UNKNOWN
    identity = torch.eye(width, dtype=torch.float64)
    if shrink >= 1.0 or int(known.sum()) < 2:
        return identity
    rest = (features[known] - centres[labels[known]]).double()
    covariance = rest.T @ rest / len(rest)
    level = covariance.trace() / width
    if float(level) <= _FLAT * float(features.square().mean()):
        return identity  # the regions of a type do not differ at all
    mixed = (1.0 - shrink) * covariance + shrink * level * identity
    # W W^T is the inverse of ``mixed``
    whitener: Tensor = torch.linalg.inv(torch.linalg.cholesky(mixed)).T.contiguous()
    return whitener
