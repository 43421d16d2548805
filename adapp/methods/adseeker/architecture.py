"""Shapes and trainable parameters of a preset, after one forward and one training step.

``python -m adapp.methods.adseeker.architecture --preset paper`` builds the published architecture
(ViT-L/14 at 336 fed 518 px, sparse prompts inside its four stages and in the text tower) with
random weights, runs a picture through it, takes one step of the optimiser, and prints what came
out. It needs no published weights.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from adapp.core.detector import SupportSet
from adapp.core.module_command import finished
from adapp.methods.adseeker.build import untrained
from adapp.methods.adseeker.config import VARIANTS, Variant
from adapp.methods.adseeker.detector import SeekerDetector
from adapp.methods.adseeker.inputs import (
    Wording,
    inserted_output,
    mean_tokens,
    pictures_of,
    text_of,
)
from adapp.methods.adseeker.losses import Terms, terms_of
from adapp.methods.adseeker.model import SeekerNetwork, SeekerOutput

PARTS = ("prompts", "taps", "blocks", "contrast")


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
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(1, 3, side, side, generator=generator).to(detector.backbone.device)
    if network.blocks is not None:
        network.blocks.start_from(mean_tokens(network, detector.backbone, pixels))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    output, terms = _step(detector, network, pixels)
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
            "maps [S, B, h, w]": list(output.stages.shape),
            "fused [B, 1, h, w]": list(output.fused.shape),
            "types [B, N, T + 1]": list(output.types.shape),
            "code [B, K]": [list(one.code.shape) for one in output.coded],
        },
        "active_atoms": [int(one.active.sum()) for one in output.coded],
        "trainable": trainable(network),
        "dictionaries_reached": [
            name
            for name, parameter in network.named_parameters()
            if name.endswith("atoms") and parameter.grad is not None and bool(parameter.grad.any())
        ],
        "tensors_moved_by_one_step": moved,
        "losses": {
            "local": terms.local.item(),
            "image": terms.image.item(),
            "sparse": terms.sparse.item(),
        },
    }


def trainable(network: SeekerNetwork) -> dict[str, int]:
    """Return the number of trained parameters of each part, and of all."""
    counts = {
        part: sum(p.numel() for p in module.parameters() if p.requires_grad)
        for part in PARTS
        if isinstance(module := getattr(network, part), torch.nn.Module)
    }
    return {**counts, "all": sum(counts.values())}


def _step(
    detector: SeekerDetector, network: SeekerNetwork, pixels: Tensor
) -> tuple[SeekerOutput, Terms]:
    """Return output and losses of one step on one picture with a square defect."""
    config, joint, backbone = detector.config, detector.joint, detector.backbone
    network.train()
    called = network.prompts.called(detector.fit(SupportSet("metal plate")).called)
    text = text_of(network, joint, [called], Wording(joint, config.prompts))
    if network.blocks is not None:
        output = inserted_output(network, backbone, joint, pixels, [called], text)
    else:
        seen = backbone.encode_images(pixels)
        pictures = pictures_of(network, joint, seen.patches, seen.pooled, seen.grid)
        output = network(pictures, text, joint.temperature)
    rows, columns = output.stages.shape[-2:]
    target = torch.zeros(1, 1, 4 * rows, 4 * columns, device=output.stages.device)
    target[..., : 2 * rows, :columns] = 1.0
    label = torch.ones(1, device=target.device)
    terms = terms_of(output, target, label, config.loss, config.score, config.sparse.sparsity)
    recipe = config.training
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, betas=recipe.betas)
    terms.total(config.loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    optimizer.step()
    return output, terms


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 done, 2 something the user can mend."""
    parser = argparse.ArgumentParser(prog="adapp.methods.adseeker.architecture")
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
