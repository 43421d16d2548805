"""Keys and locks of knowledge pages: frozen encoders, and the small network that joins them.

A picture becomes the image encoder's whole-picture vector beside the mean of its last patches; two
trained layers bring drawings and photographs of the same thing together. Words keep the text
tower's own space: the two are compared in channels of their own (``knowledge.evidence``).
Source: ADSeeker 4.3 (Q2K), with the encoders of the preset.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from adapp.backbones.base import ImageBackbone, ImageFeatures
from adapp.backbones.factory import create, create_joint, create_sentences
from adapp.core.results import RgbImage
from adapp.core.settings import Settings
from adapp.training.checkpoint import Card, Checkpoint, load_checkpoint, save_checkpoint

Vectors: TypeAlias = NDArray[np.float32]  # [n, D]

SIDE: Final = {"embedded": 224, "paper": None, "tiny": 56}
"""Side of the squares that are encoded; None takes the encoder's own."""
HIDDEN: Final = 512
WIDTH: Final = 256
PLAIN: Final = 128
PLAIN_SHARE: Final = 0.4
"""Weight of the plain part of a key; chosen on left-out material families (see the README)."""
DROPOUT: Final = 0.2
_PREFIX = "projection."
_CLIP = "adseeker"  # whose published encoder the paper preset takes


