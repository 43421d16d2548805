"""Everything that depends on the support alone: gallery, prompts, text readings of the normals.

Made once per fit; the text encoder does not run afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.core.results import RgbImage
from adapp.methods.h2vlr.comparison import Comparison, compare, visual_map
from adapp.methods.h2vlr.config import H2vlrConfig, Variant
from adapp.methods.h2vlr.encoding import CHUNK, Tokens, encode, quarter_turned, together
from adapp.methods.h2vlr.gallery import SupportGallery, make_gallery
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.prompts import PromptSet
from adapp.methods.h2vlr.reasoning import (
    REASONING,
    CellMaps,
    Spoken,
    base_maps,
    reason,
    spoken_by,
    spoken_of,
)
from adapp.methods.h2vlr.semantics import (
    Direction,
    SemanticRepository,
    global_feature,
    repository,
)
from adapp.ops.orientation import TURN_GAIN, turn_gain


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSupport:
    """Encoded support pictures of one category.

    Attributes:
        upright: The pictures as they came.
        turned: The same turned by 90, 180 and 270 degrees; empty where parts have a fixed pose.
    """

    upright: Tokens
    turned: tuple[Tokens, ...] = ()

    def joined(
        self,
        images: Sequence[RgbImage],
        backbone: ImageBackbone,
        space: JointSpace,
        config: H2vlrConfig,
    ) -> "EncodedSupport":
        """Return the support with more pictures; turned as far as the others are."""
        upright = together([self.upright, encode(images, backbone, space, config)])
        if not self.turned:
            return EncodedSupport(upright)
        more = _turned(images, backbone, space, config)
        pairs = zip(self.turned, more, strict=True)
        return EncodedSupport(upright, tuple(together([old, new]) for old, new in pairs))


@dataclass(frozen=True, slots=True, eq=False)
class SupportState:
    """What a query is held against.

    Attributes:
        gallery: Normal patches.
        prompts: Prompts of the part, in words.
        semantics: The same in the joint space, conditioned on the support from ``dsi`` on.
        readings: How the gallery's patches read in the joint space, [M, G].
        direction: Learned direction behind them; None where the evidence holds none.
    """

    gallery: SupportGallery
    prompts: PromptSet
    semantics: SemanticRepository
    readings: Tensor
    direction: Direction | None

    def without(self, picture: int) -> "SupportState":
        """Return the state as the other pictures would give it; prompts and spread stay."""
        kept = self.gallery.source[:, 0] != picture
        return replace(self, gallery=self.gallery.without(picture), readings=self.readings[:, kept])


def encode_support(
    images: Sequence[RgbImage], backbone: ImageBackbone, space: JointSpace, config: H2vlrConfig
) -> EncodedSupport:
    """Return the encoded pictures, with turned copies where they ask for them (D6)."""
    upright = encode(images, backbone, space, config)
    mode = config.gallery.rotations
    if mode == "never" or (mode == "auto" and len(images) < 2):
        return EncodedSupport(upright)
    if mode == "auto" and len(images) > CHUNK:
        sample = _turned(images[:CHUNK], backbone, space, config)
        if not _any_orientation(upright.picked(slice(CHUNK)), sample):
            return EncodedSupport(upright)
    turned = _turned(images, backbone, space, config)
    if mode == "always" or _any_orientation(upright, turned):
        return EncodedSupport(upright, turned)
    return EncodedSupport(upright)


def gallery_of(
    support: EncodedSupport, config: H2vlrConfig, search_dtype: torch.dtype
) -> SupportGallery:
    """Return the gallery of encoded support pictures."""
    return make_gallery(
        support.upright.visual,
        support.upright.grid,
        config,
        turned=[one.visual for one in support.turned],
        search_dtype=search_dtype,
    )


def support_context(
    pooled: Tensor, network: H2vlrNetwork | None, variant: Variant
) -> Tensor | None:
    """Return C_S for the support's picture vectors [k, J]; None for static prompts (``sab``)."""
    if variant == "sab" or network is None:
        return None
    context: Tensor = network.mapper(global_feature(pooled))
    return context


def make_state(
    gallery: SupportGallery,
    support: EncodedSupport,
    prompts: PromptSet,
    context: Tensor | None,
    space: JointSpace,
    config: H2vlrConfig,
    direction: Direction | None = None,
) -> SupportState:
    """Return the state of one support.

    Args:
        gallery: Its normal patches.
        support: Its encoded pictures.
        prompts: Prompts of the part.
        context: C_S of the mapper; None for static prompts.
        space: Joint space.
        config: Constants.
        direction: Learned direction, where the evidence holds one.
    """
    semantics = repository(space, prompts, context, config.induction)
    views = (support.upright, *support.turned)  # the gallery's order: turn, picture, cell
    readings = [
        _spoken(one, semantics, direction, graph=False).readings.flatten(1) for one in views
    ]
    placed = torch.cat(readings, dim=1)[:, gallery.place]
    return SupportState(gallery, prompts, semantics, placed, direction)


def _spoken(
    tokens: Tokens,
    semantics: SemanticRepository,
    direction: Direction | None,
    *,
    graph: bool,
    joint: Tensor | None = None,
) -> Spoken:
    """Return what the prompts say of encoded pictures, the shortest way there is."""
    if direction is None and joint is None:
        return spoken_by(tokens, semantics, graph=graph)
    joint = tokens.joint if joint is None else joint
    return spoken_of(joint, semantics, direction, graph=graph)


def inspect_tokens(
    tokens: Tokens,
    state: SupportState,
    network: H2vlrNetwork | None,
    variant: Variant,
    config: H2vlrConfig,
) -> tuple[Comparison, CellMaps]:
    """Return encoded queries held against the support, and what ``variant`` says about them."""
    with torch.no_grad():
        full = variant == "full" and network is not None and config.graph.tokens
        needed = full or config.graph.structure == "joint"
        joint = tokens.joint if needed else None
        found = compare(state.gallery, tokens.visual, joint, config)
        visual = visual_map(found.cost, state.gallery, config)
        matched = state.readings[:, found.rows]
        semantics = state.semantics
        graph = variant in REASONING
        spoken = _spoken(tokens, semantics, state.direction, graph=graph, joint=joint)
        maps = base_maps(spoken.readings, visual, matched, semantics.temperature, config)
        cells = reason(
            network,
            variant,
            joint,
            spoken.affinity,
            found.members,
            found.evidence,
            maps,
            tokens.grid,
            config,
        )
    return found, cells


def _turned(
    images: Sequence[RgbImage], backbone: ImageBackbone, space: JointSpace, config: H2vlrConfig
) -> tuple[Tokens, ...]:
    return tuple(
        encode(quarter_turned(images, turns), backbone, space, config) for turns in (1, 2, 3)
    )


def _any_orientation(upright: Tokens, turned: Sequence[Tokens]) -> bool:
    return turn_gain([one.visual for one in (upright, *turned)]) > TURN_GAIN
