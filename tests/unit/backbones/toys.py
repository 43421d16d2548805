"""Encoders at toy width whose library counterpart is at hand to compare with."""

import torch
from transformers import Dinov2Config, Dinov2Model

from adapp.backbones.clip_image import clip_backbone
from adapp.backbones.clip_model import Architecture, random_clip
from adapp.backbones.dinov2_tower import dinov2_backbone
from adapp.backbones.vit import ViTSpec

CPU = torch.device("cpu")
TOY_CLIP = Architecture(
    "toy",
    {
        "embed_dim": 24,
        "vision_cfg": {
            "image_size": 64,
            "layers": 4,
            "width": 32,
            "head_width": 16,
            "patch_size": 16,
        },
        "text_cfg": {
            "context_length": 16,
            "vocab_size": 49408,
            "width": 40,
            "heads": 2,
            "layers": 2,
        },
    },
)
TOY_QUICK_CLIP = Architecture("toy-quickgelu", {**TOY_CLIP.config, "quick_gelu": True})


def pixels(batch=2, height=112, width=112):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


def toy_dinov2():
    """Return a DINOv2 whose layer scales differ from 1 and from each other."""
    torch.manual_seed(3)
    config = Dinov2Config(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=112,
        initializer_range=0.2,
        use_mask_token=False,
    )
    model = Dinov2Model(config).eval()
    with torch.no_grad():
        for layer in model.encoder.layer:
            layer.layer_scale1.lambda1.uniform_(0.3, 0.8)
            layer.layer_scale2.lambda1.uniform_(0.3, 0.8)
    return model


def toy_clip():
    return random_clip(TOY_CLIP, seed=0)


def spec(size, *, stages=(1, 3), local_from=None):
    return ViTSpec("toy", "tiny", stages, size, size, final_norm=False, local_from=local_from)


def dinov2(model=None, *, local_from=None, dtype=torch.float32, stages=(1, 3)):
    chosen = spec(112, stages=stages, local_from=local_from)
    return dinov2_backbone(model or toy_dinov2(), chosen, device=CPU, dtype=dtype)


def clip(model=None, *, local_from=None, dtype=torch.float32, stages=(1, 3)):
    chosen = spec(64, stages=stages, local_from=local_from)
    return clip_backbone(model or toy_clip(), chosen, device=CPU, dtype=dtype)
