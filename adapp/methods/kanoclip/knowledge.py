"""The knowledge base in the joint space: one mean feature a class (eq. 3)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.backbones.base import JointSpace
from adapp.methods.kanoclip.descriptions import KnowledgeBase, picture_sentence


def class_texts(shelf: Shelf, base: KnowledgeBase, most: int) -> list[str]:
    """Return all that is known of the defects on one shelf: N general and M picture sentences.

    Args:
        shelf: Training pictures of one category; only its anomalous ones are described.
        base: Knowledge base.
        most: Largest M; the pictures are taken evenly over the shelf.
    """
    known = base.of(shelf.category)
    anomalous = shelf.label.nonzero().flatten()
    if len(anomalous) > most:
        anomalous = anomalous[torch.linspace(0, len(anomalous) - 1, most).long()]
    sentences = [
        picture_sentence(target.bool().numpy(), known.name, shelf.defect_types[int(row)])
        for row in anomalous
        if bool((target := shelf.target[int(row)]).any())
    ]
    return [*known.descriptions, *sentences]


def class_features(
    joint: JointSpace, shelves: Sequence[Shelf], base: KnowledgeBase, most: int
) -> Tensor:
    """Return w_k of each shelf at every level, [shelves, S + 1, J]; the last level is pooled.

    The mean is over unit features: the joint space hands out no others (D12). Source: eq. 3.
    """
    means = []
    for shelf in shelves:
        features = joint.encode_texts(class_texts(shelf, base, most))
        levels = torch.cat([features.stages, features.pooled.unsqueeze(0)])  # [S + 1, T, J]
        means.append(levels.mean(dim=1))
    return torch.stack(means)
