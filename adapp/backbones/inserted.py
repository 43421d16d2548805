"""Learned tokens inside a frozen transformer: between the stages of an image encoder.

Only the tokens are trained; the encoder's weights stay frozen while gradients pass through them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from torch import Tensor

from adapp.backbones.base import ImageBackbone, ImageFeatures, JointSpace, TextFeatures, TextTokens

LayerInsert: TypeAlias = Callable[[int, Tensor], Tensor]
"""From the number of a text layer, counted from 0, and the states before it, to new states."""


@dataclass(frozen=True, slots=True, eq=False)
class Insertion:
    """What runs through the blocks of one stage.

    Attributes:
        hidden: CLS and patch tokens, [B, 1 + N, D].
        tokens: Further tokens behind them, dropped at the stage's end, [B, K, D].
        kept: Which of these are seen, [B, K] bool; the others are masked for every token.
    """

    hidden: Tensor
    tokens: Tensor
    kept: Tensor


StageInsert: TypeAlias = Callable[[int, Tensor], Insertion]
"""From the number of a stage, counted from 0, and the states before it, to what runs through."""


@runtime_checkable
class InsertableBackbone(ImageBackbone, Protocol):
    """An image encoder that takes tokens between its stages."""

    def encode_inserted(self, pixels: Tensor, insert: StageInsert) -> ImageFeatures:
        """Encode RGB in [0, 1], [B, 3, H, W]; gradients reach what ``insert`` returns."""
        ...


@runtime_checkable
class InsertableSpace(JointSpace, Protocol):
    """A joint space whose text tower takes tokens between its layers."""

    def encode_inserted(self, tokens: TextTokens, insert: LayerInsert) -> TextFeatures:
        """Return ``tokens`` in the joint space; gradients reach what ``insert`` returns."""
        ...
