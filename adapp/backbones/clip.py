"""The published CLIP encoders of H2VLR, KAnoCLIP and ADSeeker.

The names are those of ``open_clip``. Two of them are traps. ``ViT-L-14-336`` without
``-quickgelu`` runs OpenAI's weights with another activation than they were trained with, so the
activation is checked. ``laion400m_e32`` of ``ViT-B-16-plus-240`` comes from the hub as epoch 31,
so the release asset is preferred and the identity says which one was loaded.
"""

from dataclasses import dataclass

import torch
from open_clip.model import CLIP

from adapp.backbones.clip_image import clip_backbone
from adapp.backbones.clip_model import architecture, build_clip, random_clip
from adapp.backbones.clip_space import ClipSpace
from adapp.backbones.clip_weights import Asset, Source, load_weights
from adapp.backbones.vit import FrozenViT, ViTSpec
from adapp.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Published:
    """A CLIP as one paper uses it.

    Attributes:
        source: Architecture and weights.
        size: Side of the squares the pictures are squashed to, in pixels.
        patch: Side of a patch in pixels.
        stages: Blocks tapped, counted from 1.
        local_from: First block that the paper runs a V-V path beside.
    """

    source: Source
    size: int
    patch: int
    stages: tuple[int, ...]
    local_from: int


_PLUS = Published(
    source=Source(
        name="ViT-B-16-plus-240",
        tag="laion400m_e32",
        repository="timm/vit_base_patch16_plus_clip_240.laion400m_e31",
        asset=Asset(
            "https://github.com/mlfoundations/open_clip/releases/download/v0.2-weights/"
            "vit_b_16_plus_240-laion400m_e32-699c4b84.pt",
            "699c4b84",
        ),
    ),
    size=240,
    patch=16,
    stages=(3, 8, 12),
    local_from=1,
)
_LARGE = Published(
    source=Source(
        name="ViT-L-14-336-quickgelu",
        tag="openai",
        repository="timm/vit_large_patch14_clip_336.openai",
    ),
    size=518,
    patch=14,
    stages=(6, 12, 18, 24),
    local_from=6,
)
PUBLISHED = {"h2vlr": _PLUS, "kanoclip": _LARGE, "adseeker": _LARGE}


def load_clip(
    method: str,
    size: int,
    *,
    settings: Settings,
    device: torch.device,
    dtype: torch.dtype,
    download: bool = False,
    local_from: int | None = None,
) -> FrozenViT:
    """Return the image encoder that ``method`` was published with.

    Raises:
        ModelUnavailable: If the weights are not on this machine, a download fails, or what was
            found is not the published network.
    """
    published = PUBLISHED[method]
    source = published.source
    weights = load_weights(source, method, settings, download=download)
    model = build_clip(architecture(source.name), weights.state, source.tag)
    spec = _spec(published, weights.identity, size, local_from)
    return clip_backbone(model, spec, device=device, dtype=dtype)


def load_clip_space(
    method: str,
    *,
    settings: Settings,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    download: bool = False,
) -> ClipSpace:
    """Return the joint space that ``method`` was published with.

    Raises:
        ModelUnavailable: As ``load_clip`` does.
    """
    published = PUBLISHED[method]
    source = published.source
    weights = load_weights(source, method, settings, download=download)
    model = build_clip(architecture(source.name), weights.state, source.tag)
    return _space(published, weights.identity, model, device, dtype)


def random_backbone(
    method: str,
    size: int,
    *,
    device: torch.device,
    dtype: torch.dtype,
    local_from: int | None = None,
    seed: int = 0,
) -> FrozenViT:
    """Return the image encoder of ``method`` with random weights: for shapes and timing only."""
    published = PUBLISHED[method]
    model = random_clip(architecture(published.source.name), seed)
    spec = _spec(published, _random_identity(published, seed), size, local_from)
    return clip_backbone(model, spec, device=device, dtype=dtype)


def random_space(
    method: str, *, device: torch.device, dtype: torch.dtype = torch.float32, seed: int = 0
) -> ClipSpace:
    """Return the joint space of ``method`` with random weights: for shapes and timing only."""
    published = PUBLISHED[method]
    model = random_clip(architecture(published.source.name), seed)
    return _space(published, _random_identity(published, seed), model, device, dtype)


def _random_identity(published: Published, seed: int) -> str:
    name = published.source.name
    return f"open_clip {name}, random weights (seed {seed}), not run with the published weights"


def _spec(published: Published, identity: str, size: int, local_from: int | None) -> ViTSpec:
    stages = published.stages
    return ViTSpec(identity, "paper", stages, size, size, final_norm=False, local_from=local_from)


def _space(
    published: Published, identity: str, model: CLIP, device: torch.device, dtype: torch.dtype
) -> ClipSpace:
    count = len(published.stages)
    return ClipSpace(model, identity=identity, stage_count=count, device=device, dtype=dtype)
