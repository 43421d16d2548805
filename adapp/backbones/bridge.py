"""The learned bridge from sentence vectors to the patches of an image encoder.

A text encoder that never saw a picture is joined to an image encoder that never read a word:
patches are centred, sentences are mapped to them by one small network with a head per tapped
stage. The project trains it; it is a small, honest stand-in for CLIP.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.backbones.base import TextFeatures
from adapp.core.errors import CheckpointMismatch
from adapp.ops.similarity import fresh_unit_norm

PREFIX = "bridge."
"""Where a method's checkpoint keeps its bridge."""
HIDDEN = 256
TEMPERATURE = 0.07
"""Of a bridge before training."""


class Bridge(nn.Module):
    """Sentence vectors to the patch space, one head per stage; see ``JointSpace``.

    ``centre`` [S, D] and ``pooled_centre`` [D] are means over training pictures: whoever trains
    the bridge sets them; they are zero before. J = D.

    Args:
        stages: Tapped stages S.
        width: Channels D of a patch token.
        sentence_width: Channels of a sentence vector.
        hidden: Channels between the two layers.
        dropout: Share of hidden channels left out in training.
    """

    centre: Tensor
    pooled_centre: Tensor

    def __init__(
        self,
        stages: int,
        width: int,
        sentence_width: int = 384,
        *,
        hidden: int = HIDDEN,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(stages, width))
        self.register_buffer("pooled_centre", torch.zeros(width))
        self.trunk = nn.Linear(sentence_width, hidden)
        self.dropout = nn.Dropout(dropout)
        self.stage_heads = nn.Linear(hidden, stages * width)
        self.pooled_head = nn.Linear(hidden, width)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(TEMPERATURE)))

    @property
    def stage_count(self) -> int:
        """Tapped stages S."""
        return self.centre.shape[0]

    @property
    def width(self) -> int:
        """Channels J = D."""
        return self.centre.shape[1]

    def forward(self, sentences: Tensor) -> TextFeatures:
        """Return sentence vectors of any length, [T, W], in the joint space."""
        normed = functional.layer_norm(sentences, sentences.shape[-1:])
        hidden = self.dropout(functional.gelu(self.trunk(normed)))  # [T, hidden]
        stages = self.stage_heads(hidden).unflatten(-1, (self.stage_count, self.width))
        return TextFeatures(
            stages=functional.normalize(stages.transpose(0, 1), dim=-1),  # [S, T, J]
            pooled=functional.normalize(self.pooled_head(hidden), dim=-1),
        )

    def project(self, patches: Tensor, stages: Sequence[int] | None = None) -> Tensor:
        """Return patch tokens [S, ..., D] centred stage by stage, unit norm.

        Args:
            patches: Of every stage, or of ``stages``.
            stages: Positions of those stages; None means all.
        """
        centre = self.centre if stages is None else self.centre[list(stages)]
        centre = centre.view(len(centre), *[1] * (patches.ndim - 2), self.width)
        return fresh_unit_norm(patches - centre)

    def products(
        self, patches: Tensor, vectors: Tensor, stages: Sequence[int] | None = None
    ) -> Tensor:
        """Return products of ``project(patches)`` and vectors, summed over stages, [B, N, T].

        For a unit patch x and the centre c, (x - c) v = x v - c v and
        |x - c|^2 = 1 - 2 x c + |c|^2: one matrix product, and no second copy of the patches.

        Args:
            patches: Of every stage, or of ``stages``, [S, B, N, D] unit norm.
            vectors: [S, T, D] of any length.
            stages: Positions of those stages; None means all.
        """
        centre = self.centre if stages is None else self.centre[list(stages)]
        total = patches.new_zeros(())
        for own, told, middle in zip(patches, vectors, centre, strict=True):
            found = own @ torch.cat([told, middle[None]]).T  # [B, N, T + 1]
            along = found[..., -1:]
            length = (1.0 - 2.0 * along + middle.dot(middle)).clamp_min(1e-12).sqrt()
            total = total + (found[..., :-1] - told @ middle) / length
        return total

    def project_pooled(self, pooled: Tensor) -> Tensor:
        """Return picture vectors [B, D] centred, unit norm."""
        return functional.normalize(pooled - self.pooled_centre, dim=-1)


def untrained_bridge(
    stages: int, width: int, sentence_width: int, *, dropout: float, seed: int
) -> Bridge:
    """Return a bridge with weights drawn from ``seed``; no global random state is used."""
    with torch.device("meta"):
        bridge = Bridge(stages, width, sentence_width, dropout=dropout)
    generator = torch.Generator().manual_seed(seed)
    state = {name: torch.zeros(tensor.shape) for name, tensor in bridge.state_dict().items()}
    for name, tensor in state.items():
        if name.endswith("weight"):
            tensor.normal_(std=tensor.shape[1] ** -0.5, generator=generator)
    state["log_temperature"].fill_(math.log(TEMPERATURE))
    bridge.load_state_dict(state, strict=True, assign=True)
    return bridge


def bridge_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the bridge out of a method's checkpoint, without the prefix.

    Raises:
        CheckpointMismatch: If ``state`` holds no bridge.
    """
    found = {
        name.removeprefix(PREFIX): tensor
        for name, tensor in state.items()
        if name.startswith(PREFIX)
    }
    if not found:
        msg = f"the checkpoint holds no {PREFIX}* tensors; use one that was trained with a bridge"
        raise CheckpointMismatch(msg)
    return found


def load_bridge(state: Mapping[str, Tensor]) -> Bridge:
    """Return the bridge whose own state dict ``state`` is; sizes are read off the tensors.

    Raises:
        CheckpointMismatch: If a tensor is missing, left over or of the wrong shape.
    """
    try:
        stages, width = state["centre"].shape
        hidden, sentence_width = state["trunk.weight"].shape
        with torch.device("meta"):
            bridge = Bridge(stages, width, sentence_width, hidden=hidden)
        own = {name: tensor.detach().clone() for name, tensor in state.items()}
        bridge.load_state_dict(own, strict=True, assign=True)
    except (KeyError, ValueError, RuntimeError) as error:
        msg = f"the bridge does not load ({error}); get the checkpoint again"
        raise CheckpointMismatch(msg) from error
    return bridge
