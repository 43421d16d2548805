"""Safetensors files that parallel processes can share."""

import hashlib
import uuid
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor


def save_whole(tensors: dict[str, Tensor], path: Path) -> None:
    """Write ``tensors`` to ``path`` so that a parallel reader never sees half a file.

    Raises:
        OSError: If the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        save_file(tensors, temporary)
        temporary.replace(path)
    except SafetensorError as error:  # how the writer reports a full or read-only disk
        raise OSError(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def load_whole(path: Path) -> dict[str, Tensor] | None:
    """Return the tensors of ``path``; None if the file is absent, truncated or not safetensors."""
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError):
        return None
    return tensors


def content_sha256(tensors: dict[str, Tensor]) -> str:
    """Return a hash over names, shapes, dtypes and values, independent of the file format."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.numpy().data)
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
