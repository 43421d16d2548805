"""Where published CLIP weights lie, and which release they are."""

import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import hf_hub_download
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from adapp.backbones.storage import file_sha256
from adapp.core.errors import ModelUnavailable
from adapp.core.settings import Settings

HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that its authors publish outside the hub.

    Attributes:
        url: Address; the last part is the file's name.
        sha256: First digits of its hash.
    """

    url: str
    sha256: str

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the weights of one CLIP come from.

    Attributes:
        name: Configuration of ``open_clip``.
        tag: What the paper calls the weights.
        repository: Hub repository; what follows its last dot is the release that it holds.
        asset: The very file of ``tag`` where the repository holds another release.
    """

    name: str
    tag: str
    repository: str
    asset: Asset | None = None

    @property
    def repository_release(self) -> str:
        """Release that the hub repository holds."""
        return self.repository.rpartition(".")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Tensors as they were published.

    Attributes:
        state: Tensors by name.
        identity: Configuration, release and hash in words.
    """

    state: Mapping[str, Tensor]
    identity: str


def load_weights(source: Source, method: str, settings: Settings, *, download: bool) -> Weights:
    """Return the weights of ``source`` from this machine, fetched first if ``download``.

    Raises:
        ModelUnavailable: If they are not here, cannot be fetched or cannot be read.
    """
    path = _local(source, settings) or _from_hub(source, download=False)
    if path is None and download:
        path = _fetched(source, settings)
    if path is None:
        raise ModelUnavailable(_absent(source, method, download=download))
    sha256 = file_sha256(path)
    release = _release(source, path, sha256)
    if release != source.tag:
        _logger.warning("%s holds %s, not %s", path, release, source.tag)
    identity = f"open_clip {source.name}, {release} (sha256 {sha256[:12]})"
    return Weights(_read(path, source), identity)


def _local(source: Source, settings: Settings) -> Path | None:
    """Return the file the user brought along or an earlier download left; None if there is none."""
    repository = source.repository
    short = repository.partition("/")[2]
    folders: list[Path] = []
    if settings.weights_dir is not None:
        names = (repository, short, repository.replace("/", "--"), source.name, ".")
        folders = [settings.weights_dir / name for name in names]
    places = [folder / name for folder in folders for name in HUB_FILES]
    if source.asset is not None:
        kept = (*folders, settings.cache_dir / "weights", Path.home() / ".cache" / "clip")
        places = [folder / source.asset.name for folder in kept] + places
    return next((path for path in places if path.is_file()), None)


def _from_hub(source: Source, *, download: bool) -> Path | None:
    """Return the repository's file in the hub cache, fetched first if ``download``."""
    for name in HUB_FILES:
        try:
            found = hf_hub_download(source.repository, name, local_files_only=not download)
        except (OSError, ValueError):
            continue
        return Path(found)
    return None


def _fetched(source: Source, settings: Settings) -> Path | None:
    """Return the file after fetching it: the asset if there is one, else from the hub."""
    if source.asset is not None:
        path = settings.cache_dir / "weights" / source.asset.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(
                source.asset.url, str(path), hash_prefix=source.asset.sha256
            )
        except (OSError, RuntimeError) as error:
            _logger.warning("%s cannot be fetched (%s); trying the hub", source.asset.url, error)
        else:
            return path
    return _from_hub(source, download=True)


def _release(source: Source, path: Path, sha256: str) -> str:
    """Return which release the file is.

    Raises:
        ModelUnavailable: If it has the asset's name but not its hash.
    """
    if source.asset is not None and path.name == source.asset.name:
        if not sha256.startswith(source.asset.sha256):
            msg = f"{path} is damaged: delete it and get it again from {source.asset.url}"
            raise ModelUnavailable(msg)
        return source.tag
    repository = source.repository.partition("/")[2]
    if any(repository in part for part in path.parts):
        return source.repository_release
    return f"{source.tag} by its place, release not checked"


def _read(path: Path, source: Source) -> Mapping[str, Tensor]:
    """Return the tensors in ``path``; nothing in it is executed.

    Raises:
        ModelUnavailable: If it is damaged or holds something else.
    """
    found: Mapping[str, Any]
    try:
        if path.suffix == ".safetensors":
            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        msg = f"the weights of {source.name} in {path} cannot be read: get them again"
        raise ModelUnavailable(msg) from error
    entries = found.get("state_dict", found) if isinstance(found, Mapping) else {}
    tensors = {k.removeprefix("module."): v for k, v in entries.items() if torch.is_tensor(v)}
    if not tensors:
        msg = f"{path} holds no weights of {source.name}: get them again"
        raise ModelUnavailable(msg)
    return tensors


def _absent(source: Source, method: str, *, download: bool) -> str:
    weights = f"open_clip {source.name} ({source.tag})"
    if download:
        return f"{weights} could not be downloaded: check the network, or set ADAPP_WEIGHTS"
    file = HUB_FILES[0] if source.asset is None else source.asset.name
    return (
        f"the paper preset of {method} needs {weights}, which is not on this machine: add "
        f'--download to the command ("python -m adapp detect --method {method} --preset paper '
        f'--download ..."), or set ADAPP_WEIGHTS to a folder that holds {file}, '
        "or use --preset embedded"
    )
