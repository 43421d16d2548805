"""Which way of reading pictures ranks them best in categories that nothing was fitted to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import roc_auc_score
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.auxiliary.generic_threshold import ENOUGH_REAL, parted
from adapp.auxiliary.held_out import Unseen
from adapp.auxiliary.picture_reader import LEVELS, PictureReader, Read, fit


@dataclass(frozen=True, slots=True)
class Ways:
    """What was found.

    Attributes:
        best: Position of the way that ranks best; of equals, and where nothing tells, the first.
        auroc: Image AUROC of each way, mean over the categories, in [0, 1]; None if none tells.
        categories: Categories that told.
    """

    best: int
    auroc: tuple[float, ...] | None
    categories: int


def best_way(shelves: Sequence[Shelf], found: Mapping[int, Unseen], folds: int) -> Ways:
    """Return which of several ways of reading ranks unseen pictures best.

    The categories are cut into the same parts as for the short trainings; a reader fitted to the
    others ranks each part's pictures. Real categories alone tell where there are a few, as with
    the generic threshold: rendered parts are cleaner than photographed ones.

    Args:
        shelves: Everything the main training draws from.
        found: What networks say of the shelves at these positions, which they did not see, read
            in W ways each.
        folds: Parts the categories are cut into.
    """
    looks = {n: one.readings for n, one in found.items() if one.readings is not None}
    if not looks:
        return Ways(0, None, 0)
    ways = next(iter(looks.values())).shape[1]
    each = [_ranked(shelves, found, looks, folds, way) for way in range(ways)]
    if not each[0]:
        return Ways(0, None, 0)
    real = [n for n in each[0] if "rendered" not in shelves[n].kinds]
    heard = real if len(real) >= ENOUGH_REAL else list(each[0])
    means = [float(np.mean([ranked[n] for n in heard])) for ranked in each]
    return Ways(int(np.argmax(means)), tuple(means), len(heard))


def in_one_way(found: Mapping[int, Unseen], way: int) -> dict[int, Unseen]:
    """Return the same pictures read in one way alone."""
    return {
        n: one if one.readings is None else replace(one, readings=one.readings[:, way])
        for n, one in found.items()
    }


def _ranked(
    shelves: Sequence[Shelf],
    found: Mapping[int, Unseen],
    looks: Mapping[int, Tensor],
    folds: int,
    way: int,
) -> dict[int, float]:
    """Return the image AUROC of each category that can tell, by its position."""
    reads = {n: Read(read[:, way], found[n].label) for n, read in looks.items()}
    told: dict[int, float] = {}
    for part in parted(shelves, folds):
        reader = PictureReader((next(iter(reads.values())).readings.shape[1] - 2) // len(LEVELS))
        fit(reader, [one for n, one in reads.items() if n not in part])
        for n in part:
            if n in reads and reads[n].told_apart:
                odds = reader(reads[n].readings)
                told[n] = float(roc_auc_score(reads[n].label.numpy(), odds.numpy()))
    return told
