"""Cosine similarity, matching cost and nearest neighbours."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def unit_norm(tokens: Tensor) -> Tensor:
    """Return ``tokens`` [..., D] scaled to unit Euclidean length over the last axis."""
    scaled: Tensor = functional.normalize(tokens, dim=-1)
    return scaled


def fresh_unit_norm(tokens: Tensor) -> Tensor:
    """Return ``tokens`` [..., D], which nobody else holds, scaled to unit length.

    In their own memory where no gradient is asked for: a second large tensor takes its time.
    """
    scaled: Tensor = functional.normalize(
        tokens, dim=-1, out=None if tokens.requires_grad else tokens
    )
    return scaled


def join_stages(patches: Tensor | Sequence[Tensor]) -> Tensor:
    """Return one unit token per patch from several stages.

    Args:
        patches: Unit tokens per stage, [S, B, N, D], or S times [B, N, D].

    Returns:
        Concatenation over the stages, [B, N, S * D], unit norm. The cosine of two such tokens is
        the mean of their cosines stage by stage.
    """
    stages = list(patches)
    scale = 1.0 / math.sqrt(len(stages))
    if stages[0].requires_grad:
        return torch.cat(stages, dim=-1) * scale
    width = stages[0].shape[-1]
    joined: Tensor = stages[0].new_empty(*stages[0].shape[:-1], width * len(stages))
    for number, stage in enumerate(stages):  # scaled on its way: one pass
        torch.mul(stage, scale, out=joined[..., number * width : (number + 1) * width])
    return joined


def summed_products(tokens: Tensor, vectors: Tensor) -> Tensor:
    """Return products of tokens [S, B, N, J] and vectors [S, T, J], summed over S, [B, N, T]."""
    rows = tokens.flatten(1, 2)  # [S, B * N, J]
    total = rows[0] @ vectors[0].T
    for own, told in zip(rows[1:], vectors[1:], strict=True):
        total = torch.addmm(total, own, told.T)
    return total.view(*tokens.shape[1:3], -1)


def matching_cost(queries: Tensor, tokens: Tensor) -> Tensor:
    """Return 1 - cosine similarity of unit vectors, [..., Q, T] in [0, 2].

    Args:
        queries: Unit vectors, [..., Q, D].
        tokens: Unit vectors, [..., T, D].

    Source: RAID section 3.4.
    """
    return (1.0 - queries @ tokens.transpose(-1, -2)).clamp_(0.0, 2.0)


def nearest_costs(queries: Tensor, tokens: Tensor, neighbours: int) -> tuple[Tensor, Tensor]:
    """Return the ``neighbours`` smallest costs and their token rows, ascending.

    Args:
        queries: Unit vectors, [Q, D].
        tokens: Unit vectors, [T, D]; T may be smaller than ``neighbours``.
        neighbours: K, at least 1.

    Returns:
        Costs [Q, K] ascending and indices [Q, K]. With fewer than K tokens the last one is
        repeated, so that no padding value reaches a cost volume.

    Raises:
        ValueError: If there is no token at all.
    """
    if tokens.shape[0] == 0:
        msg = "nearest_costs needs at least one token"
        raise ValueError(msg)
    cost = matching_cost(queries, tokens)
    found = min(neighbours, tokens.shape[0])
    values, rows = torch.topk(cost, found, dim=-1, largest=False, sorted=True)
    missing = neighbours - found
    if missing:
        values = torch.cat([values, values[..., -1:].expand(*values.shape[:-1], missing)], dim=-1)
        rows = torch.cat([rows, rows[..., -1:].expand(*rows.shape[:-1], missing)], dim=-1)
    return values, rows


def best_rows(scores: Tensor) -> Tensor:
    """Return the row of the highest score of every column, [Q], for scores [T, Q].

    The same as ``scores.argmax(dim=0)``, found by groups of rows: reductions over rows are fast
    without an index, and the index is needed in one group only. The first of equal groups wins.
    """
    rows, columns = scores.shape
    groups = max(1, math.isqrt(rows))
    size = rows // groups
    whole = scores[: groups * size].view(groups, size, columns)
    best = whole.amax(dim=1)  # [groups, Q]
    group = best.max(dim=0).indices  # [Q]; faster than argmax, and the first of equals too
    chosen = whole.gather(0, group.view(1, 1, -1).expand(1, size, columns))[0]  # [size, Q]
    found = group * size + chosen.max(dim=0).indices
    if groups * size == rows:
        return found
    last = scores[groups * size :].max(dim=0)
    beyond = last.values > best.amax(dim=0)
    return torch.where(beyond, last.indices + groups * size, found)


ONE_BY_ONE = 4
"""Maxima that are found one after the other sooner than by a partial sort."""


def highest(scores: Tensor, count: int) -> Tensor:
    """Return the ``count`` highest scores of every column, best first, [B, count, Q].

    Args:
        scores: [B, T, Q]; written over.
        count: At most T.
    """
    if count > ONE_BY_ONE:
        return scores.topk(count, dim=1).values
    found = []
    for _ in range(count):
        best = scores.max(dim=1, keepdim=True)
        found.append(best.values)
        scores.scatter_(1, best.indices, -torch.inf)
    return torch.cat(found, dim=1)
