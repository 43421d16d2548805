"""The trained parts of ADSeeker's expert as one module: two passes from patches to a map.

Tensors only: no file, no device choice. Shape letters as in ``adapp.core.results``; J channels of
the joint space, T types of defect, K atoms; a pair is always (normal, abnormal).
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from adapp.auxiliary.picture_reader import PictureReader, readings, unfitted
from adapp.methods.adseeker.centroids import ABSENT
from adapp.methods.adseeker.config import TYPED, SeekerConfig, Variant
from adapp.methods.adseeker.contrast import SelfContrast
from adapp.methods.adseeker.expert import Locator, cosines, log_odds, pooled_log_odds
from adapp.methods.adseeker.insertion import BlockPrompts
from adapp.methods.adseeker.prompts import Pair, PartText, TypePrompts
from adapp.methods.adseeker.sparse_prompts import Coded, TapPrompts, TapReader
from adapp.methods.adseeker.typebook import TypeBook, leading, pooled_probabilities, spotlight


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """A batch as the network takes it.

    Attributes:
        visual: Patches in the joint space, [S, B, N, J] unit norm.
        pooled: Picture vectors in the joint space, [B, J] unit norm.
        costs: Logarithms of the self-dissimilarity, [S', B, N, K']; None where it is not read.
        grid: Patch grid (h, w), h * w = N.
    """

    visual: Tensor
    pooled: Tensor
    costs: Tensor | None
    grid: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class FirstPass:
    """What the static prompts and the type centroids say.

    Attributes:
        plain: Log-odds of the static prompts, [S, B, N].
        whole: Log-odds of whole pictures, [B].
        weights: Where the defect is, [B, N], summing to 1.
        types: Unnormalised log-probabilities of the types of every patch, as they are told (D13),
            [B, N, T + 1].
        chosen: Probabilities of the leading types of the picture, which choose the prompts,
            [B, T + 1].
    """

    plain: Tensor
    whole: Tensor
    weights: Tensor
    types: Tensor
    chosen: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Prompted:
    """A batch after HSP.

    Attributes:
        visual: Patches, [S, B, N, J] unit norm.
        pooled: Picture vectors, [B, J] unit norm.
        pair: The prompts they are compared with.
        coded: Code of every stage; empty without HSP.
        attention: Share of every patch's attention that goes to sparse tokens, averaged over the
            stages, [B, N] in [0, 1]; None without HSP.
    """

    visual: Tensor
    pooled: Tensor
    pair: Pair
    coded: tuple[Coded, ...] = ()
    attention: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SeekerOutput:
    """What the network says about a batch.

    Attributes:
        plain: Log-odds of the static prompts, [S, B, h, w].
        stages: Log-odds of each stage after everything, [S, B, h, w].
        location: The literal ratio of eq. 2 between fixed ends, [B, 1, h, w] in [0, 1].
        whole: Log-odds of whole pictures by their picture vector, [B].
        plain_whole: The same by the static prompts.
        odds: Log-odds of whole pictures by the whole map; None where the score does without.
        types: Unnormalised log-probabilities of the types of every patch, [B, N, T + 1].
        chosen: Probabilities of the picture's leading types as they are told, [B, T + 1].
        attention: Of the sparse tokens, [B, 1, h, w] in [0, 1]; None without HSP.
        coded: Code of every stage; empty without HSP.
        ratio_form: Whether the fused map is the ratio in place of the softmax.
        readings: What the reader reads of each picture, [B, F]; None without a reader.
    """

    plain: Tensor
    stages: Tensor
    location: Tensor
    whole: Tensor
    plain_whole: Tensor
    odds: Tensor | None
    types: Tensor
    chosen: Tensor
    attention: Tensor | None
    coded: tuple[Coded, ...]
    ratio_form: bool = False
    readings: Tensor | None = None

    @property
    def base(self) -> Tensor:
        """Map of the static prompts, averaged over the stages, [B, 1, h, w] in (0, 1)."""
        return torch.sigmoid(self.plain.mean(dim=0)).unsqueeze(1)

    @property
    def fused(self) -> Tensor:
        """Loc of eq. 2 before smoothing, [B, 1, h, w] in [0, 1]."""
        if self.ratio_form:
            return self.location
        return torch.sigmoid(self.stages.mean(dim=0)).unsqueeze(1)


class SeekerNetwork(nn.Module):
    """Prompts, types, HSP, contrast and score, as far as the variant has them.

    Args:
        config: Constants of the preset.
        variant: Step of the ladder; ``base`` has nothing to train.
        stages: Tapped stages, S.
        width: Channels of the joint space, J.
        token_width: Channels of a word embedding, E.
        encoder_width: Channels of the encoder's hidden states, for HSP inside its blocks.
        bridge: The bridge behind the joint space, kept so that a checkpoint is self-contained; it
            is not called here and gets no gradient. None for CLIP, which has none.
    """

    def __init__(
        self,
        config: SeekerConfig,
        variant: Variant,
        *,
        stages: int,
        width: int,
        token_width: int,
        encoder_width: int,
        bridge: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.variant: Variant = variant
        self.config = config
        self.prompts = TypePrompts(token_width, variant, config.prompts)
        self.book = TypeBook(config.types, stages, width) if variant in TYPED else None
        self.teller = TypeBook(config.telling, stages, width) if variant in TYPED else None
        self.locator = Locator(config.score)
        self.taps: TapPrompts | None = None
        self.blocks: BlockPrompts | None = None
        self.contrast: SelfContrast | None = None
        if variant == "full":
            if config.sparse.inside:
                self.blocks = BlockPrompts(stages, encoder_width, width, token_width, config.sparse)
            else:
                self.taps = TapPrompts(stages, width, config.sparse)
            if config.contrast.neighbours:
                self.contrast = SelfContrast(config.contrast)
        self.reader: PictureReader | None = None
        if config.score.pool == "statistics":
            costs = len(config.contrast.stages) * len(config.contrast.neighbours)
            self.reader = PictureReader(1 + (costs if self.contrast else 0))
        if bridge is not None:
            bridge.requires_grad_(requires_grad=False)
        self.bridge = bridge

    @property
    def reads_costs(self) -> bool:
        """Whether it needs the patches' self-dissimilarity."""
        return self.contrast is not None

    def first_pass(self, pictures: Pictures, text: PartText, temperature: float) -> FirstPass:
        """Return where the static prompts see a defect, and what the centroids call it."""
        plain = log_odds(pictures.visual, text.base, temperature)
        whole = pooled_log_odds(pictures.pooled, text.base, temperature)
        prompts = self.config.prompts
        with torch.no_grad():
            weights = spotlight(plain.mean(dim=0), prompts.focus)
            chosen = leading(
                pooled_probabilities(self.types_of(self.book, pictures.visual, text), weights),
                prompts.top,
            )
            types = self.types_of(self.teller, pictures.visual, text)
        return FirstPass(plain, whole, weights, types, chosen)

    def types_of(self, book: TypeBook | None, visual: Tensor, text: PartText) -> Tensor:
        """Return unnormalised log-probabilities of the types, [B, N, T + 1].

        Without type centroids everything is "none of these".
        """
        if book is not None:
            return book.logits(visual)
        batch, cells = visual.shape[1:3]
        return _nothing(visual.new_zeros(batch, text.abnormal.shape[2])).expand(batch, cells, -1)

    def prompted(self, pictures: Pictures, text: PartText, first: FirstPass) -> Prompted:
        """Return patches and prompts of the second pass, HSP over the taps among them."""
        pair = text.typed(first.chosen)
        if self.taps is None:
            return Prompted(pictures.visual, pictures.pooled, pair)
        coded = self.taps.codes(pictures.visual, first.weights)
        visual, stages, weights = [], [], []
        for stage, (one, reader) in enumerate(zip(coded, self.taps.readers, strict=True)):
            reader = cast("TapReader", reader)
            read, attention = reader(pictures.visual[stage], one)
            visual.append(read)
            weights.append(attention.sum(dim=2))
            stages.append(reader.prompted(pair.stages[stage], one))
        return Prompted(
            torch.stack(visual),
            pictures.pooled,
            Pair(torch.stack(stages), pair.pooled),
            tuple(coded),
            torch.stack(weights).mean(dim=0),
        )

    def forward(self, pictures: Pictures, text: PartText, temperature: float) -> SeekerOutput:
        """Return maps, score and types.

        Args:
            pictures: The batch.
            text: Prompts of each picture's part, C is B.
            temperature: What cosines are divided by.
        """
        first = self.first_pass(pictures, text, temperature)
        return self.second_pass(pictures, first, self.prompted(pictures, text, first), temperature)

    def second_pass(
        self, pictures: Pictures, first: FirstPass, prompted: Prompted, temperature: float
    ) -> SeekerOutput:
        """Return what patches and prompts say after HSP.

        Raises:
            ValueError: If the self-dissimilarity is read and not there.
        """
        odds = log_odds(prompted.visual, prompted.pair, temperature)
        maps = [odds.mean(dim=0)]
        if self.contrast is not None:
            if pictures.costs is None:
                msg = f"{self.variant} reads the self-dissimilarity; compute it first"
                raise ValueError(msg)
            spoken, heard = self._kept(odds.shape[1], odds.device)
            odds = spoken * odds + heard * self.contrast(pictures.costs)
            costs = pictures.costs.permute(0, 3, 1, 2).flatten(0, 1)  # [S' K', B, N]
            maps = [odds.mean(dim=0), *costs]
        whole = pooled_log_odds(prompted.pooled, prompted.pair, temperature)
        read = None if self.reader is None else readings(torch.stack(maps), whole)
        shape = (len(first.plain), -1, *pictures.grid)
        grid = (-1, 1, *pictures.grid)
        location = self.locator(cosines(prompted.visual, prompted.pair))
        attention = prompted.attention
        return SeekerOutput(
            plain=first.plain.reshape(shape),
            stages=odds.reshape(shape),
            location=location.reshape(grid),
            whole=whole,
            plain_whole=first.whole,
            odds=None if self.reader is None else self.reader(read),
            types=first.types,
            chosen=leading(
                pooled_probabilities(first.types, first.weights), self.config.prompts.top
            ),
            attention=None if attention is None else attention.reshape(grid),
            coded=prompted.coded,
            ratio_form=self.config.score.form == "ratio",
            readings=read,
        )

    def _kept(self, batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return factors on the text's and on the self-dissimilarity's log-odds, [B, 1] each.

        One of the two is dropped for some pictures in training; never both.
        """
        share = self.config.contrast.dropout if self.training else 0.0
        drawn = torch.rand(batch, 1, device=device)
        return (drawn >= share).float(), (drawn < 1.0 - share).float()


def plain_output(
    pictures: Pictures, text: PartText, temperature: float, config: SeekerConfig
) -> SeekerOutput:
    """Return the maps and scores of the static prompts, nothing trained between.

    Args:
        pictures: The batch.
        text: Prompts of each picture's part, C is B.
        temperature: What cosines are divided by.
        config: Constants.
    """
    plain = log_odds(pictures.visual, text.base, temperature)
    whole = pooled_log_odds(pictures.pooled, text.base, temperature)
    found = cosines(pictures.visual, text.base)
    maps = plain.reshape(len(plain), -1, *pictures.grid)
    batch, cells = pictures.visual.shape[1:3]
    location = Locator(config.score).to(found.device).raw(found)
    types = _nothing(pictures.visual.new_zeros(batch, text.abnormal.shape[2]))
    return SeekerOutput(
        plain=maps,
        stages=maps,
        location=location.reshape(-1, 1, *pictures.grid),
        whole=whole,
        plain_whole=whole,
        odds=unfitted(plain.mean(dim=0, keepdim=True), whole)
        if config.score.pool == "statistics"
        else None,
        types=types.expand(batch, cells, -1),
        chosen=types[:, 0].softmax(dim=-1),
        attention=None,
        coded=(),
    )


def _nothing(zeros: Tensor) -> Tensor:
    """Return log-probabilities that say "none of these" of everything, [B, 1, T + 1]."""
    told = zeros + ABSENT
    told[:, -1] = 0.0
    return told.unsqueeze(1)
