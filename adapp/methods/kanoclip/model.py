"""The trained parts of KAnoCLIP as one module: patches and prompts in, maps and scores out.

Tensors only: no file, no device choice. Shape letters as in ``adapp.core.results``; J channels of
the joint space, K numbers of neighbours; a pair is always (normal, abnormal).
"""

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.auxiliary.cells import Path
from adapp.auxiliary.picture_reader import PictureReader, readings
from adapp.methods.kanoclip.adapter import ConvAdapter, LinearAdapter
from adapp.methods.kanoclip.bound import BoundInteraction, bind
from adapp.methods.kanoclip.config import KanoConfig, Variant
from adapp.methods.kanoclip.context import SelfContrast, log_cost
from adapp.methods.kanoclip.interaction import BiCMCI
from adapp.methods.kanoclip.prompts import LearnablePrompts, StateFeatures
from adapp.ops.checks import check_shape
from adapp.ops.similarity import fresh_unit_norm

LOCAL: frozenset[Variant] = frozenset({"vv", "bicmci", "full"})
"""Steps that compare the V-V path's tokens with the text."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """A batch as the network takes it.

    Attributes:
        visual: Patches in the joint space, [S, B, N, J] unit norm.
        pooled: Global features I_G in the joint space, [B, J] unit norm.
        costs: Self-dissimilarity of the patches, [S', B, N, K]; None where it is not read.
        grid: Patch grid (h, w), h * w = N.
    """

    visual: Tensor
    pooled: Tensor
    costs: Tensor | None
    grid: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class KanoOutput:
    """What the network says about a batch, in log-odds of abnormal over normal.

    The softmax over a pair of logits is the sigmoid of their difference, so that
    M^a = sigmoid(log-odds) and M^n = 1 - M^a; eq. 10's (M^a + 1 - M^n) / 2 is M^a.

    Attributes:
        plain: Text map of each stage without Bi-CMCI, [S, B, h, w].
        stages: Map of each stage, [S, B, h, w]; ``plain`` itself where there is no Bi-CMCI.
        globals: Of whole pictures, from the global feature, [B].
        readings: What the reader reads of each picture, [B, F]; None without a reader (D7).
        odds: Of whole pictures, from the readings, [B]; None without a reader.
    """

    plain: Tensor
    stages: Tensor
    globals: Tensor
    readings: Tensor | None = None
    odds: Tensor | None = None

    @property
    def base(self) -> Tensor:
        """Text map without Bi-CMCI, averaged over the stages, [B, 1, h, w] in (0, 1)."""
        return torch.sigmoid(self.plain.mean(dim=0)).unsqueeze(1)

    @property
    def fused(self) -> Tensor:
        """M^a before smoothing, [B, 1, h, w] in (0, 1). Source: eq. 9, Norm as a softmax."""
        return torch.sigmoid(self.stages.mean(dim=0)).unsqueeze(1)


class KanoNetwork(nn.Module):
    """Learned prompts, Bi-CMCI, Conv-Adapter, as far as the variant has them.

    Args:
        config: Constants of the preset.
        variant: Step of the ladder; ``base`` has nothing to train.
        stages: Tapped stages, S.
        width: Channels of the joint space, J.
        token_width: Channels of a word embedding, E.
        bridge: The bridge behind the joint space, kept so that a checkpoint is self-contained; it
            is not called here and gets no gradient. None for CLIP, which has none.
    """

    centre: Tensor

    def __init__(
        self,
        config: KanoConfig,
        variant: Variant,
        *,
        stages: int,
        width: int,
        token_width: int,
        bridge: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.variant: Variant = variant
        self.config = config
        self.prompts = LearnablePrompts(token_width, config.prompts)
        if config.centre:
            self.register_buffer("centre", torch.zeros(stages, width))
        self.blocks: nn.ModuleList | None = None
        self.contexts: nn.ModuleList | None = None
        if variant in {"bicmci", "full"}:
            self.blocks = nn.ModuleList(BiCMCI(width, config.interaction) for _ in range(stages))
            if config.interaction.self_neighbours:
                numbers = len(config.interaction.self_neighbours)
                self.contexts = nn.ModuleList(
                    SelfContrast(numbers) for _ in config.interaction.self_stages
                )
        self.adapter: nn.Module | None = None
        self.reader: PictureReader | None = None
        if variant == "full":
            kind = ConvAdapter if config.globals.adapter == "conv" else LinearAdapter
            self.adapter = kind(width, config.globals)
            if config.globals.reader:
                costs = len(config.interaction.self_neighbours)
                maps = 1 + (costs * len(config.interaction.self_stages) if self.contexts else 0)
                self.reader = PictureReader(maps)
        if bridge is not None:
            bridge.requires_grad_(requires_grad=False)
        self.bridge = bridge

    @property
    def path(self) -> Path:
        """Path of the encoder whose tokens are compared with the text."""
        return self.config.path if self.variant in LOCAL else "original"

    @property
    def reads_costs(self) -> bool:
        """Whether it needs the patches' self-dissimilarity."""
        return self.contexts is not None

    def centred(self, visual: Tensor) -> Tensor:
        """Return projected patches [S, B, N, J] less their own mean, unit norm; see ``centre``."""
        if not self.config.centre:
            return visual
        return fresh_unit_norm(visual - self.centre[:, None, None])

    def forward(
        self,
        pictures: Pictures,
        text: StateFeatures,
        temperature: float,
        *,
        reduced: bool = False,
        bound: BoundInteraction | None = None,
    ) -> KanoOutput:
        """Return maps and global log-odds.

        Args:
            pictures: The batch.
            text: Prompts of each picture's part: stages [S, B, 2, J], pooled [B, 2, J].
            temperature: What cosines are divided by.
            reduced: Whether projections of all patches compute in bfloat16; cosines with the
                text are taken in float32 either way. ``bound`` brings its own arithmetic.
            bound: Bi-CMCI bound to the one part of all pictures, which says the same sooner;
                None runs the blocks. From ``bound_to``, for a network that is not in training.

        Raises:
            ValueError: If shapes disagree.
        """
        stages, batch, cells, width = pictures.visual.shape
        check_shape("text.stages", text.stages, (stages, batch, 2, width))
        check_shape("pictures.pooled", pictures.pooled, (batch, width))
        plain = plain_log_odds(pictures.visual, text, temperature)  # [S, B, N]
        met, visual = self._met(pictures, text, temperature, plain, bound, reduced=reduced)
        odds = self._global(pictures, text, temperature, visual)
        shape = (stages, batch, *pictures.grid)
        check_shape("maps", met, (stages, batch, cells))
        output = KanoOutput(plain.view(shape), met.reshape(shape), odds)
        if self.reader is None:
            return output
        maps = met.mean(dim=0, keepdim=True)
        if self.reads_costs:
            costs = (
                log_cost(self._costs(pictures)).permute(0, 3, 1, 2).flatten(0, 1)
            )  # [S' K, B, N]
            maps = torch.cat([maps, costs])
        read = readings(maps, odds)
        return replace(output, readings=read, odds=self.reader(read))

    def bound_to(self, text: StateFeatures, *, reduced: bool) -> BoundInteraction | None:
        """Return Bi-CMCI bound to the prompts of one part, C = 1; None without Bi-CMCI.

        Args:
            text: The part's prompts.
            reduced: Whether projections of all patches compute in bfloat16.
        """
        if self.blocks is None:
            return None
        bound = bind([cast("BiCMCI", block) for block in self.blocks], text.stages[:, 0])
        return bound.reduced() if reduced else bound

    def _costs(self, pictures: Pictures) -> Tensor:
        """Return the self-dissimilarity of ``pictures``.

        Raises:
            ValueError: If it is not there.
        """
        if pictures.costs is None:
            msg = f"{self.variant} reads the self-dissimilarity of the patches; compute it first"
            raise ValueError(msg)
        return pictures.costs

    def _kept(self, batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return factors on the text's and on the self-dissimilarity's log-odds, [B, 1] each.

        One of the two is dropped for some pictures in training; never both.
        """
        share = self.config.interaction.evidence_dropout if self.training else 0.0
        drawn = torch.rand(batch, 1, device=device)
        return (drawn >= share).float(), (drawn < 1.0 - share).float()

    def _met(
        self,
        pictures: Pictures,
        text: StateFeatures,
        temperature: float,
        plain: Tensor,
        bound: BoundInteraction | None,
        *,
        reduced: bool,
    ) -> tuple[Tensor, Tensor]:
        """Return log-odds after Bi-CMCI, [S, B, N], and the last stage's patches, [B, N, J]."""
        if self.blocks is None:
            return plain, pictures.visual[-1]
        if bound is None:
            odds, last = [], pictures.visual[-1]
            for stage, block in enumerate(self.blocks):
                last, prompts = block(
                    pictures.visual[stage], text.stages[stage], pictures.grid, reduced=reduced
                )
                odds.append(pair_log_odds(last, prompts, temperature))
        else:
            every, prompts = bound(pictures.visual, pictures.grid)
            odds = list(pair_log_odds(every, prompts, temperature))
            last = every[-1]
        if self.contexts is not None:
            spoken, heard = self._kept(len(last), last.device)
            odds = [spoken * one for one in odds]
            costs = self._costs(pictures)
            for position, stage in enumerate(self.config.interaction.self_stages):
                odds[stage] = odds[stage] + heard * self.contexts[position](costs[position])
        return torch.stack(odds), last

    def _global(
        self, pictures: Pictures, text: StateFeatures, temperature: float, visual: Tensor
    ) -> Tensor:
        """Return log-odds of whole pictures, [B]. Source: first term of eq. 12."""
        pooled = pictures.pooled
        if self.adapter is not None:
            pooled = self.adapter(pooled, visual, pictures.grid)
        return pair_log_odds(pooled.unsqueeze(1), text.pooled, temperature).squeeze(1)


def plain_output(pictures: Pictures, text: StateFeatures, temperature: float) -> KanoOutput:
    """Return the maps and global log-odds of prompts alone, nothing trained between.

    Args:
        pictures: The batch.
        text: Prompts of each picture's part: stages [S, B, 2, J], pooled [B, 2, J].
        temperature: What cosines are divided by.
    """
    maps = plain_log_odds(pictures.visual, text, temperature)
    maps = maps.reshape(*maps.shape[:2], *pictures.grid)
    odds = pair_log_odds(pictures.pooled.unsqueeze(1), text.pooled, temperature).squeeze(1)
    return KanoOutput(maps, maps, odds)


def plain_log_odds(visual: Tensor, text: StateFeatures, temperature: float) -> Tensor:
    """Return the log-odds of unit patches [S, B, N, J] stage by stage, [S, B, N] float32."""
    difference = (text.stages[:, :, 1] - text.stages[:, :, 0]) / temperature  # [S, B, J]
    return _along(visual, difference)


def pair_log_odds(visual: Tensor, prompts: Tensor, temperature: float) -> Tensor:
    """Return (cos(visual, abnormal) - cos(visual, normal)) / temperature, [..., N] float32.

    Args:
        visual: [..., N, J], any length.
        prompts: Pairs, [..., 2, J], any length.
        temperature: What cosines are divided by.
    """
    unit = functional.normalize(prompts, dim=-1)
    dots = _along(visual, unit[..., 1, :] - unit[..., 0, :])
    odds: Tensor = dots / (temperature * visual.norm(dim=-1).clamp_min(1e-6))
    return odds


def _along(visual: Tensor, direction: Tensor) -> Tensor:
    """Return the products of patches [..., N, J] with a direction [..., J], [..., N].

    A batched matrix product with a single column takes several times as long.
    """
    return (visual * direction.unsqueeze(-2)).sum(dim=-1)
