"""Tokens, pictures and encoders whose right answers are known, for the tests of RAID."""

import numpy as np
import torch

from adapp.backbones.base import ImageFeatures
from adapp.methods.raid.database import Templates
from adapp.ops.similarity import unit_norm

GRID = (6, 6)
WIDTH = 24


def generator(seed):
    return torch.Generator().manual_seed(seed)


def planted(count, seed=0, *, grid=GRID, width=WIDTH, noise=0.5, part=99, turns=None):
    """Return templates of one part: every cell has its own look, every picture its own noise.

    ``part`` decides the looks, ``seed`` the noise of the pictures.
    """
    cells = grid[0] * grid[1]
    looks = torch.randn(cells, width, generator=generator(part))
    tokens = looks + noise * torch.randn(count, cells, width, generator=generator(seed))
    cls_token = torch.randn(1, width, generator=generator(part + 1))
    pooled = cls_token + 0.3 * torch.randn(count, width, generator=generator(seed + 1))
    return Templates(
        tokens=unit_norm(tokens),
        pooled=unit_norm(pooled),
        picture=torch.arange(count),
        turns=torch.zeros(count, dtype=torch.long) if turns is None else turns,
        grid=grid,
    )


def some(templates, start, stop=None):
    """Return the templates from ``start`` to ``stop``, counted anew from picture 0."""
    chosen = slice(start, stop)
    return Templates(
        tokens=templates.tokens[chosen],
        pooled=templates.pooled[chosen],
        picture=templates.picture[chosen] - templates.picture[chosen].min(),
        turns=templates.turns[chosen],
        grid=templates.grid,
    )


def pictures(count, seed=0, *, part=0, side=112, noise=6):
    """Return pictures of one patterned part under a little noise, RGB [side, side, 3]."""
    look = np.random.default_rng(part).integers(60, 200, (14, 14, 3))
    tile = np.kron(look, np.ones((-(-side // 14), -(-side // 14), 1), int))[:side, :side]
    rng = np.random.default_rng(seed)
    drawn = (tile + rng.normal(0, noise, tile.shape) for _ in range(count))
    return [np.clip(picture, 0, 255).astype(np.uint8) for picture in drawn]


class ColourBackbone:
    """An encoder whose patch token is the pixel itself: one cell a pixel, one direction a colour.

    ``encoded`` counts the pictures that it was given.
    """

    identity = "colour"
    preset = "tiny"
    stages = (1,)
    width = 4
    patch = 1
    dtype_name = "float32"
    device = torch.device("cpu")

    def __init__(self, side):
        self.size = side
        self.grid = (side, side)
        self.encoded = 0

    def encode_rgb(self, images):
        self.encoded += len(images)
        colours = torch.from_numpy(np.stack(images).astype(np.float32)).flatten(1, 2)
        tokens = unit_norm(torch.cat([colours, torch.full_like(colours[..., :1], 64.0)], dim=-1))
        return ImageFeatures(tokens[None], unit_norm(tokens.mean(dim=1)), self.grid)


class Counting:
    """Any encoder, counting the pictures that go through it."""

    def __init__(self, backbone):
        self._backbone = backbone
        self.encoded = 0

    def __getattr__(self, name):
        return getattr(self._backbone, name)

    def encode_rgb(self, images):
        self.encoded += len(images)
        return self._backbone.encode_rgb(images)
