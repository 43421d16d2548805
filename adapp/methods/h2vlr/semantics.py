"""Dynamic Semantic Induction: prompts that take up what the support shows. Source: H2VLR eq. 1.

Shape letters as in ``adapp.core.results``; J joint channels, T prompts, E embedding channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adapp.backbones.base import JointSpace, TextTokens
from adapp.methods.h2vlr.config import InductionConfig
from adapp.methods.h2vlr.prompts import PromptSet
from adapp.ops.similarity import summed_products, unit_norm


@dataclass(frozen=True, slots=True, eq=False)
class SemanticRepository:
    """The semantic repository R of one support: prompts and their centres. Source: H2VLR 3.3.

    Attributes:
        normal: Normal prompts at every compared stage, [S, Tn, J] unit norm.
        abnormal: Abnormal prompts, [S, Ta, J] unit norm.
        temperature: Cosines are divided by it before a softmax.
    """

    normal: Tensor
    abnormal: Tensor
    temperature: float

    @property
    def prompts(self) -> Tensor:
        """All prompts, normal ones first, [S, T, J]."""
        return torch.cat([self.normal, self.abnormal], dim=1)

    @property
    def normal_centre(self) -> Tensor:
        """C_n, the mean of the normal prompts, [S, J] unit norm."""
        return unit_norm(self.normal.mean(dim=1))

    @property
    def abnormal_centre(self) -> Tensor:
        """C_a, the mean of the abnormal prompts, [S, J] unit norm."""
        return unit_norm(self.abnormal.mean(dim=1))

    def detached(self) -> "SemanticRepository":
        """Return the same repository cut from its gradients."""
        return SemanticRepository(self.normal.detach(), self.abnormal.detach(), self.temperature)


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A learned direction of the joint space: a prompt pair without words.

    Attributes:
        slope: [S, J] float32.
        offset: [] float32.
    """

    slope: Tensor
    offset: Tensor

    def readings(self, joint: Tensor) -> Tensor:
        """Return log-odds of being anomalous for patches [S, B, N, J], [B, N]."""
        slope = self.slope.to(joint.dtype)
        return torch.einsum("sbnj,sj->bn", joint, slope).float() + self.offset


class Mapper(nn.Module):
    """Psi: the support's global feature to one factor per prompt slot and embedding channel.

    The last layer starts at zero, so that an untrained mapper leaves the prompts as written.

    Args:
        joint: Channels J of the support's global feature.
        hidden: Hidden channels.
        slots: Prompt slots.
        embedding: Channels E of a word embedding.
    """

    def __init__(self, joint: int, hidden: int, slots: int, embedding: int) -> None:
        super().__init__()
        self.slots = slots
        self.norm = nn.LayerNorm(joint)
        self.inner = nn.Linear(joint, hidden)
        self.outer = nn.Linear(hidden, slots * embedding)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, support: Tensor) -> Tensor:
        """Return C_S, [slots, E], for the support's global feature G_s [J] of unit norm."""
        hidden = nn.functional.gelu(self.inner(self.norm(support)))
        factors: Tensor = 1.0 + self.outer(hidden).unflatten(-1, (self.slots, -1))
        return factors


def global_feature(pooled: Tensor) -> Tensor:
    """Return G_s, the mean picture vector of the support [k, J], [J] unit norm."""
    return unit_norm(pooled.mean(dim=0))


def induced(tokens: TextTokens, context: Tensor, scope: str) -> TextTokens:
    """Return the prompts multiplied element by element by the support's context tokens.

    Args:
        tokens: Static prompts.
        context: C_S, [slots, E].
        scope: ``prefix`` acts on word positions 1 to ``slots``; ``words`` on every word, with the
            token of its position modulo ``slots``. Start, end and padding are left alone.

    Source: H2VLR eq. 1.
    """
    slots = context.shape[0]
    positions = torch.arange(tokens.mask.shape[1], device=context.device) - 1
    factors = context[positions % slots].expand(*tokens.embeddings.shape)  # [T, L, E]
    last = tokens.mask.sum(dim=1, keepdim=True) - 2  # word position of the end token
    acted_on = (positions >= 0) & (positions < last)
    if scope == "prefix":
        acted_on = acted_on & (positions < slots)
    changed = torch.where(acted_on.unsqueeze(-1), tokens.embeddings * factors, tokens.embeddings)
    return TextTokens(changed, tokens.mask)


def repository(
    space: JointSpace, prompts: PromptSet, context: Tensor | None, config: InductionConfig
) -> SemanticRepository:
    """Return the prompts of a part in the joint space.

    Args:
        space: Joint space.
        prompts: Static prompts.
        context: C_S, [slots, E]; None leaves the prompts as written. Gradients reach it.
        config: Slots, scope, stages and temperature.
    """
    if context is None:
        stages = space.encode_texts(prompts.texts).stages
    else:
        tokens = space.tokenize(prompts.texts)
        stages = space.encode(induced(tokens, context, config.scope)).stages
    chosen = stages[list(config.stages)]  # [S, T, J]
    temperature = space.temperature if config.temperature is None else config.temperature
    cut = len(prompts.normal)
    return SemanticRepository(chosen[:, :cut], chosen[:, cut:], temperature)


def centre_logits(joint: Tensor, semantics: SemanticRepository) -> Tensor:
    """Return log-odds that patches belong to the abnormal centre, averaged over stages, [B, N].

    Args:
        joint: Patches in the joint space, [S, B, N, J] unit norm.
        semantics: Where to compare them.
    """
    difference = semantics.abnormal_centre - semantics.normal_centre  # [S, J]
    cosines = torch.einsum("sbnj,sj->sbn", joint, difference)
    return cosines.mean(dim=0) / semantics.temperature


def affinities(joint: Tensor, semantics: SemanticRepository) -> Tensor:
    """Return the cosine of every patch to every prompt, averaged over stages, [B, N, T].

    Source: H2VLR section 3.3, A = sim(p, T).
    """
    return summed_products(joint, semantics.prompts) / len(joint)


def forgiven(logits: Tensor, support_logits: Tensor, margin_logit: float) -> Tensor:
    """Return the log-odds of query patches less what their nearest normal patch gets wrong.

    Eq. 9 asks of every support patch sim(C_n) >= sim(C_a) + gamma, in log-odds at most
    ``-margin_logit``. Where a support patch violates it, its text reading is an error by
    definition, and the query patch that matches it is forgiven as much (Deviation D5).

    Args:
        logits: Log-odds of the query's patches, [B, N].
        support_logits: Log-odds of the nearest normal patch of each, [B, N].
        margin_logit: gamma over the temperature.
    """
    return logits - (support_logits + margin_logit).clamp_min(0.0)
