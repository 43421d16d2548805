"""Where the published Qwen2.5-VL weights are on this machine; nothing heavy is imported.

A folder below ``ADAPP_WEIGHTS`` or a snapshot in the hub cache; a download starts only when asked.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from huggingface_hub import snapshot_download

from adapp.core.errors import ModelUnavailable

QwenSize: TypeAlias = Literal["7b", "3b"]
REPOSITORIES: Final[dict[QwenSize, str]] = {
    "7b": "Qwen/Qwen2.5-VL-7B-Instruct",
    "3b": "Qwen/Qwen2.5-VL-3B-Instruct",
}
LICENCES: Final[dict[str, str]] = {
    REPOSITORIES["7b"]: "Apache-2.0",
    REPOSITORIES["3b"]: "Qwen Research License: no commercial use",
}
MODEL_TYPE = "qwen2_5_vl"
_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_NEEDED = ("config.json", "tokenizer_config.json")
_PATTERNS: Final = ("*.json", "*.txt", "*.jinja", "*.safetensors")


@dataclass(frozen=True, slots=True)
class QwenFolder:
    """A complete model on disk: its repository, folder and size of the weights in bytes."""

    repository: str
    path: Path
    size: int

    @property
    def licence(self) -> str:
        """What the weights may be used for; empty if it is not known."""
        return LICENCES.get(self.repository, "")


def find(
    size: QwenSize | Literal["auto"], weights_dir: Path | None, *, download: bool = False
) -> tuple[QwenFolder, ...]:
    """Return the models that are on this machine, the larger first.

    Args:
        size: Which one to look for; ``auto`` looks for both, and downloads the smaller.
        weights_dir: Folder of weights that the user brought along; it goes before the hub cache.
        download: Whether to fetch the model if it is not there.

    Raises:
        ModelUnavailable: If there is none.
    """
    sizes: tuple[QwenSize, ...] = ("7b", "3b") if size == "auto" else (size,)
    found = [model for each in sizes if (model := _local(REPOSITORIES[each], weights_dir))]
    if not found and download:
        found = [_fetched(REPOSITORIES[sizes[-1]])]
    if not found:
        raise ModelUnavailable(_absent(REPOSITORIES[sizes[-1]]))
    return tuple(found)


def read_folder(repository: str, path: Path) -> QwenFolder | None:
    """Return the model in ``path`` if all of its files are there and it is a Qwen2.5-VL."""
    if not all((path / name).is_file() for name in _NEEDED):
        return None
    try:
        kind = json.loads((path / "config.json").read_text(encoding="utf-8"))["model_type"]
        shards = _shards(path)
        size = sum((path / shard).stat().st_size for shard in shards)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return QwenFolder(repository, path, size) if shards and kind == MODEL_TYPE else None


def _shards(path: Path) -> set[str]:
    if (path / _INDEX).is_file():
        index = json.loads((path / _INDEX).read_text(encoding="utf-8"))
        return {str(shard) for shard in index["weight_map"].values()}
    return {_SINGLE}


def _local(repository: str, weights_dir: Path | None) -> QwenFolder | None:
    if weights_dir is not None:
        names = (repository, repository.partition("/")[2], repository.replace("/", "--"))
        for name in names:
            if found := read_folder(repository, weights_dir / name):
                return found
    try:
        snapshot = snapshot_download(
            repository, allow_patterns=list(_PATTERNS), local_files_only=True
        )
    except (OSError, ValueError):
        return None
    return read_folder(repository, Path(snapshot))


def _fetched(repository: str) -> QwenFolder:
    failed = f"{repository} could not be downloaded: check the network, or set ADAPP_WEIGHTS"
    try:
        snapshot = snapshot_download(repository, allow_patterns=list(_PATTERNS))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(failed) from error
    found = read_folder(repository, Path(snapshot))
    if found is None:
        raise ModelUnavailable(failed)
    return found


def _absent(repository: str) -> str:
    return (
        f"{repository} ({LICENCES[repository]}) is not on this machine: fetch it with "
        f'"hf download {repository}", or set ADAPP_WEIGHTS to a folder that holds it, '
        "or use --reasoner evidence"
    )
