"""What a query knows and a page offers: pictures, close-ups, words and defect types as vectors.

Four channels compare a query with a page: ``whole`` (the picture with the page's picture),
``detail`` (a region with the page's close-up), ``text`` (question and part with the page's words)
and ``type`` (the probability that the region shows the page's canonical type). The score of a page
is the weighted mean of the channels that both sides have; with several regions it is the best over
them. Encoders and the projection of their outputs are the caller's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from adapp.knowledge.defect_types import CANONICAL, NORMAL

Vector: TypeAlias = NDArray[np.float32]  # [D]
Vectors: TypeAlias = NDArray[np.float32]  # [n, D]
Channel = Literal["whole", "detail", "text", "type"]

CHANNELS: Final[tuple[Channel, ...]] = ("whole", "detail", "text", "type")
TYPES: Final = (*CANONICAL, NORMAL)
_UNIT = 1e-2  # a unit vector may be this far off: half precision and rounding


@dataclass(frozen=True, slots=True)
class ChannelWeights:
    """How much each channel counts; only their ratios matter.

    Ours, chosen on development pictures: with words at a quarter, drawings of other things outvoted
    the name of a part that no picture had taught (right object among three pages 60 %, now 99 %).
    """

    whole: float = 0.2
    detail: float = 0.1
    text: float = 0.5
    type: float = 0.2

    def __post_init__(self) -> None:
        values = [getattr(self, item.name) for item in fields(self)]
        if min(values) < 0 or max(values) <= 0:
            msg = f"channel weights must be non-negative and not all zero, got {values}"
            raise ValueError(msg)

    def of(self, channel: Channel) -> float:
        """Return the weight of one channel."""
        return float(getattr(self, channel))


@dataclass(frozen=True, slots=True, eq=False)
class RegionKey:
    """One suspicious region of the query.

    Attributes:
        picture: Its crop as a unit vector, [D]; None if there is none.
        types: Probability of canonical types, ``normal`` included; empty if not known.
    """

    picture: Vector | None = None
    types: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """What is asked for.

    Attributes:
        picture: The query picture as a unit vector, [D].
        text: Question and part name as a unit vector, [T].
        regions: What the detector found; none means that nothing is known about regions.
    """

    picture: Vector | None = None
    text: Vector | None = None
    regions: tuple[RegionKey, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Locks:
    """What pages answer to; a row of zeros means that the page lacks this channel.

    Attributes:
        whole: Picture of each page, [n, D].
        detail: Close-up of each page, [n, D].
        text: Words of each page, [n, T].
        types: Canonical type of each page; empty if unknown.

    Raises:
        ValueError: If the counts differ, a row is neither zero nor of unit norm, or a type is
            unknown.
    """

    whole: Vectors
    detail: Vectors
    text: Vectors
    types: tuple[str, ...]

    def __post_init__(self) -> None:
        counts = {len(self.whole), len(self.detail), len(self.text), len(self.types)}
        if len(counts) != 1:
            msg = f"locks of different numbers of pages: {sorted(counts)}"
            raise ValueError(msg)
        for name in ("whole", "detail", "text"):
            norms = np.linalg.norm(getattr(self, name), axis=1)
            if not (np.isclose(norms, 0) | (np.abs(norms - 1) < _UNIT)).all():
                msg = f"a {name} lock is neither zero nor of unit norm"
                raise ValueError(msg)
        unknown = sorted(set(self.types) - {*TYPES, ""})
        if unknown:
            msg = f"unknown canonical type {unknown[0]!r}"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.types)

    def having(self) -> dict[Channel, NDArray[np.bool_]]:
        """Return for each channel which pages have it, [n]."""
        return {
            "whole": np.asarray(self.whole.any(axis=1), dtype=np.bool_),
            "detail": np.asarray(self.detail.any(axis=1), dtype=np.bool_),
            "text": np.asarray(self.text.any(axis=1), dtype=np.bool_),
            "type": np.array([bool(name) for name in self.types], dtype=np.bool_),
        }

    def joined(self, weights: ChannelWeights) -> Vectors:
        """Return all channels side by side, each times the root of its weight, [n, J].

        The inner product with a joined key is the weighted sum of the channels' similarities.
        """
        hot = np.zeros((len(self), len(TYPES)), dtype=np.float32)
        for row, name in enumerate(self.types):
            if name:
                hot[row, TYPES.index(name)] = 1
        blocks: dict[Channel, Vectors] = {
            "whole": self.whole,
            "detail": self.detail,
            "text": self.text,
            "type": hot,
        }
        return _side_by_side(blocks, weights)

    def widths(self) -> tuple[int, int, int, int]:
        """Return how many numbers each channel has, in order of ``CHANNELS``."""
        return self.whole.shape[1], self.detail.shape[1], self.text.shape[1], len(TYPES)

    def rows(self, chosen: NDArray[np.int64]) -> "Locks":
        """Return the locks of some pages."""
        return Locks(
            self.whole[chosen],
            self.detail[chosen],
            self.text[chosen],
            tuple(self.types[int(row)] for row in chosen),
        )


def join(parts: Sequence[Locks]) -> Locks:
    """Return the locks of several sets of pages as one.

    Raises:
        ValueError: If there is none, or their widths differ.
    """
    if not parts:
        msg = "no locks to join"
        raise ValueError(msg)
    return Locks(
        np.concatenate([part.whole for part in parts]),
        np.concatenate([part.detail for part in parts]),
        np.concatenate([part.text for part in parts]),
        tuple(name for part in parts for name in part.types),
    )


@dataclass(frozen=True, slots=True, eq=False)
class JoinedKey:
    """One region of a query against all channels: vector [J] and the channels it has."""

    vector: Vector
    channels: frozenset[Channel]


def join_keys(keys: Keys, like: Locks, weights: ChannelWeights) -> Iterator[JoinedKey]:
    """Yield one joined key for each region, or one if there are no regions.

    Args:
        keys: The query.
        like: Locks whose widths the key must have.
        weights: Weight of each channel.

    Raises:
        ValueError: If a vector has another width or is not of unit norm, or a type is unknown or
            not in [0, 1].
    """
    for region in keys.regions or (RegionKey(),):
        blocks: dict[Channel, Vector | None] = {
            "whole": _checked(keys.picture, like.whole.shape[1], "picture"),
            "detail": _checked(region.picture, like.detail.shape[1], "region"),
            "text": _checked(keys.text, like.text.shape[1], "text"),
            "type": _type_vector(region.types),
        }
        full = {
            channel: np.zeros((1, width), np.float32) if block is None else block[None]
            for (channel, block), width in zip(blocks.items(), like.widths(), strict=True)
        }
        present = frozenset(channel for channel, block in blocks.items() if block is not None)
        yield JoinedKey(_side_by_side(full, weights)[0], present)


def _side_by_side(blocks: Mapping[Channel, Vectors], weights: ChannelWeights) -> Vectors:
    parts = [blocks[channel] * np.float32(np.sqrt(weights.of(channel))) for channel in CHANNELS]
    return np.ascontiguousarray(np.concatenate(parts, axis=1), dtype=np.float32)


def _checked(vector: Vector | None, width: int, name: str) -> Vector | None:
    if vector is None:
        return None
    if vector.shape != (width,) or abs(float(np.linalg.norm(vector)) - 1) > _UNIT:
        msg = f"the {name} key must be a unit vector of {width} numbers, got {vector.shape}"
        raise ValueError(msg)
    return vector


def _type_vector(types: Mapping[str, float]) -> Vector | None:
    if not types:
        return None
    unknown = sorted(set(types) - set(TYPES))
    if unknown or not all(0 <= share <= 1 for share in types.values()):
        msg = f"type probabilities must be in [0, 1] and of known types, got {dict(types)}"
        raise ValueError(msg)
    return np.array([types.get(name, 0.0) for name in TYPES], dtype=np.float32)
