"""Frozen features of the training pictures, one shelf a category, kept on disk.

The encoders never change, so every picture is encoded once. Shelves are memory-mapped: a training
that draws a few pictures a step holds only those in memory.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from adapp.auxiliary.pictures import RECIPE, Source, TrainingPicture, sources
from adapp.backbones.base import ImageBackbone, ImageFeatures
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.results import BinaryMask
from adapp.ops.outline import CELLS, covered

TARGET_SCALE: Final = CELLS
"""Cells of a training mask per patch and side."""
CHUNK: Final = 8
"""Pictures encoded at once."""

_FOLDER = "auxiliary"


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The pictures of one category as the frozen encoder sees them; tensors are memory-mapped.

    Attributes:
        category: ``set/part``, or ``rendered/family-seed``.
        part: Readable name of the part.
        open: Whether its terms allow a checkpoint trained on it to be used in a plant.
        patches: Patch tokens, [P, S, N, D] float16, unit norm over D.
        local: Patch tokens of the V-V path likewise; None unless the bank was made for them.
        pooled: One vector per picture, [P, D] float16.
        target: Training masks, [P, 4h, 4w] uint8 in {0, 1}; zeros for normal pictures.
        label: 0 normal or 1 anomalous, [P] uint8.
        defect_types: Key of the defect type of each picture; "" if normal or not known.
        kinds: ``real``, ``synthetic`` or ``rendered``, one per picture.
        grid: Patch grid (h, w) with h * w = N.
    """

    category: str
    part: str
    open: bool
    patches: Tensor
    local: Tensor | None
    pooled: Tensor
    target: Tensor
    label: Tensor
    defect_types: tuple[str, ...]
    kinds: tuple[str, ...]
    grid: tuple[int, int]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def normals(self) -> Tensor:
        """Positions of the normal pictures, from which few-shot supports are drawn."""
        return (self.label == 0).nonzero().flatten()


class Bank:
    """Shelves on disk, made when they are missing: each whole or not at all.

    A shelf is named by what decides it: the category's files, the recipe, the encoder with its
    taps, size and arithmetic. The V-V path lies in a file of its own, so that methods with and
    without it share the rest. Processes may share the folder.
    """

    def __init__(
        self, backbone: ImageBackbone, cache_dir: Path, *, local_from: int | None = None
    ) -> None:
        """Bind a bank to an encoder.

        Args:
            backbone: Frozen encoder.
            cache_dir: Folder of the project's caches, ``Settings().cache_dir``.
            local_from: First block of the V-V path that ``backbone`` was made with; None for
                shelves without it.
        """
        self._backbone = backbone
        self._folder = cache_dir / _FOLDER
        self._local_from = local_from

    def shelves(
        self,
        roots: Sequence[Path],
        leave_out: Sequence[str] = (),
        *,
        rendered: bool = True,
        report: Report | None = None,
    ) -> list[Shelf]:
        """Return one shelf for each category in ``roots`` and each rendered family.

        Raises:
            UsageError: If no category is left, one to leave out does not exist, or the cache
                cannot be written.
            Cancelled: If ``report`` raises it; finished shelves are kept.
        """
        wanted = sources(roots, leave_out, rendered=rendered)
        found = []
        for number, source in enumerate(wanted):
            if report is not None:
                report(f"Preparing {source.category}", number, len(wanted))
            found.append(self.shelf(source))
        return found

    def shelf(self, source: Source) -> Shelf:
        """Return the shelf of one category, from disk if it is there.

        Raises:
            UsageError: If the cache cannot be written.
        """
        shelf = self._load(source)
        if shelf is None:
            self._make(source)
            shelf = self._load(source)
        if shelf is None:
            msg = f"the shelf of {source.category} was changed while it was made; try again"
            raise UsageError(msg)
        return shelf

    def paths(self, source: Source) -> tuple[Path, Path | None]:
        """Return the file of the shelf and the file of its V-V path, if there is to be one."""
        backbone = self._backbone
        parts = (RECIPE, backbone.identity, backbone.stages, backbone.size, backbone.dtype_name)
        key = hashlib.sha256(repr((*parts, source.key)).encode()).hexdigest()[:20]
        stem = f"{source.category.replace('/', '-')}-{key}"
        local = None
        if self._local_from is not None:
            local = self._folder / f"{stem}-local{self._local_from}.safetensors"
        return self._folder / f"{stem}.safetensors", local

    def _load(self, source: Source) -> Shelf | None:
        """Return what is kept, or None if a file is absent or cannot be read."""
        path, local_path = self.paths(source)
        kept = _read(path)
        beside = None if local_path is None else _read(local_path)
        if kept is None or (local_path is not None and beside is None):
            return None
        tensors, told = kept
        return Shelf(
            category=source.category,
            part=source.part,
            open=source.open,
            patches=tensors["patches"],
            local=None if beside is None else beside[0]["local"],
            pooled=tensors["pooled"],
            target=tensors["target"],
            label=tensors["label"],
            defect_types=tuple(told["defect_types"]),
            kinds=tuple(told["kinds"]),
            grid=(int(told["grid"][0]), int(told["grid"][1])),
        )

    def _make(self, source: Source) -> None:
        """Encode the pictures of ``source`` and write what is not there yet."""
        tensors, told = _encoded(
            source.pictures(), self._backbone, local=self._local_from is not None
        )
        path, local_path = self.paths(source)
        local = tensors.pop("local", None)
        if local_path is not None and local is not None:
            _write({"local": local}, {}, local_path)
        if _read(path) is None:
            _write(tensors, told, path)


