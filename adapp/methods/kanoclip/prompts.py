"""Prompts: fixed ones for the training-free step, learnable ones for all others (eq. 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.backbones.base import JointSpace, TextTokens
from adapp.methods.kanoclip.config import PromptConfig

PLACEHOLDER = "x"
"""A word that every tokenizer keeps as one token; its place is taken by a learned embedding."""
TEMPLATE = "a photo of a {state} {name}"
"""The fixed prompts' wording (KAnoCLIP 2.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class StateFeatures:
    """Normal and abnormal prompts of some class names in the joint space.

    Attributes:
        stages: [S, C, 2, J] unit norm; index 0 of the pair is normal, 1 abnormal.
        pooled: [C, 2, J] unit norm, to compare with whole pictures.
    """

    stages: Tensor
    pooled: Tensor

    def of(self, rows: Tensor) -> "StateFeatures":
        """Return the features with the names at ``rows`` [B] in place of C."""
        return StateFeatures(self.stages[:, rows], self.pooled[rows])

    def repeated(self, count: int) -> "StateFeatures":
        """Return the features of the one name there is for ``count`` pictures."""
        return StateFeatures(
            self.stages.expand(-1, count, -1, -1), self.pooled.expand(count, -1, -1)
        )


def class_name(name: str, config: PromptConfig) -> str:
    """Return the words that stand for a part called ``name``: the fallback if there are none."""
    words = " ".join(name.replace("_", " ").replace("/", " ").split())
    return words or config.fallback


def fixed_features(joint: JointSpace, names: Sequence[str], config: PromptConfig) -> StateFeatures:
    """Return the features of the fixed prompts of ``names``; nothing in them is learned."""
    prompts = [
        TEMPLATE.format(state=state, name=name)
        for name in names
        for states in (config.normal, config.abnormal)
        for state in states
    ]
    features = joint.encode_texts(prompts)
    return _averaged(features.stages, features.pooled, len(names), len(config.normal))


class LearnablePrompts(nn.Module):
    """P_n = [N_1]..[N_K][normal][class] and P_a = [A_1]..[A_K][abnormal][class]. Source: eq. 1.

    The prefixes are shared by all classes and all adjectives of a state.

    Args:
        token_width: Channels of a word embedding, E.
        config: Lengths and words.

    Raises:
        ValueError: If the two states have different numbers of adjectives.
    """

    def __init__(self, token_width: int, config: PromptConfig) -> None:
        super().__init__()
        if len(config.normal) != len(config.abnormal):
            msg = f"as many normal as abnormal words, got {config.normal} and {config.abnormal}"
            raise ValueError(msg)
        self.config = config
        self.normal = nn.Parameter(torch.empty(config.prefix, token_width))
        self.abnormal = nn.Parameter(torch.empty(config.prefix, token_width))
        for prefix in (self.normal, self.abnormal):
            nn.init.normal_(prefix, std=config.init_std)

    def tokens(self, joint: JointSpace, names: Sequence[str]) -> TextTokens:
        """Return the prompts of ``names``, normal adjectives first, [C * 2 * adjectives, L, E]."""
        slots = f"{PLACEHOLDER} " * self.config.prefix
        states = (*self.config.normal, *self.config.abnormal)
        tokens = joint.tokenize([f"{slots}{state} {name}" for name in names for state in states])
        prefixes = torch.stack([self.normal, self.abnormal])  # [2, K, E]
        each = len(self.config.normal)
        learned = prefixes.repeat_interleave(each, dim=0).repeat(len(names), 1, 1)
        start, rest = tokens.embeddings[:, :1], tokens.embeddings[:, 1 + self.config.prefix :]
        return TextTokens(torch.cat([start, learned.to(start), rest], dim=1), tokens.mask)

    def forward(self, joint: JointSpace, names: Sequence[str]) -> StateFeatures:
        """Return the features of the learned prompts of ``names``: F_n and F_a."""
        features = joint.encode(self.tokens(joint, names))
        return _averaged(features.stages, features.pooled, len(names), len(self.config.normal))


def _averaged(stages: Tensor, pooled: Tensor, names: int, each: int) -> StateFeatures:
    """Return the normalised means over the adjectives of each name and state."""
    return StateFeatures(
        stages=functional.normalize(
            stages.reshape(len(stages), names, 2, each, -1).mean(dim=3), dim=-1
        ),
        pooled=functional.normalize(pooled.reshape(names, 2, each, -1).mean(dim=2), dim=-1),
    )
