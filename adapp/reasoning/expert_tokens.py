"""The detector's map as tokens in the language model's own space, behind one interface.

x1 = 9 tokens say where (3 x 3 fields), x2 = 5 say what it looks like (four quadrants and the
whole). Source: ADSeeker 4.2, E_c = {Loc, Vis}. The paper calls the framework training-free and yet
passes embeddings through a projector; an untrained projector is noise, hence three modes:

- ``significance`` (Deviation: training-free): the model's own merged image tokens of the query,
  averaged with the map as weight, so they lie in the space the model reads anyway.
- ``overlay``: no tokens; the map as further pictures (see ``overlay``).
- ``learned``: a trained map encoder.
"""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from adapp.core.errors import UsageError
from adapp.core.reasoner import ReasoningRequest
from adapp.reasoning.config import ExpertMode
from adapp.reasoning.map_encoder import MapEncoder, load_map_encoder
from adapp.reasoning.overlay import overlay_parts
from adapp.reasoning.prompt import ExpertSlot, Part, Text

LOCATION_SIDE = 3
LOCATION_TOKENS = LOCATION_SIDE**2
VISUAL_TOKENS = 5
TOKENS = LOCATION_TOKENS + VISUAL_TOKENS
_INTRODUCTION = "What the detector saw (nine fields row by row, four quarters, the whole): "
_FLOOR = 1e-6  # keeps the weights of a field whose map is zero everywhere alike


class ExpertTokens(Protocol):
    """How the detector's map reaches the language model."""

    @property
    def count(self) -> int:
        """Number of placeholder tokens; 0 if the map goes in otherwise or not at all."""
        ...

    def parts(self, request: ReasoningRequest) -> tuple[Part, ...]:
        """Return what follows the query picture in the prompt."""
        ...

    def tokens(self, image_tokens: Tensor, grid: tuple[int, int], anomaly_map: Tensor) -> Tensor:
        """Return the embeddings for the placeholders, [count, D].

        Args:
            image_tokens: The model's merged tokens of the query, row-major, [h * w, D].
            grid: Rows and columns (h, w) of these tokens.
            anomaly_map: The fused map, [H, W] in [0, 1].
        """
        ...


class NoTokens:
    """The map does not reach the model: the paper's vanilla setting."""

    count = 0

    def parts(self, request: ReasoningRequest) -> tuple[Part, ...]:  # noqa: ARG002 - same for all
        """Return nothing."""
        return ()

    def tokens(self, image_tokens: Tensor, grid: tuple[int, int], anomaly_map: Tensor) -> Tensor:  # noqa: ARG002 - as above
        """Return no embedding, [0, D]."""
        return image_tokens[:0]


class OverlayTokens(NoTokens):
    """The map as further pictures and one sentence."""

    def parts(self, request: ReasoningRequest) -> tuple[Part, ...]:
        """Return overlay, crop and sentence."""
        return overlay_parts(request)


class SignificanceTokens:
    """The model's own image tokens, averaged with the map as weight; nothing is trained."""

    count = TOKENS

    def parts(self, request: ReasoningRequest) -> tuple[Part, ...]:
        """Return the slot for the tokens; nothing without a map."""
        return _slot(request)

    def tokens(self, image_tokens: Tensor, grid: tuple[int, int], anomaly_map: Tensor) -> Tensor:
        """Return nine field means, four quadrant means and the whole's, [14, D]."""
        weights = resized(anomaly_map, grid).to(image_tokens.device)  # [h, w]
        fields = weighted_means(image_tokens, weights, LOCATION_SIDE)
        quadrants = weighted_means(image_tokens, weights, 2)
        whole = weighted_means(image_tokens, weights, 1)
        return torch.cat([fields, quadrants, whole])


class LearnedTokens:
    """A trained encoder of the map, with learned tokens beside it."""

    count = TOKENS

    def __init__(self, encoder: MapEncoder) -> None:
        self._encoder = encoder.eval().requires_grad_(requires_grad=False)

    def parts(self, request: ReasoningRequest) -> tuple[Part, ...]:
        """Return the slot for the tokens; nothing without a map."""
        return _slot(request)

    def tokens(self, image_tokens: Tensor, grid: tuple[int, int], anomaly_map: Tensor) -> Tensor:  # noqa: ARG002 - reads the map alone
        """Return the encoder's tokens, [14, D]."""
        encoder = self._encoder.to(image_tokens.device)
        with torch.no_grad():
            encoded: Tensor = encoder(anomaly_map.to(image_tokens.device)[None, None].float())
        return encoded[0]


def create(mode: ExpertMode, width: int, file: str | None = None) -> ExpertTokens:
    """Return the expert tokens of ``mode`` for a model of ``width`` channels.

    Raises:
        UsageError: If ``learned`` is asked for without a trained map encoder.
        CheckpointMismatch: If the encoder's file does not fit the model.
    """
    if mode == "significance":
        return SignificanceTokens()
    if mode == "overlay":
        return OverlayTokens()
    if mode == "none":
        return NoTokens()
    if file is None:
        msg = "learned expert tokens need the file of a trained map encoder; use significance"
        raise UsageError(msg)
    return LearnedTokens(load_map_encoder(Path(file), width))


def resized(anomaly_map: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return the map's mean over each cell of the token grid, [h, w]."""
    return functional.adaptive_avg_pool2d(anomaly_map[None, None].float(), grid)[0, 0]


def weighted_means(image_tokens: Tensor, weights: Tensor, side: int) -> Tensor:
    """Return the weighted mean of the tokens in each of side x side fields, [side * side, D].

    Fields of a grid smaller than ``side`` overlap, so none is empty; where the map is zero all
    over a field, its tokens weigh alike.

    Args:
        image_tokens: Row-major tokens, [h * w, D].
        weights: The map at the tokens' grid, [h, w].
        side: Number of fields along each axis.
    """
    rows, columns = weights.shape
    weight = weights.clamp_min(0.0)[None] + _FLOOR  # [1, h, w]
    tokens = image_tokens.float().T.reshape(-1, rows, columns)  # [D, h, w]
    summed = functional.adaptive_avg_pool2d(tokens * weight, side)  # [D, side, side]
    means = summed / functional.adaptive_avg_pool2d(weight, side)
    return means.flatten(1).T.to(image_tokens.dtype)


def _slot(request: ReasoningRequest) -> tuple[Part, ...]:
    if request.anomaly_map is None:
        return ()
    return (Text(_INTRODUCTION), ExpertSlot(TOKENS), Text("\n"))
