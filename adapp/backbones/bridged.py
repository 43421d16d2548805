"""The joint space of an encoder that has no text side of its own: sentences over a bridge."""

from collections.abc import Sequence

import torch
from torch import Tensor

from adapp.backbones.base import TextFeatures, TextTokens
from adapp.backbones.bridge import Bridge
from adapp.backbones.sentences import SentenceTower
from adapp.backbones.storage import content_sha256


class BridgedSpace:
    """A sentence tower and a trained bridge as a ``JointSpace``; both are frozen here."""

    def __init__(self, tower: SentenceTower, bridge: Bridge) -> None:
        state = {name: tensor.detach().cpu() for name, tensor in bridge.state_dict().items()}
        bridge.eval().requires_grad_(requires_grad=False).to(tower.device)
        self._tower = tower
        self._bridge = bridge
        self._identity = f"{tower.identity}; bridge {content_sha256(state)[:12]}"
        self._temperature = float(bridge.log_temperature.exp())

    @property
    def identity(self) -> str:
        """Text encoder and hash of the bridge."""
        return self._identity

    @property
    def stage_count(self) -> int:
        """Tapped stages S."""
        return self._bridge.stage_count

    @property
    def width(self) -> int:
        """Channels J."""
        return self._bridge.width

    @property
    def token_width(self) -> int:
        """Channels E of a word embedding."""
        return self._tower.token_width

    @property
    def max_tokens(self) -> int:
        """Most token positions of a prompt."""
        return self._tower.max_tokens

    @property
    def temperature(self) -> float:
        """Temperature the bridge has learned."""
        return self._temperature

    def project(self, patches: Tensor, stages: Sequence[int] | None = None) -> Tensor:
        """Return patch tokens [S, B, N, D] of ``stages`` centred, [S, B, N, J] unit norm."""
        return self._bridge.project(patches, stages)

    def products(
        self, patches: Tensor, vectors: Tensor, stages: Sequence[int] | None = None
    ) -> Tensor:
        """Return products of projected patches [S, B, N, D] and vectors [S, T, J], [B, N, T]."""
        return self._bridge.products(patches, vectors, stages)

    def project_pooled(self, pooled: Tensor) -> Tensor:
        """Return picture vectors [B, D] centred, [B, J] unit norm."""
        return self._bridge.project_pooled(pooled)

    def tokenize(self, prompts: Sequence[str]) -> TextTokens:
        """Return the word embeddings of ``prompts``; one too long loses its last words.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        return self._tower.tokenize(prompts)

    def encode(self, tokens: TextTokens) -> TextFeatures:
        """Return ``tokens`` in the joint space; gradients reach ``tokens.embeddings`` only.

        Raises:
            ValueError: If there are more positions than ``max_tokens``.
        """
        features: TextFeatures = self._bridge(self._tower.encode(tokens))
        return features

    def encode_texts(self, prompts: Sequence[str]) -> TextFeatures:
        """Return ``prompts`` in the joint space, without gradient.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        with torch.no_grad():
            features: TextFeatures = self._bridge(self._tower.sentences(prompts))
        return features