class KeyProjection(nn.Module):
    """Picture features to unit keys: what two trained layers say beside what the encoder says.

    The trained part knows the objects it was trained with; the plain part (features minus their
    mean, on their main directions) carries over to others. Source: ADSeeker 4.3 ("MLP"); widths
    and the plain part ours.

    Args:
        width: Features F.
        hidden: Channels between the two layers.
        out: Channels of the trained part.
        plain: Main directions R that are kept of the features.
    """

    centre: Tensor
    basis: Tensor

    def __init__(
        self, width: int, hidden: int = HIDDEN, out: int = WIDTH, plain: int = PLAIN
    ) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("basis", torch.zeros(width, plain))
        self.first = nn.Linear(width, hidden)
        self.second = nn.Linear(hidden, out)

    @property
    def width(self) -> int:
        """Channels of a key."""
        return self.basis.shape[1] + self.second.out_features

    def learned(self, features: Tensor) -> Tensor:
        """Return the trained part of the keys of features [n, F], [n, out] unit norm."""
        centred = functional.normalize(features - self.centre, dim=-1) * features.shape[-1] ** 0.5
        hidden = functional.gelu(self.first(centred))
        hidden = functional.dropout(hidden, DROPOUT, training=self.training)
        return functional.normalize(self.second(hidden), dim=-1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features [n, F] as keys, [n, R + out] unit norm."""
        plain = functional.normalize((features - self.centre) @ self.basis, dim=-1)
        shares = (PLAIN_SHARE**0.5, (1 - PLAIN_SHARE) ** 0.5)
        return torch.cat([shares[0] * plain, shares[1] * self.learned(features)], dim=-1)


SentenceEncoder: TypeAlias = Callable[[Sequence[str]], Tensor]
"""Returns one unit vector per sentence, [T, W]."""


@dataclass(frozen=True, slots=True, eq=False)
class KeyEncoder:
    """Pictures and sentences as unit vectors; frozen, and threads can share one.

    Attributes:
        identity: Encoders and projection in words; locks of another identity do not fit.
        images: The image encoder.
        text: The text encoder.
        projection: The trained network; None compares raw features.
        width: Channels D of a picture's key.
    """

    identity: str
    images: ImageBackbone
    text: SentenceEncoder
    projection: KeyProjection | None
    width: int

    def features(self, pictures: Sequence[RgbImage]) -> Vectors:
        """Return what the projection sees, [n, F].

        Raises:
            ValueError: If there is no picture.
        """
        found = picture_features(self.images.encode_rgb(pictures))
        return np.asarray(found.cpu().numpy(), dtype=np.float32)

    def pictures(self, pictures: Sequence[RgbImage]) -> Vectors:
        """Return the pictures' keys, [n, D] unit norm.

        Raises:
            ValueError: If there is none.
        """
        return self.projected(self.features(pictures))

    def projected(self, features: Vectors) -> Vectors:
        """Return features [n, F] as keys, [n, D] unit norm."""
        found = torch.from_numpy(features)
        with torch.no_grad():
            keys = found if self.projection is None else self.projection(found)
        return np.asarray(functional.normalize(keys, dim=-1).numpy(), dtype=np.float32)

    def some(self, pictures: Sequence[RgbImage | None]) -> Vectors:
        """Return the keys of those that are pictures, [n, D]; rows of zeros for the others."""
        places = [at for at, picture in enumerate(pictures) if picture is not None]
        found = np.zeros((len(pictures), self.width), dtype=np.float32)
        if places:
            found[places] = self.pictures([one for one in pictures if one is not None])
        return found

    def sentences(self, sentences: Sequence[str]) -> Vectors:
        """Return the sentences' keys, [n, T] unit norm.

        Raises:
            ValueError: If there is none.
        """
        with torch.no_grad():
            found = functional.normalize(self.text(sentences).float(), dim=-1)
        return np.asarray(found.cpu().numpy(), dtype=np.float32)


def picture_features(found: ImageFeatures) -> Tensor:
    """Return the whole-picture vector beside the mean of the last patches, [B, F]."""
    mean = functional.normalize(found.patches[-1].mean(dim=1), dim=-1)
    return torch.cat([found.pooled, mean], dim=-1)


def checkpoint_file(preset: str, settings: Settings) -> Path:
    """Return where the trained projection of ``preset`` lies if there is one."""
    return settings.checkpoints_dir / f"knowledge-{preset}-{settings.page_keys}.safetensors"


def shipped(preset: str, settings: Settings) -> Checkpoint | None:
    """Return the checkpoint that ships for ``preset``; None if there is none.

    Raises:
        CheckpointMismatch: If it is damaged.
    """
    path = checkpoint_file(preset, settings)
    return load_checkpoint(path) if path.is_file() else None


def projection_of(state: Mapping[str, Tensor]) -> KeyProjection:
    """Return the projection out of a checkpoint's tensors."""
    own = {name[len(_PREFIX) :]: held for name, held in state.items() if name.startswith(_PREFIX)}
    hidden, width = own["first.weight"].shape
    sizes = {"out": own["second.weight"].shape[0], "plain": own["basis"].shape[1]}
    projection = KeyProjection(width, hidden, **sizes)
    projection.load_state_dict(own, strict=True)
    projection.eval().requires_grad_(requires_grad=False)
    return projection


def with_projection(encoder: KeyEncoder, projection: KeyProjection, name: str) -> KeyEncoder:
    """Return ``encoder`` with another projection, called ``name``."""
    told = encoder.identity.rsplit("; ", 1)[0]
    return replace(
        encoder, identity=f"{told}; {name}", projection=projection, width=projection.width
    )


def save_keys(
    path: Path, projection: KeyProjection, locks: Mapping[str, NDArray[np.float16]], card: Card
) -> str:
    """Write projection and locks of the project's pages; return the content hash."""
    state = {_PREFIX + name: held for name, held in projection.state_dict().items()}
    state |= {f"locks.{name}": torch.from_numpy(held) for name, held in locks.items()}
    return save_checkpoint(path, state, card)


def load_key_encoder(
    preset: str, settings: Settings, checkpoint: Checkpoint | None = None
) -> KeyEncoder:
    """Return the encoder of keys and locks under ``preset``, newly loaded.

    Args:
        preset: ``embedded``, ``paper`` or ``tiny``.
        settings: Folders to look in.
        checkpoint: Holds the trained projection; None compares raw features.

    Raises:
        UsageError: If there is no such preset.
        ModelUnavailable: If its weights are not on this machine.
    """
    images = create(preset, _CLIP, size=SIDE.get(preset), settings=settings)
    text, told = _text(preset, settings)
    projection = None if checkpoint is None else projection_of(checkpoint.state)
    probe = picture_features(images.encode_rgb([np.zeros((8, 8, 3), dtype=np.uint8)]))
    mark = "no projection" if checkpoint is None else f"projection {checkpoint.sha256[:12]}"
    return KeyEncoder(
        identity=f"{images.identity} at {images.size} px; {told}; {mark}",
        images=images,
        text=text,
        projection=projection,
        width=probe.shape[1] if projection is None else projection.width,
    )


def _text(preset: str, settings: Settings) -> tuple[SentenceEncoder, str]:
    """Return the text encoder of a preset and its name."""
    if preset == "paper":
        space = create_joint(preset, _CLIP, bridge=None, settings=settings)
        return lambda sentences: space.encode_texts(sentences).pooled, space.identity
    tower = create_sentences(preset)
    return tower.sentences, tower.identity