def target_mask(mask: BinaryMask | None, side: tuple[int, int]) -> np.ndarray:
    """Return ``mask`` on a grid of ``side`` cells, uint8 {0, 1}; a defect never vanishes."""
    if mask is None or not mask.any():
        return np.zeros(side, dtype=np.uint8)
    share = cv2.resize(mask.astype(np.float32), (side[1], side[0]), interpolation=cv2.INTER_AREA)
    return covered(share)


def _encoded(
    pictures: Iterable[TrainingPicture], backbone: ImageBackbone, *, local: bool
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors of a shelf and what is told about its pictures."""
    grid = backbone.grid
    side = (grid[0] * TARGET_SCALE, grid[1] * TARGET_SCALE)
    columns: dict[str, list[Tensor]] = {"patches": [], "pooled": []}
    targets: list[np.ndarray] = []
    told: dict[str, Any] = {"defect_types": [], "kinds": [], "grid": list(grid)}
    labels: list[int] = []
    waiting: list[TrainingPicture] = []

    def encode() -> None:
        features = backbone.encode_rgb([picture.image for picture in waiting])
        columns["patches"].append(features.patches.transpose(0, 1).to("cpu", torch.float16))
        columns["pooled"].append(features.pooled.to("cpu", torch.float16))
        if local:
            columns.setdefault("local", []).append(_local(features))
        waiting.clear()

    for picture in pictures:
        targets.append(target_mask(picture.mask, side))
        labels.append(0 if picture.normal else 1)
        told["defect_types"].append(picture.defect_type)
        told["kinds"].append(picture.kind)
        waiting.append(picture)
        if len(waiting) == CHUNK:
            encode()
    if waiting:
        encode()
    tensors = {name: torch.cat(parts).contiguous() for name, parts in columns.items()}
    tensors["target"] = torch.from_numpy(np.stack(targets))
    tensors["label"] = torch.tensor(labels, dtype=torch.uint8)
    return tensors, told


def _local(features: ImageFeatures) -> Tensor:
    """Return the tokens of the V-V path, [B, S, N, D] float16.

    Raises:
        ValueError: If the encoder was made without one.
    """
    if features.local is None:
        msg = "the bank is asked for V-V patches, but its encoder was made without local_from"
        raise ValueError(msg)
    return features.local.transpose(0, 1).to("cpu", torch.float16)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return memory-mapped tensors and what is told about them; None if there is no whole file."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            return tensors, json.loads((file.metadata() or {}).get("told", "{}"))
    except (SafetensorError, OSError, json.JSONDecodeError):
        return None


def _write(tensors: dict[str, Tensor], told: dict[str, Any], path: Path) -> None:
    """Write a file so that a parallel reader never sees half of it.

    Raises:
        UsageError: If the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        try:
            save_file(tensors, temporary, metadata={"told": json.dumps(told)})
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (SafetensorError, OSError) as error:
        msg = (
            f"the features of the training pictures cannot be kept at {path.parent} ({error}): "
            "free some space or point ADAPP_CACHE at another folder"
        )
        raise UsageError(msg) from error


def content_key(shelf: Shelf) -> str:
    """Return what tells one shelf's pictures from another's."""
    digest = hashlib.sha256(shelf.pooled.contiguous().numpy().tobytes())
    digest.update(shelf.label.numpy().tobytes())
    digest.update(torch.tensor(shelf.target.shape).numpy().tobytes())
    return f"{shelf.category} {shelf.kinds} {digest.hexdigest()}"
