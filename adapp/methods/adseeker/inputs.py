"""From frozen features and words to what the network takes, and HSP inside an encoder."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.inserted import InsertableBackbone, InsertableSpace
from adapp.core.errors import ModelUnavailable
from adapp.methods.adseeker.config import PromptConfig
from adapp.methods.adseeker.contrast import log_costs
from adapp.methods.adseeker.model import Pictures, Prompted, SeekerNetwork, SeekerOutput
from adapp.methods.adseeker.prompts import FixedText, PartText, fixed_text, unlearned
from adapp.methods.adseeker.sparse_prompts import Coded


class Wording:
    """What is said about parts without anything learned, each encoded once.

    Args:
        joint: Joint space.
        config: Words.
    """

    def __init__(self, joint: JointSpace, config: PromptConfig) -> None:
        self._joint = joint
        self._config = config
        self._kept: dict[str, FixedText] = {}

    def of(self, name: str) -> FixedText:
        """Return what is said about the part called ``name``."""
        if name not in self._kept:
            self._kept[name] = fixed_text(self._joint, name, self._config)
        return self._kept[name]


def text_of(
    network: SeekerNetwork, joint: JointSpace, names: Sequence[str], wording: Wording
) -> PartText:
    """Return what ``network`` says about parts called ``names``."""
    fixed = [wording.of(name) for name in names]
    if network.blocks is not None:
        return unlearned(fixed)
    text: PartText = network.prompts(joint, names, fixed)
    return text


def pictures_of(
    network: SeekerNetwork | None,
    joint: JointSpace,
    patches: Tensor,
    pooled: Tensor,
    grid: tuple[int, int],
) -> Pictures:
    """Return frozen features in the joint space, with what ``network`` reads beside them.

    Args:
        network: Trained parts; None for the static prompts.
        joint: Joint space.
        patches: Tapped tokens, [S, B, N, D] unit norm.
        pooled: [B, P] unit norm.
        grid: (h, w) with h * w = N.
    """
    costs = None
    if network is not None and network.reads_costs:
        costs = log_costs(patches, grid, network.config.contrast)
    return Pictures(joint.project(patches), joint.project_pooled(pooled), costs, grid)


def inserted_output(
    network: SeekerNetwork,
    backbone: ImageBackbone,
    joint: JointSpace,
    pixels: Tensor,
    names: Sequence[str],
    text: PartText,
) -> SeekerOutput:
    """Return what HSP inside the encoder's blocks says about pictures.

    The encoder runs twice: without tokens for the base map and the type, then with them.

    Args:
        network: Trained parts with HSP inside.
        backbone: Encoder that takes tokens.
        joint: Joint space whose text tower does.
        pixels: RGB in [0, 1], [B, 3, H, W].
        names: What each picture's part is called, B of them.
        text: Static prompts of each part, C is B.

    Raises:
        ModelUnavailable: If encoder or joint space take no tokens, or the network has none.
    """
    blocks = network.blocks
    if (
        blocks is None
        or not isinstance(backbone, InsertableBackbone)
        or not isinstance(joint, InsertableSpace)
    ):
        msg = "sparse prompts inside the blocks need an encoder and a text tower that take tokens"
        raise ModelUnavailable(msg)
    features = backbone.encode_images(pixels)
    pictures = pictures_of(network, joint, features.patches, features.pooled, features.grid)
    first = network.first_pass(pictures, text, joint.temperature)
    coded: list[Coded] = []
    inserted = backbone.encode_inserted(pixels, blocks.inserting(coded))
    prompted = Prompted(
        visual=blocks.projected(inserted.patches, joint.project(inserted.patches)),
        pooled=joint.project_pooled(inserted.pooled),
        pair=blocks.pair(joint, network.prompts, names, first.chosen, coded[0]),
        coded=tuple(coded),
        attention=_likeness(inserted.patches, coded),
    )
    return network.second_pass(pictures, first, prompted, joint.temperature)


def mean_tokens(
    network: SeekerNetwork, backbone: ImageBackbone, pixels: Tensor
) -> tuple[Tensor, ...]:
    """Return what the dictionaries inside the blocks would code, [B, D] a stage; () without any.

    Args:
        network: Trained parts.
        backbone: Encoder that takes tokens.
        pixels: RGB in [0, 1], [B, 3, H, W].
    """
    if network.blocks is None or not isinstance(backbone, InsertableBackbone):
        return ()
    found: list[Tensor] = []
    with torch.no_grad():
        backbone.encode_inserted(pixels, network.blocks.looking(found))
    return tuple(found)


def _likeness(patches: Tensor, coded: Sequence[Coded]) -> Tensor:
    """Return how like the active atoms each patch is, weighed by their code, [B, N] in [0, 1]."""
    maps = []
    for tokens, one in zip(patches.detach(), coded, strict=True):
        share = functional.normalize(one.code.detach().abs(), p=1, dim=1)  # [B, K]
        alike = (tokens @ one.atoms.detach().T).clamp(0.0, 1.0)  # [B, N, K]
        maps.append(torch.einsum("bnk,bk->bn", alike, share))
    return torch.stack(maps).mean(dim=0).clamp(0.0, 1.0)
