"""Categories without labels: the supports pooled, and clustered by their CLS tokens.

Source: RAID section 3.2 (``prototype_mode="kmeans"``); the released code uses the labels instead.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from adapp.backbones.base import ImageBackbone
from adapp.core.results import RgbImage
from adapp.methods.raid.database import class_clusters
from adapp.methods.raid.templates import CHUNK


@dataclass(frozen=True, slots=True)
class ClusterQuality:
    """How well clusters agree with labels that they were made without.

    Attributes:
        purity: Share of the pictures whose label is the majority in their cluster, in (0, 1].
        accuracy: Share of the pictures in the cluster that the best one-to-one matching of
            clusters and labels (Hungarian method) gives to their label, in (0, 1].
    """

    purity: float
    accuracy: float


def cluster_quality(clusters: Sequence[int], labels: Sequence[str]) -> ClusterQuality:
    """Return purity and Hungarian accuracy of ``clusters`` against ``labels``, picture by picture.

    Raises:
        ValueError: If there is no picture, or not one label for each.
    """
    if not labels or len(clusters) != len(labels):
        msg = f"need one label for each picture, got {len(labels)} for {len(clusters)}"
        raise ValueError(msg)
    _, row = np.unique(np.asarray(clusters), return_inverse=True)
    _, column = np.unique(np.asarray(labels), return_inverse=True)
    counts = np.zeros((row.max() + 1, column.max() + 1), dtype=np.int64)
    np.add.at(counts, (row, column), 1)
    matched = counts[linear_sum_assignment(counts, maximize=True)].sum()
    return ClusterQuality(
        purity=float(counts.max(axis=1).sum()) / len(labels), accuracy=float(matched) / len(labels)
    )


def regrouped(
    named: Sequence[tuple[str, Sequence[RgbImage]]], backbone: ImageBackbone, *, seed: int
) -> list[tuple[str, list[RgbImage]]]:
    """Return the pictures of all categories in as many clusters as there are categories.

    The labels take no part in the clustering. Afterwards they name the clusters: each is called
    after its most frequent label, or "cluster i" where a larger cluster has that name.

    Args:
        named: Category names and their normal pictures.
        backbone: Frozen encoder.
        seed: Seed of the clustering.
    """
    images = [image for _, own in named for image in own]
    labels = [name for name, own in named for _ in own]
    chunks = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
    pooled = torch.cat([backbone.encode_rgb(chunk).pooled for chunk in chunks])
    clusters = class_clusters(pooled, len(named), seed=seed)
    names = _cluster_names(clusters, labels)
    return [
        (name, [image for image, own in zip(images, clusters, strict=True) if own == number])
        for number, name in sorted(names.items())
    ]


def _cluster_names(clusters: Sequence[int], labels: Sequence[str]) -> dict[int, str]:
    """Return the name of every cluster that has a member; larger clusters choose first."""
    names: dict[int, str] = {}
    for number, _ in Counter(clusters).most_common():
        own = [label for label, at in zip(labels, clusters, strict=True) if at == number]
        majority = Counter(own).most_common(1)[0][0]
        names[number] = f"cluster {number}" if majority in names.values() else majority
    return names
