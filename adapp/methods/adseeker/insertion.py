"""HSP inside the encoder's blocks and the text tower's first layers (paper preset)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.backbones.base import TextFeatures
from adapp.backbones.inserted import InsertableSpace, Insertion, StageInsert
from adapp.methods.adseeker.config import SparseConfig
from adapp.methods.adseeker.prompts import ABNORMAL, NORMAL, WITH_TYPE, Pair, TypePrompts
from adapp.methods.adseeker.regions import NOTHING
from adapp.methods.adseeker.sparse_prompts import Coded, SparseStage
from adapp.methods.adseeker.vocabulary import TYPES, spoken


class BlockPrompts(nn.Module):
    """HSP of the published architecture.

    At the start of each stage the mean token is coded; the gated tokens P_k * E_l[k] join the
    sequence, those with no code masked, and leave it at the stage's end; E_f joins CLS behind a
    gate that starts at 0. E_f of the first stage joins the tokens of the text tower's first layers.
    Source: ADSeeker 4.4, figure 3 (B); counts and places after AdaCLIP.

    Args:
        stages: Tapped stages, S.
        width: Channels of the hidden states, D.
        joint_width: Channels of the joint space, J.
        token_width: Channels of a word embedding, E.
        config: Constants.
    """

    def __init__(
        self, stages: int, width: int, joint_width: int, token_width: int, config: SparseConfig
    ) -> None:
        super().__init__()
        self.config = config
        self.stages = nn.ModuleList(SparseStage(width, config) for _ in range(stages))
        self.gates = nn.Parameter(torch.zeros(stages))
        self.lengths = nn.Parameter(torch.ones(stages))
        self.projections: nn.ModuleList | None = None
        if config.projection:
            layers = [nn.Linear(width, joint_width, bias=False) for _ in range(stages)]
            for layer in layers:
                nn.init.zeros_(layer.weight)
            self.projections = nn.ModuleList(layers)
        self.text = nn.Linear(width, token_width, bias=False)
        nn.init.zeros_(self.text.weight)
        deep = torch.empty(max(config.text_depth - 1, 0), config.text_tokens, token_width)
        self.deep = nn.Parameter(nn.init.normal_(deep, std=0.02))

    def inserting(self, coded: list[Coded]) -> StageInsert:
        """Return what goes into the encoder; every stage's code is appended to ``coded``."""

        def insert(stage: int, hidden: Tensor) -> Insertion:
            found: Coded = self.stages[stage](hidden[:, 1:].mean(dim=1))
            coded.append(found)
            length = hidden.detach()[:, 1:].norm(dim=-1).mean()  # unit atoms at the tokens' scale
            first = hidden[:, :1] + self.gates[stage] * length * found.final.unsqueeze(1)
            tokens = self.lengths[stage] * length * found.tokens
            return Insertion(torch.cat([first, hidden[:, 1:]], dim=1), tokens, found.active)

        return insert

    def looking(self, found: list[Tensor]) -> StageInsert:
        """Return what inserts nothing; each stage's mean token [B, D] is appended to ``found``."""

        def insert(_: int, hidden: Tensor) -> Insertion:
            found.append(hidden[:, 1:].mean(dim=1))
            unheard = hidden.new_zeros(len(hidden), self.config.atoms, dtype=torch.bool)
            return Insertion(hidden, hidden.new_zeros(*unheard.shape, hidden.shape[2]), unheard)

        return insert

    def start_from(self, means: Sequence[Tensor]) -> None:
        """Set the dictionaries to queries of pictures whose mean tokens, [P, D] a stage, these are.

        A dictionary that starts at random is so far from every query that no code is alive.
        """
        for stage, pooled in zip(self.stages, means, strict=True):
            cast("SparseStage", stage).start_from(pooled)

    def projected(self, patches: Tensor, joined: Tensor) -> Tensor:
        """Return patches in the joint space with the learned projection beside the frozen one.

        Args:
            patches: Unit tokens of each stage, [S, B, N, D].
            joined: The same through the frozen projection, [S, B, N, J] unit norm.
        """
        if self.projections is None:
            return joined
        learned = [layer(one) for layer, one in zip(self.projections, patches, strict=True)]
        return functional.normalize(joined + torch.stack(learned), dim=-1)

    def pair(
        self,
        joint: InsertableSpace,
        prompts: TypePrompts,
        names: Sequence[str],
        chosen: Tensor,
        coded: Coded,
    ) -> Pair:
        """Return the prompts of each picture, its E_f among the words.

        Args:
            joint: Joint space.
            prompts: Learned prefixes.
            names: What each picture's part is called, B of them.
            chosen: Probabilities of each picture's types, [B, T + 1]; the likeliest is named.
            coded: Code of the first stage.
        """
        kinds = chosen.argmax(dim=1).tolist()
        normal = [NORMAL.format(part=name) for name in names]
        abnormal = [_typed(name, kind) for name, kind in zip(names, kinds, strict=True)]
        sides = [
            self._encoded(joint, prompts, sentences, prefix, coded)
            for sentences, prefix in ((normal, prompts.normal), (abnormal, prompts.abnormal))
        ]
        return Pair(
            torch.stack([side.stages for side in sides], dim=2),
            torch.stack([side.pooled for side in sides], dim=1),
        )

    def _encoded(
        self,
        joint: InsertableSpace,
        prompts: TypePrompts,
        sentences: Sequence[str],
        prefix: Tensor,
        coded: Coded,
    ) -> TextFeatures:
        told = self.text(coded.final).unsqueeze(1)  # [B, 1, E]
        count = self.config.text_tokens

        def insert(layer: int, states: Tensor) -> Tensor:
            if layer >= self.config.text_depth:
                return states
            seen = states[:, 1 : 1 + count] if layer == 0 else self.deep[layer - 1]
            placed = (seen + told).expand(len(states), -1, -1)
            return torch.cat([states[:, :1], placed, states[:, 1 + count :]], dim=1)

        return joint.encode_inserted(prompts.tokens(joint, sentences, prefix), insert)


def _typed(name: str, kind: int) -> str:
    """Return the abnormal prompt of a part and the type at row ``kind``."""
    told = ABNORMAL.format(part=name)
    return told if kind == NOTHING else told + WITH_TYPE.format(kind=spoken(TYPES[kind]))
