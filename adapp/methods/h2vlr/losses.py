"""H2VLR's training objective, eq. 8 to 11, and the image term that no equation has.

Shape letters as in ``adapp.core.results``; S stages of the joint space, J its channels, P values
of a map, Z normal patches.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from adapp.methods.h2vlr.config import H2vlrConfig, LossConfig
from adapp.methods.h2vlr.reasoning import CellMaps, enlarged, fused_map
from adapp.methods.h2vlr.semantics import SemanticRepository
from adapp.ops.hypergraph import roughness
from adapp.ops.losses import binary_focal_loss, dice_loss


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known about the queries of an episode.

    Attributes:
        target: Anomalous cells, [B, t, t] in {0, 1}; t is a multiple of the patch grid's side.
        label: 0 normal or 1 anomalous, [B].
    """

    target: Tensor
    label: Tensor


def anomaly_margin(patches: Tensor, semantics: SemanticRepository, margin: float) -> Tensor:
    """Return the mean hinge max(0, sim(z, C_a) - sim(z, C_n) + gamma), a scalar.

    It is zero where a normal patch is nearer to the normal centre by gamma. Eq. 2 as printed asks
    for the opposite, against its own sentence and against eq. 9; this is the direction of eq. 9.

    Args:
        patches: Normal patches in the joint space, [S, Z, J] unit norm.
        semantics: Prompts and centres.
        margin: gamma, cosine.

    Source: H2VLR eq. 9.
    """
    normal = torch.einsum("szj,sj->sz", patches, semantics.normal_centre)
    abnormal = torch.einsum("szj,sj->sz", patches, semantics.abnormal_centre)
    return functional.relu(abnormal - normal + margin).mean()


def visual_to_text(patches: Tensor, semantics: SemanticRepository) -> Tensor:
    """Return the cross-entropy of normal patches: normal centre against all abnormal prompts.

    Args:
        patches: Normal patches in the joint space, [S, Z, J] unit norm.
        semantics: Prompts and centres.

    Source: H2VLR eq. 8, L_v2t; its form is PromptAD's.
    """
    candidates = torch.cat([semantics.normal_centre.unsqueeze(1), semantics.abnormal], dim=1)
    logits = torch.einsum("szj,stj->szt", patches, candidates) / semantics.temperature
    return -logits.log_softmax(dim=-1)[..., 0].mean()


def triplet(patches: Tensor, semantics: SemanticRepository, margin: float) -> Tensor:
    """Return mean relu(|z - C_n|^2 - |z - C_a|^2 + m) over normal patches, a scalar.

    Args:
        patches: Normal patches in the joint space, [S, Z, J] unit norm.
        semantics: Prompts and centres.
        margin: m, squared distance.

    Source: H2VLR eq. 8, L_tri; distances are taken over channels.
    """
    near, far = (
        ((patches - centre.unsqueeze(1)) ** 2).sum(dim=-1)
        for centre in (semantics.normal_centre, semantics.abnormal_centre)
    )
    return functional.relu(near - far + margin).mean()


def alignment_loss(patches: Tensor, semantics: SemanticRepository, config: LossConfig) -> Tensor:
    """Return L_align = L_v2t + L_tri + L_eam over normal patches [S, Z, J]. Source: H2VLR eq. 8."""
    return (
        visual_to_text(patches, semantics)
        + triplet(patches, semantics, config.triplet_margin)
        + anomaly_margin(patches, semantics, config.margin)
    )


def structure_loss(cells: CellMaps, nodes: Tensor, config: LossConfig) -> Tensor:
    """Return L_str: focal and BCE on the nodes plus xi s' L s, a scalar. Source: H2VLR eq. 10.

    Args:
        cells: Output of learned reasoning.
        nodes: Node truth, [B, N] in {0, 1}.
        config: xi, focal exponent and balance.

    Raises:
        ValueError: If ``cells`` comes from a step without learned reasoning.
    """
    if cells.node_logits is None or cells.graph is None:
        msg = "the structural loss needs learned reasoning (variant full)"
        raise ValueError(msg)
    logits = cells.node_logits
    graph = replace(cells.graph, weight=cells.graph.weight.detach())
    operator = graph.operator("sym")
    rough = roughness(torch.sigmoid(logits), operator) / nodes.shape[1]
    return node_loss(logits, nodes, config) + config.smoothness * rough.mean()


