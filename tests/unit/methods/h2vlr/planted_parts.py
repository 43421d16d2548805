"""Small spaces, networks and tokens whose right answers are known, for the tests of H2VLR."""

from dataclasses import replace

import numpy as np
import torch

from adapp.auxiliary.bank import Shelf
from adapp.backbones.factory import create_joint, new_bridge
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.presets import PAPER, TINY
from adapp.methods.h2vlr.semantics import SemanticRepository
from adapp.ops.similarity import unit_norm

GRID = (6, 6)
CELLS = GRID[0] * GRID[1]
JOINT = 10


def tiny_space():
    """Return the joint space of the tiny preset over an untrained bridge."""
    return create_joint("tiny", "h2vlr", bridge=new_bridge("tiny").state_dict(), device="cpu")


def paper_form(joint=JOINT):
    """Return the paper's constants with narrow layers: no evidence, no skip, raw costs."""
    graph = replace(PAPER.graph, width=joint, head_width=joint)
    return replace(PAPER, graph=graph, score=replace(PAPER.score, scale=2))


def our_form():
    """Return the tiny preset's constants: evidence, skips, calibrated costs."""
    return TINY


def awake(network, scale=0.2):
    """Return ``network`` in evaluation mode with noise on every parameter."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(scale * torch.randn_like(parameter))
    return network.eval()


def built(config, joint=JOINT, variant="full"):
    """Return an awake network over a joint space of ``joint`` channels."""
    torch.manual_seed(0)
    return awake(H2vlrNetwork(config, variant, joint, embedding=12))


def semantics(stages=1, joint=JOINT, normal=4, abnormal=6, temperature=0.07):
    """Return random prompts."""
    return SemanticRepository(
        unit_norm(torch.randn(stages, normal, joint)),
        unit_norm(torch.randn(stages, abnormal, joint)),
        temperature,
    )


def joint_tokens(batch=2, stages=1, joint=JOINT):
    """Return random patches in the joint space, [S, B, N, J]."""
    return unit_norm(torch.randn(stages, batch, CELLS, joint))


def shelf(*, normals=8, real=6, made=6, category="set/part", stages=4, width=64, seed=0):
    """Return a shelf of one part: every cell has its own look, defects are another look.

    Pictures made from normal ones keep everything but the damage.
    """
    generator = torch.Generator().manual_seed(seed)
    looks = torch.randn(stages, CELLS, width, generator=generator)
    odd = torch.randn(stages, 1, width, generator=generator)

    def picture():
        return looks + 0.4 * torch.randn(stages, CELLS, width, generator=generator)

    patches = [picture() for _ in range(normals)]
    targets = [np.zeros((4 * GRID[0], 4 * GRID[1]), np.uint8) for _ in range(normals)]
    for number in range(real + made):
        whole = number < real or not normals
        tokens = picture() if whole else patches[number % normals].clone()
        row, column = 1 + number % 3, 1 + number % 4
        cells = torch.zeros(GRID, dtype=torch.bool)
        cells[row : row + 2, column : column + 2] = True
        tokens[:, cells.flatten()] = odd + 0.4 * torch.randn(stages, 4, width, generator=generator)
        patches.append(tokens)
        targets.append(np.kron(cells.numpy(), np.ones((4, 4))).astype(np.uint8))
    tokens = unit_norm(torch.stack(patches))
    count = len(patches)
    return Shelf(
        category=category,
        part="metal plate",
        open=True,
        patches=tokens.half(),
        local=None,
        pooled=unit_norm(tokens[:, -1].mean(dim=1)).half(),
        target=torch.from_numpy(np.stack(targets)),
        label=(torch.arange(count) >= normals).to(torch.uint8),
        defect_types=("",) * normals + ("scratch",) * (real + made),
        kinds=("real",) * (normals + real) + ("synthetic",) * made,
        grid=GRID,
    )


def pictures(count, seed=0, side=112):
    """Return pictures of one patterned part under a little noise, RGB [side, side, 3]."""
    look = np.random.default_rng(5).integers(60, 200, (8, 8, 3))
    tile = np.kron(look, np.ones((side // 8, side // 8, 1), int))
    rng = np.random.default_rng(seed)
    drawn = (tile + rng.normal(0, 5, tile.shape) for _ in range(count))
    return [np.clip(picture, 0, 255).astype(np.uint8) for picture in drawn]


def damaged(image):
    """Return a copy with a bright square of four patches."""
    spoiled = image.copy()
    spoiled[42:70, 42:70] = (250, 20, 20)
    return spoiled
