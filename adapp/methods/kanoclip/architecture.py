"""Shapes and trainable parameters of a preset, after one forward and one training step.

``python -m adapp.methods.kanoclip.architecture --preset paper`` builds the published architecture
(ViT-L/14 at 336 fed 518 px, four stages) with random weights, runs a picture through it, takes one
step of the optimiser, and prints what came out. It needs no published weights.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import torch

from adapp.backbones.base import ImageFeatures, JointSpace
from adapp.core.module_command import finished
from adapp.methods.kanoclip.build import untrained
from adapp.methods.kanoclip.config import VARIANTS, Variant
from adapp.methods.kanoclip.detector import KanoDetector
from adapp.methods.kanoclip.inputs import pictures_of
from adapp.methods.kanoclip.losses import (
    Terms,
    global_loss,
    knowledge_loss,
    soft_score,
    stages_loss,
)
from adapp.methods.kanoclip.model import KanoNetwork, KanoOutput

PARTS = ("prompts", "blocks", "contexts", "adapter")


def inspect_architecture(
    preset: str, variant: Variant = "full", size: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """Return shapes, parameter counts and the losses of one step of an untrained ``variant``.

    Raises:
        UsageError: If the preset or size does not exist.
        ModelUnavailable: If the preset's text encoder is not on this machine.
    """
    detector = untrained(preset, variant, size, seed)
    network = detector.network
    assert network is not None  # noqa: S101 - narrows the type: an untrained step has a network
    side = detector.backbone.size
    picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))
    features = detector.backbone.encode_images(picture)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    output, terms = _step(detector, network, features)
    moved = sum(
        not torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True)
    )
    return {
        "preset": preset,
        "variant": variant,
        "encoder": detector.backbone.identity,
        "text": detector.joint.identity,
        "stages": list(detector.backbone.stages),
        "size": side,
        "shapes": {
            "patches [S, B, N, D]": list(features.patches.shape),
            "local [S, B, N, D]": None if features.local is None else list(features.local.shape),
            "pooled [B, P]": list(features.pooled.shape),
            "maps [S, B, h, w]": list(output.stages.shape),
            "fused [B, 1, h, w]": list(output.fused.shape),
        },
        "trainable": trainable(network),
        "tensors_moved_by_one_step": moved,
        "losses": {
            "knowledge": terms.knowledge.item(),
            "global": terms.whole.item(),
            "local": terms.local.item(),
        },
    }


def trainable(network: KanoNetwork) -> dict[str, int]:
    """Return the number of trained parameters of each part, and of all."""
    counts = {
        part: sum(p.numel() for p in module.parameters() if p.requires_grad)
        for part in PARTS
        if isinstance(module := getattr(network, part), torch.nn.Module)
    }
    return {**counts, "all": sum(counts.values())}


def _step(
    detector: KanoDetector, network: KanoNetwork, features: ImageFeatures
) -> tuple[KanoOutput, Terms]:
    """Return output and losses of one step on one picture with a square defect."""
    joint: JointSpace = detector.joint
    grid = features.grid
    network.train()
    text = network.prompts(joint, [detector.config.prompts.fallback])
    pictures = pictures_of(network, joint, features.patches, features.local, features.pooled, grid)
    output: KanoOutput = network(pictures, text, joint.temperature)
    target = torch.zeros(1, 1, 4 * grid[0], 4 * grid[1], device=output.stages.device)
    target[..., : 2 * grid[0], : grid[1]] = 1.0
    told = joint.encode_texts(["An abnormal image of an object may show a crack."])
    levels = torch.cat([text.stages, text.pooled.unsqueeze(0)])[:, 0]  # [S + 1, 2, J]
    knowledge = torch.cat([told.stages, told.pooled.unsqueeze(0)])[:, 0]
    terms = Terms(
        knowledge=knowledge_loss(knowledge, levels[:, 0], levels[:, 1]),
        whole=global_loss(
            soft_score(output, detector.config.globals), torch.ones(1, device=target.device)
        ),
        local=stages_loss(output, target, detector.config.loss),
    )
    recipe = detector.config.training
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=recipe.network_rate, betas=recipe.betas)
    terms.total(detector.config.loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    optimizer.step()
    return output, terms


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 done, 2 something the user can mend."""
    parser = argparse.ArgumentParser(prog="adapp.methods.kanoclip.architecture")
    parser.add_argument("--preset", default="paper", choices=("paper", "embedded", "tiny"))
    parser.add_argument("--variant", default="full", choices=VARIANTS[1:])
    parser.add_argument("--size", type=int, default=None, help="side of the picture, pixels")
    options = parser.parse_args(arguments)
    return finished(
        lambda: json.dumps(
            inspect_architecture(options.preset, options.variant, options.size), indent=1
        )
    )


if __name__ == "__main__":
    sys.exit(main())
