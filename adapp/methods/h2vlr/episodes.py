"""What H2VLR learns from: queries of a category held against a few of its normal pictures.

The encoder is frozen and the gallery has nothing to learn, so the comparison is made once per
episode and kept on disk; tokens stay on their shelf and are read when a step needs them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from adapp.auxiliary.bank import Shelf
from adapp.backbones.base import ImageFeatures
from adapp.methods.h2vlr.losses import Truth
from adapp.ops.similarity import unit_norm


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """Queries of one shelf held against some of its pictures; on the CPU.

    Attributes:
        supports: Positions of the support pictures on the shelf, [k].
        queries: Positions of the queries, [Q].
        visual: M_vis, [Q, N] half.
        place: Matched support patch, counted over (support, cell), [Q, N] int32.
        members: Most similar patches of the same picture, [Q, N, K] int16.
        evidence: Visual evidence, [Q, N, E] half.
    """

    supports: Tensor
    queries: Tensor
    visual: Tensor
    place: Tensor
    members: Tensor
    evidence: Tensor

    def __len__(self) -> int:
        return len(self.queries)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some queries of one episode.

    Attributes:
        episode: Position of the episode among all.
        rows: Queries of it.
    """

    episode: int
    rows: tuple[int, ...]


def features_of(shelf: Shelf, positions: Tensor) -> ImageFeatures:
    """Return the kept features of some pictures of a shelf, float32 and of unit norm again."""
    local = None if shelf.local is None else _restored(shelf.local[positions])
    return ImageFeatures(
        patches=_restored(shelf.patches[positions]),
        pooled=unit_norm(shelf.pooled[positions].float()),
        grid=shelf.grid,
        local=local,
    )


def _restored(patches: Tensor) -> Tensor:
    """Return patches [n, S, N, D] as the encoder gave them, [S, n, N, D]."""
    return unit_norm(patches.float()).transpose(0, 1)


def truth_of(shelf: Shelf, positions: Tensor) -> Truth:
    """Return masks and labels of some pictures of a shelf."""
    return Truth(shelf.target[positions].float(), shelf.label[positions].float())


def chunks(
    episodes: Sequence[Episode],
    shelf_of: Sequence[Shelf],
    size: int,
    rng: np.random.Generator,
) -> list[Chunk]:
    """Return all queries once, in random chunks of one episode each, the order shuffled.

    Normal and anomalous queries of an episode are dealt evenly to its chunks, so that each can
    be ranked.

    Args:
        episodes: What to draw from.
        shelf_of: Shelf of each episode.
        size: Queries of a chunk, about.
        rng: Source of the order.
    """
    found = []
    for number, (episode, shelf) in enumerate(zip(episodes, shelf_of, strict=True)):
        parts = max(1, round(len(episode) / size))
        labels = shelf.label[episode.queries].numpy()
        rows = rng.permutation(len(episode))
        dealt = [row for label in (0, 1) for row in rows[labels[rows] == label]]
        found += [
            Chunk(number, tuple(int(row) for row in dealt[part::parts])) for part in range(parts)
        ]
    return [found[int(i)] for i in rng.permutation(len(found))]


def steps(found: Sequence[Chunk], together: int) -> Iterator[Sequence[Chunk]]:
    """Yield ``together`` chunks a step; what is left over makes a last, smaller step."""
    for start in range(0, len(found), together):
        yield found[start : start + together]


class EpisodeStore:
    """Episodes on disk, one file a category; made when missing, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Return the file of the category whose content is described by ``key``."""
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.safetensors"

    def load(self, key: str) -> list[Episode] | None:
        """Return the kept episodes, or None if there are none that can be read."""
        path = self.path(key)
        if not path.is_file():
            return None
        try:
            tensors = load_file(path)
        except (SafetensorError, OSError):
            return None
        count = len({name.split(".")[0] for name in tensors})
        return [
            Episode(**{name: tensors[f"{number}.{name}"] for name in Episode.__slots__})
            for number in range(count)
        ]

    def save(self, key: str, episodes: Sequence[Episode]) -> None:
        """Write the episodes of one category through a temporary file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            f"{number}.{name}": getattr(episode, name).contiguous()
            for number, episode in enumerate(episodes)
            for name in Episode.__slots__
        }
        path = self.path(key)
        temporary = path.with_suffix(".part")
        save_file(tensors, temporary)
        temporary.replace(path)
