"""Which pictures of a shelf become supports and queries of an episode.

Supports are normal pictures. A category without any lends the unmasked patches of defective
ones. A damaged copy of a picture never meets its own original in the support.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary.bank import Shelf
from adapp.backbones.base import JointSpace
from adapp.methods.h2vlr.comparison import compare, visual_map
from adapp.methods.h2vlr.config import H2vlrConfig
from adapp.methods.h2vlr.encoding import joint_tokens
from adapp.methods.h2vlr.episodes import Episode, features_of
from adapp.methods.h2vlr.gallery import make_gallery
from adapp.ops.similarity import join_stages, unit_norm

RECIPE = "1"
"""Raise it when what becomes an episode changes; it is part of the key of kept episodes."""
SHOTS = (1, 2, 4)
"""Supports of the episodes of a real category."""
RENDERED_SHOTS = (1, 4)
"""Supports of the one episode of a rendered family: there are many, and real parts teach more."""
QUERIES = 24
"""Queries of an episode at most, two fifths of them normal where there are as many."""
NORMAL_SHARE = 0.4
CHUNK = 8
"""Queries compared at once."""


def episodes_of(
    shelf: Shelf, space: JointSpace | None, config: H2vlrConfig, dtype: torch.dtype
) -> list[Episode]:
    """Return the episodes of one shelf, the same in every process.

    Args:
        shelf: Pictures of one category.
        space: Joint space; needed where structural neighbours are sought there.
        config: Constants.
        dtype: Arithmetic of the gallery search.
    """
    rng = np.random.default_rng(list(shelf.category.encode()))
    shots: tuple[int, ...] = SHOTS
    if "rendered" in shelf.kinds:
        shots = (RENDERED_SHOTS[int(rng.integers(len(RENDERED_SHOTS)))],)
    originals = ground_pictures(shelf)
    drawn = []
    for count in shots:
        found = _drawn(shelf, originals, count, rng)
        if found is not None:
            drawn.append(held_against(shelf, *found, space, config, dtype))
    return drawn


def ground_pictures(shelf: Shelf) -> Tensor:
    """Return the normal picture that each synthetic picture was made from, [P]; -1 for others.

    A damaged copy keeps most of its patches, so its original is the normal picture that it
    equals best in place.
    """
    normals = shelf.normals
    found = torch.full((len(shelf),), -1)
    if len(normals) == 0:
        return found
    stage = shelf.patches.shape[1] // 2
    known = unit_norm(shelf.patches[normals, stage].float())  # [n, N, D]
    for position in range(len(shelf)):
        if shelf.label[position] == 1 and shelf.kinds[position] != "real":
            own = unit_norm(shelf.patches[position, stage].float())
            likeness = (known * own).sum(dim=-1).median(dim=1).values
            found[position] = normals[int(likeness.argmax())]
    return found


def held_against(
    shelf: Shelf,
    supports: Sequence[int],
    queries: Sequence[int],
    space: JointSpace | None,
    config: H2vlrConfig,
    dtype: torch.dtype,
) -> Episode:
    """Return queries of a shelf held against supports of it, without turned copies."""
    plain = replace(config, gallery=replace(config.gallery, rotations="never"))
    chosen, asked = torch.tensor(list(supports)), torch.tensor(list(queries))
    usable = None
    if bool(shelf.label[chosen].any()):
        usable = _untouched(shelf.target[chosen], shelf.grid)
    own = _visual(shelf, chosen, config)
    gallery = make_gallery(own, shelf.grid, plain, usable=usable, search_dtype=dtype)
    visual, place, members, evidence = [], [], [], []
    for part in (asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK)):
        tokens = _visual(shelf, part, config)
        found = compare(gallery, tokens, _joint(shelf, part, space, config), plain)
        visual.append(visual_map(found.cost, gallery, plain).half())
        place.append(gallery.place[found.rows].to(torch.int32))
        members.append(found.members.to(torch.int16))
        evidence.append(found.evidence.half())
    return Episode(
        chosen, asked, torch.cat(visual), torch.cat(place), torch.cat(members), torch.cat(evidence)
    )


def _drawn(
    shelf: Shelf, originals: Tensor, count: int, rng: np.random.Generator
) -> tuple[list[int], list[int]] | None:
    """Return supports and queries, or None if the shelf is too small."""
    normals = [int(i) for i in rng.permutation(shelf.normals.numpy())]
    anomalous = [int(i) for i in rng.permutation((shelf.label == 1).nonzero().flatten().numpy())]
    if len(normals) < 2:
        lent = max(count, 2) + 2  # masked pictures; each lends less than a whole normal one
        queries = anomalous[lent:][:QUERIES]
        return (anomalous[:lent], queries) if len(queries) >= 2 else None
    supports = normals[: min(count, len(normals) - 1)]
    clean = normals[len(supports) :][: round(NORMAL_SHARE * QUERIES)]
    held = set(supports)
    damaged = [i for i in anomalous if int(originals[i]) not in held]
    queries = clean + _mixed(shelf, damaged, QUERIES - len(clean))
    return supports, queries


def _mixed(shelf: Shelf, damaged: Sequence[int], count: int) -> list[int]:
    """Return at most ``count`` anomalous pictures, real and synthetic ones in turn."""
    real = [i for i in damaged if shelf.kinds[i] == "real"]
    made = [i for i in damaged if shelf.kinds[i] != "real"]
    half = max(count // 2, count - len(made))
    taken = real[:half]
    return taken + made[: count - len(taken)]


def _visual(shelf: Shelf, positions: Tensor, config: H2vlrConfig) -> Tensor:
    """Return the joined taps of some pictures, [n, N, W]."""
    patches = shelf.patches[positions][:, list(config.gallery.stages)].float()
    return join_stages(unit_norm(patches).transpose(0, 1))


def _joint(
    shelf: Shelf, positions: Tensor, space: JointSpace | None, config: H2vlrConfig
) -> Tensor | None:
    """Return some pictures in the joint space, if structural neighbours are sought there."""
    if config.graph.structure == "visual":
        return None
    if space is None:
        msg = "structural neighbours in the joint space need the joint space"
        raise ValueError(msg)
    return joint_tokens(features_of(shelf, positions), space, config)


def _untouched(target: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return the patches that neither hold nor touch a masked cell, [k, N] bool."""
    touched = functional.adaptive_max_pool2d(target.unsqueeze(1).float(), grid)
    grown = functional.max_pool2d(touched, kernel_size=3, stride=1, padding=1)
    return grown.flatten(1) == 0
