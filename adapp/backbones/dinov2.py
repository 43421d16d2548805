"""RAID's published encoder: facebook/dinov2-small, from local files unless a download is asked.

Pictures are squashed to 256 px and enlarged bilinearly to 448 px, a 32 x 32 grid; the tap is the
last hidden state after the final LayerNorm. Source: RAID's released code (squash, grid and tap).
"""

from collections.abc import Collection
from pathlib import Path
from typing import cast

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from transformers import Dinov2Config, Dinov2Model

from adapp.backbones.dinov2_tower import dinov2_backbone
from adapp.backbones.storage import file_sha256
from adapp.backbones.vit import FrozenViT, ViTSpec
from adapp.core.errors import ModelUnavailable

REPOSITORY = "facebook/dinov2-small"
STAGES = (12,)
SIZE = 256
SIDE = 448
PATCH = 14
_CONFIG = "config.json"
_WEIGHTS = "model.safetensors"
_ARCHITECTURE = {
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 6,
    "patch_size": PATCH,
    "image_size": 518,
    "mlp_ratio": 4,
    "use_swiglu_ffn": False,
}


def load_dinov2(
    size: int,
    *,
    weights_dir: Path | None,
    device: torch.device,
    dtype: torch.dtype,
    download: bool = False,
    local_from: int | None = None,
) -> FrozenViT:
    """Return facebook/dinov2-small for pictures squashed to ``size`` pixels.

    Raises:
        ModelUnavailable: If the weights are not on this machine, a download fails, or what was
            found is not DINOv2-S.
    """
    folder = local_folder(weights_dir) or _hub_folder(download=download)
    spec = ViTSpec(
        identity=f"{REPOSITORY} (sha256 {file_sha256(folder / _WEIGHTS)[:12]}), last layer, normed",
        preset="paper",
        stages=STAGES,
        size=size,
        side=encoder_side(size),
        final_norm=True,
        local_from=local_from,
    )
    return dinov2_backbone(_pretrained(folder), spec, device=device, dtype=dtype)


def encoder_side(size: int) -> int:
    """Return the side the encoder sees: 448, or for larger pictures the next whole patch."""
    return max(SIDE, -(-size // PATCH) * PATCH)


def local_folder(weights_dir: Path | None) -> Path | None:
    """Return the folder under ``weights_dir`` that holds the model; None if there is none."""
    if weights_dir is None:
        return None
    names = (REPOSITORY, REPOSITORY.partition("/")[2], REPOSITORY.replace("/", "--"), ".")
    return next((weights_dir / name for name in names if _holds_model(weights_dir / name)), None)


def _hub_folder(*, download: bool) -> Path:
    """Return the model's folder in the hub cache, fetched first if ``download``."""
    try:
        found = snapshot_download(
            REPOSITORY, allow_patterns=[_CONFIG, _WEIGHTS], local_files_only=not download
        )
    except (OSError, ValueError) as error:
        raise ModelUnavailable(_absent(download=download)) from error
    if not _holds_model(Path(found)):
        raise ModelUnavailable(_absent(download=download))
    return Path(found)


def _holds_model(folder: Path) -> bool:
    return (folder / _CONFIG).is_file() and (folder / _WEIGHTS).is_file()


def _pretrained(folder: Path) -> Dinov2Model:
    """Return the model in ``folder`` after checking that it is DINOv2-S and complete."""
    refetch = f'fetch it again with "hf download {REPOSITORY}"'
    try:
        config = Dinov2Config.from_pretrained(folder, local_files_only=True)
        loaded = Dinov2Model.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        msg = f"the weights in {folder} cannot be read: {refetch}"
        raise ModelUnavailable(msg) from error
    model, report = cast("tuple[Dinov2Model, dict[str, Collection[str]]]", loaded)
    wrong = {key for key, value in _ARCHITECTURE.items() if getattr(config, key, None) != value}
    wrong |= {str(name) for names in report.values() for name in names}
    if wrong:
        odd = ", ".join(sorted(wrong)[:3])
        msg = f"{folder} does not hold a complete DINOv2-S ({odd}): {refetch}"
        raise ModelUnavailable(msg)
    return model


def _absent(*, download: bool) -> str:
    if download:
        return f"{REPOSITORY} could not be downloaded: check the network, or set ADAPP_WEIGHTS"
    return (
        f"the paper preset of raid needs {REPOSITORY}, which is not on this machine: add "
        '--download to the command ("python -m adapp detect --preset paper --download ..."), '
        "or set ADAPP_WEIGHTS to a folder that holds it, or use --preset embedded"
    )