def node_loss(logits: Tensor, nodes: Tensor, config: LossConfig) -> Tensor:
    """Return L_int: focal and BCE on the nodes, a scalar. Source: H2VLR eq. 10.

    Args:
        logits: Log-odds of being anomalous, [B, N].
        nodes: Node truth, [B, N] in {0, 1}.
        config: Focal exponent and balance.
    """
    weight = 1.0 + (config.balance - 1.0) * nodes
    cross = functional.binary_cross_entropy_with_logits(logits, nodes, weight=weight)
    focal = binary_focal_loss(logits, nodes, alpha=0.5, gamma=config.focal_gamma, weight=weight)
    return cross + 2.0 * focal


def segmentation_loss(fused: Tensor, text: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Return L_seg: Dice, focal and the semantically weighted penalty. Source: H2VLR eq. 11.

    The text map is cut from its gradient: the penalty could otherwise be lowered by raising it.

    Args:
        fused: M*, [B, P] in [0, 1].
        text: M_txt at the same places, [B, P].
        target: Truth, [B, P] in {0, 1}.
        config: Focal exponent.
    """
    weight = 1.0 + (1.0 - text.detach())
    penalty = ((1.0 - target) * weight * fused).mean()
    probability = fused.clamp(1e-5, 1.0 - 1e-5)
    true = torch.where(target > 0, probability, 1.0 - probability)
    focal = -((1.0 - true) ** config.focal_gamma * true.log()).mean()
    return dice_loss(fused, target) + focal + penalty


def image_loss(logits: Tensor, label: Tensor, config: LossConfig) -> Tensor:
    """Return the image term: BCE, and the pairwise order of anomalous over normal pictures.

    No equation of the paper supervises the image score; without this term it would stay random.

    Args:
        logits: Log-odds of the image score, [B], pictures of one episode.
        label: 0 or 1, [B].
        config: Weight of the pairwise part.
    """
    loss = functional.binary_cross_entropy_with_logits(logits, label)
    above, below = logits[label > 0], logits[label == 0]
    if config.ranking > 0 and len(above) and len(below):
        gaps = above.unsqueeze(1) - below
        loss = loss + config.ranking * functional.softplus(-gaps).mean()
    return loss


def node_truth(target: Tensor, grid: tuple[int, int], config: LossConfig) -> Tensor:
    """Return which patches are anomalous, [B, N], for training masks [B, t, t]."""
    masks = target.unsqueeze(1).float()
    if config.node_target == "any":
        return functional.adaptive_max_pool2d(masks, grid).flatten(1)
    return (functional.adaptive_avg_pool2d(masks, grid) > 0.25).float().flatten(1)


def h2vlr_loss(
    joint: Tensor,
    cells: CellMaps,
    semantics: SemanticRepository,
    truth: Truth,
    grid: tuple[int, int],
    config: H2vlrConfig,
) -> Tensor:
    """Return the objective for the queries of one episode, a scalar. Source: H2VLR eq. 8.

    Before learned reasoning exists (``dsi``) M* is the base map, and the structural and image
    terms are absent.

    Args:
        joint: Query patches in the joint space, [S, B, N, J].
        cells: What the network makes of them.
        semantics: Prompts of the part, with gradient where the mapper learns.
        truth: Masks and labels.
        grid: Patch grid (h, w).
        config: Weights.
    """
    weights = config.loss
    nodes = node_truth(truth.target, grid, weights)
    scale = truth.target.shape[-1] // grid[1]
    target = truth.target.flatten(1).float()
    text = enlarged(cells.maps.text, grid, scale)
    loss = joint.new_zeros(())
    if weights.align > 0 and semantics.prompts.requires_grad:
        normal = joint[:, nodes == 0]  # [S, Z, J]
        loss = loss + weights.align * alignment_loss(normal, semantics, weights)
    if cells.node_logits is None or cells.score_logits is None:
        fused = enlarged(cells.maps.base, grid, scale)
        return loss + weights.segmentation * segmentation_loss(fused, text, target, weights)
    hypergraph = torch.sigmoid(cells.node_logits)
    fused = fused_map(cells.maps.base, hypergraph, grid, scale, config)
    loss = loss + weights.segmentation * segmentation_loss(fused, text, target, weights)
    loss = loss + weights.structure * structure_loss(cells, nodes, weights)
    if cells.own_logits is not None:  # apart from all else: nothing flows on from it
        loss = loss + node_loss(cells.own_logits, nodes, weights)
    return loss + weights.image * image_loss(cells.score_logits, truth.label.float(), weights)
