"""Type-level prompts: static ones for the first pass, learnable ones that name part and type."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.auxiliary.prompts import static_prompts
from adapp.backbones.base import JointSpace, TextFeatures, TextTokens
from adapp.methods.adseeker.config import NAMED, TYPED, PromptConfig, Variant
from adapp.methods.adseeker.vocabulary import TYPES, spoken

PLACEHOLDER: Final = "x"
"""A word that every tokenizer keeps as one token; its place is taken by a learned embedding."""
NORMAL: Final = "a image of a normal {part}"
"""T_n (ADSeeker, figure 3)."""
ABNORMAL: Final = "a image of a broken {part}"
"""T_p where no type is chosen."""
WITH_TYPE: Final = ", with {kind} defect type"
"""What T_p says of the type (ADSeeker, figure 3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The two prompts that each picture is compared with; index 0 is normal, 1 abnormal.

    Attributes:
        stages: [S, B, 2, J] unit norm.
        pooled: [B, 2, J] unit norm.
    """

    stages: Tensor
    pooled: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PartText:
    """Everything the prompts say about some parts, C of them.

    Attributes:
        static: Nothing learned, no type, [S, C, 2, J]; the base map's prompts.
        static_pooled: [C, 2, J].
        normal: Learnable normal prompt, [S, C, J].
        normal_pooled: [C, J].
        abnormal: Learnable abnormal prompt of every type; the last names none, [S, C, T + 1, J].
        abnormal_pooled: [C, T + 1, J].
    """

    static: Tensor
    static_pooled: Tensor
    normal: Tensor
    normal_pooled: Tensor
    abnormal: Tensor
    abnormal_pooled: Tensor

    def of(self, rows: Tensor) -> "PartText":
        """Return the features with the parts at ``rows`` [B] in place of C."""
        return PartText(
            self.static[:, rows],
            self.static_pooled[rows],
            self.normal[:, rows],
            self.normal_pooled[rows],
            self.abnormal[:, rows],
            self.abnormal_pooled[rows],
        )

    @property
    def base(self) -> Pair:
        """The static prompts."""
        return Pair(self.static, self.static_pooled)

    def typed(self, probabilities: Tensor) -> Pair:
        """Return the pair whose abnormal prompt is the mean of the types' by probability.

        Args:
            probabilities: Of the types, "none of these" last, [B, T + 1]; C is B.
        """
        abnormal = torch.einsum("sbtj,bt->sbj", self.abnormal, probabilities)
        pooled = torch.einsum("btj,bt->bj", self.abnormal_pooled, probabilities)
        return Pair(
            functional.normalize(torch.stack([self.normal, abnormal], dim=2), dim=-1),
            functional.normalize(torch.stack([self.normal_pooled, pooled], dim=1), dim=-1),
        )


def part_name(name: str, config: PromptConfig) -> str:
    """Return the words that stand for a part called ``name``: the fallback if there are none."""
    words = " ".join(name.replace("_", " ").replace("/", " ").split())
    return words or config.fallback


def static_text(joint: JointSpace, name: str, config: PromptConfig) -> TextFeatures:
    """Return the static pair of a part: one normal and one abnormal vector, [S, 2, J].

    Anchored prompts take the mean of the states that the bridge was trained with, and as many
    about a part without a name: a name never heard in training can mislead (D4). CLIP takes the
    two sentences of the paper.
    """
    if not config.anchored:
        told = joint.encode_texts([NORMAL.format(part=name), ABNORMAL.format(part=name)])
        return TextFeatures(told.stages, told.pooled)
    own = _states(joint, name)
    if name == config.fallback or config.neutral == 0:
        return own
    other = _states(joint, config.fallback)
    share = config.neutral
    return TextFeatures(
        functional.normalize((1.0 - share) * own.stages + share * other.stages, dim=-1),
        functional.normalize((1.0 - share) * own.pooled + share * other.pooled, dim=-1),
    )


def _states(joint: JointSpace, name: str) -> TextFeatures:
    """Return the means of the normal and of the anomalous states of a part, [S, 2, J]."""
    sides = [_mean(joint.encode_texts(told)) for told in static_prompts(name)]
    return TextFeatures(
        torch.cat([side.stages for side in sides], dim=1),
        torch.cat([side.pooled for side in sides]),
    )


def type_sentences(name: str) -> list[str]:
    """Return the abnormal prompt of each type for a part, the one without a type last."""
    told = ABNORMAL.format(part=name)
    return [*(told + WITH_TYPE.format(kind=spoken(key)) for key in TYPES), told]


class TypePrompts(nn.Module):
    """Learnable prompts of one step of the ladder.

    One prefix stands before all normal prompts and one before all abnormal ones, whatever part
    and type. What is learned is added to the embedding of a placeholder word.

    Anchored (D4), the prompts are the static ones, moved by what the learned prefix changes in
    them, and by ``share`` towards the prompt that names the type: so that an untrained prompt is
    the static one.

    Args:
        token_width: Channels of a word embedding, E.
        variant: Step of the ladder: whether part and type are named.
        config: Lengths and words.
    """

    def __init__(self, token_width: int, variant: Variant, config: PromptConfig) -> None:
        super().__init__()
        self.config = config
        self.named, self.with_types = variant in NAMED, variant in TYPED
        self.normal = nn.Parameter(torch.zeros(config.prefix, token_width))
        self.abnormal = nn.Parameter(torch.zeros(config.prefix, token_width))
        for prefix in (self.normal, self.abnormal):
            if config.init_std > 0:
                nn.init.normal_(prefix, std=config.init_std)
        self.share_raw = nn.Parameter(torch.zeros(())) if self._shares else None

    @property
    def _shares(self) -> bool:
        return self.config.anchored and self.with_types

    @property
    def share(self) -> Tensor | float:
        """Weight of the prompt that names the type, in [0, 1]; straight through at the bounds."""
        if self.share_raw is None:
            return 1.0
        return self.share_raw + (self.share_raw.clamp(0.0, 1.0) - self.share_raw).detach()

    def called(self, name: str) -> str:
        """Return what this step's prompts call a part."""
        return part_name(name, self.config) if self.named else self.config.fallback

    def tokens(self, joint: JointSpace, sentences: Sequence[str], prefix: Tensor) -> TextTokens:
        """Return ``sentences`` with the learned prefix before them, [T, L, E]."""
        slots = f"{PLACEHOLDER} " * self.config.prefix
        tokens = joint.tokenize([slots + sentence for sentence in sentences])
        placed = tokens.embeddings[:, 1 : 1 + self.config.prefix] + prefix.to(tokens.embeddings)
        start, rest = tokens.embeddings[:, :1], tokens.embeddings[:, 1 + self.config.prefix :]
        return TextTokens(torch.cat([start, placed, rest], dim=1), tokens.mask)

    def forward(
        self, joint: JointSpace, names: Sequence[str], fixed: Sequence["FixedText"]
    ) -> PartText:
        """Return what the prompts say about parts called ``names``.

        Args:
            joint: Joint space.
            names: What the prompts call them, see ``called``.
            fixed: What is not learned about each, see ``fixed_text``.
        """
        static = torch.stack([one.static.stages for one in fixed], dim=1)  # [S, C, 2, J]
        static_pooled = torch.stack([one.static.pooled for one in fixed])
        if not self.config.anchored:
            return self._learned(joint, names, static, static_pooled)
        moved, moved_pooled = self._moved(joint, names, fixed)
        share = self.share if self.with_types else 0.0
        typed = torch.stack([one.typed.stages for one in fixed], dim=1)  # [S, C, T + 1, J]
        typed_pooled = torch.stack([one.typed.pooled for one in fixed])
        general, general_pooled = static[:, :, 1:], static_pooled[:, 1:]
        abnormal = general + share * (typed - typed[:, :, -1:]) + moved[:, :, 1:]
        pooled = (
            general_pooled + share * (typed_pooled - typed_pooled[:, -1:]) + moved_pooled[:, 1:]
        )
        return PartText(
            static,
            static_pooled,
            functional.normalize(static[:, :, 0] + moved[:, :, 0], dim=-1),
            functional.normalize(static_pooled[:, 0] + moved_pooled[:, 0], dim=-1),
            functional.normalize(abnormal, dim=-1),
            functional.normalize(pooled, dim=-1),
        )

    def _moved(
        self, joint: JointSpace, names: Sequence[str], fixed: Sequence["FixedText"]
    ) -> tuple[Tensor, Tensor]:
        """Return how far the learned prefixes move the two prompts, [S, C, 2, J] and [C, 2, J]."""
        sides = [
            joint.encode(self.tokens(joint, [words.format(part=name) for name in names], prefix))
            for words, prefix in ((NORMAL, self.normal), (ABNORMAL, self.abnormal))
        ]
        stages = torch.stack([side.stages for side in sides], dim=2)
        pooled = torch.stack([side.pooled for side in sides], dim=1)
        return (
            stages - torch.stack([one.unmoved.stages for one in fixed], dim=1),
            pooled - torch.stack([one.unmoved.pooled for one in fixed]),
        )

    def _learned(
        self, joint: JointSpace, names: Sequence[str], static: Tensor, static_pooled: Tensor
    ) -> PartText:
        """Return prompts that are what the text tower makes of prefix and words."""
        told = [NORMAL.format(part=name) for name in names]
        normal = joint.encode(self.tokens(joint, told, self.normal))
        sentences = [one for name in names for one in type_sentences(name)]
        abnormal = joint.encode(self.tokens(joint, sentences, self.abnormal))
        parts = (len(names), len(TYPES) + 1)
        return PartText(
            static,
            static_pooled,
            normal.stages,
            normal.pooled,
            abnormal.stages.reshape(len(abnormal.stages), *parts, -1),
            abnormal.pooled.reshape(*parts, -1),
        )


@dataclass(frozen=True, slots=True, eq=False)
class FixedText:
    """What is said about one part without anything learned; encoded once.

    Attributes:
        static: The static pair, [S, 2, J].
        unmoved: The learnable pair with placeholder words for its prefix, [S, 2, J].
        typed: The abnormal prompt of each type, the last without one, [S, T + 1, J].
    """

    static: TextFeatures
    unmoved: TextFeatures
    typed: TextFeatures


def fixed_text(joint: JointSpace, name: str, config: PromptConfig) -> FixedText:
    """Return what is said about a part called ``name`` without anything learned, no gradient."""
    static = static_text(joint, name, config)
    if not config.anchored:
        return FixedText(static, static, static)
    slots = f"{PLACEHOLDER} " * config.prefix
    pair = [slots + words.format(part=name) for words in (NORMAL, ABNORMAL)]
    return FixedText(static, joint.encode_texts(pair), joint.encode_texts(type_sentences(name)))


def unlearned(fixed: Sequence[FixedText]) -> PartText:
    """Return the static prompts alone, whatever the type; nothing in them is learned."""
    static = torch.stack([one.static.stages for one in fixed], dim=1)
    pooled = torch.stack([one.static.pooled for one in fixed])
    kinds = len(TYPES) + 1
    return PartText(
        static,
        pooled,
        static[:, :, 0],
        pooled[:, 0],
        static[:, :, 1:].expand(-1, -1, kinds, -1),
        pooled[:, 1:].expand(-1, kinds, -1),
    )


def _mean(features: TextFeatures) -> TextFeatures:
    """Return the mean of the prompts as one prompt, unit norm."""
    return TextFeatures(
        functional.normalize(features.stages.mean(dim=1, keepdim=True), dim=-1),
        functional.normalize(features.pooled.mean(dim=0, keepdim=True), dim=-1),
    )
