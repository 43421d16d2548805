"""Every constant of H2VLR, with unit, range and source.

"ours" marks a choice the paper leaves open or does not make; README.md numbers the deviations.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import torch

from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.ops.hypergraph import Normalisation

Variant = Literal["sab", "dsi", "sghm", "full"]
VARIANTS: tuple[Variant, ...] = ("sab", "dsi", "sghm", "full")


@dataclass(frozen=True, slots=True)
class InductionConfig:
    """Dynamic Semantic Induction and the text map.

    Attributes:
        hidden: Hidden width of the mapper (ours: half the joint width).
        slots: Word positions that the mapper acts on (PromptAD: 4).
        scope: ``prefix`` multiplies the slots, ``words`` every word with the token of its
            position modulo ``slots`` (ours).
        temperature: Cosines are divided by it; None takes the joint space's own (ours: 0.07).
        anchor: ``support`` forgives a query patch what its nearest normal patch violates of the
            margin of eq. 9, which holds that margin for the support without a gradient step
            (ours, D5); ``none`` compares with the centres alone.
        source: Which tokens meet the prompts: ``local`` (V-V path) or ``patches``.
        local_from: First block with a V-V path (CLIP Surgery: 7, the last six; PromptAD: 1, all
            of them; ours, D18); None without one.
        local_end: Whether the last stage is encoded on that path alone, as nothing else of it is
            read (ours, D18).
        stages: Their positions among the taps; text maps are averaged over them.
    """

    hidden: int = 320
    slots: int = 4
    scope: Literal["prefix", "words"] = "prefix"
    temperature: float | None = None
    anchor: Literal["none", "support"] = "none"
    source: Literal["local", "patches"] = "local"
    local_from: int | None = 7
    local_end: bool = True
    stages: tuple[int, ...] = (-1,)


@dataclass(frozen=True, slots=True)
class GalleryConfig:
    """The support gallery and the visual map.

    Attributes:
        stages: Positions among the taps that are compared (PromptAD: blocks 3 and 8).
        matching: ``separate`` finds a nearest patch per tap and averages the costs (PromptAD);
            ``joined`` finds one for all taps (ours, D3).
        calibration: ``none`` halves the cost into [0, 1]; ``support_quantile`` reads 0.5 where a
            patch is as far from the support as the support's own patches are from each other
            (ours, D4).
        steepness: Slope of that reading (ours).
        normal_quantile: Quantile of the support's own costs behind it (ours).
        single_quantile: The same with a single support, whose patches are compared with each
            other (ours, D16).
        single_inflation: Factor from there to what several supports show; fitted on the training
            categories (ours, D16).
        search_width: Main directions of the support along which the nearest patch is sought; its
            cost is exact. 0 seeks it in all channels (ours, D3).
        rotations: ``auto`` adds quarter-turned supports where the supports themselves show that
            parts lie in any orientation; ``never``, ``always`` (ours, D6).
    """

    stages: tuple[int, ...] = (0, 1)
    matching: Literal["separate", "joined"] = "separate"
    calibration: Literal["none", "support_quantile"] = "none"
    steepness: float = 3.0
    normal_quantile: float = 0.995
    single_quantile: float = 0.9
    single_inflation: float = 1.7
    search_width: int = 0
    rotations: Literal["auto", "never", "always"] = "auto"


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """The hypergraph and the reasoning on it.

    Attributes:
        neighbours: K, members of a hyperedge beside its own patch (H2VLR 4.1: 8).
        layers: L (H2VLR 4.1: 2).
        structure: Where structural neighbours are sought: ``joint`` space or ``visual`` taps
            (ours, D3).
        structure_tap: Which of the gallery's taps are compared there; None: all joined (ours).
        include_self: Whether a patch belongs to its own structural hyperedge (ours).
        norm: Normalisation of eq. 4; ``printed`` lacks the right factor and grows features (D1).
        weights: ``prompt`` derives the weights of semantic hyperedges from their affinities,
            ``ones`` does not (the paper gives no formula).
        weight_temperature: Softmax temperature of those weights (ours: 0.07).
        width: Channels of the node features (joint width).
        squeeze: Channels left of a joint token before reasoning; 0 keeps all (ours, D7).
        tokens: Whether nodes hold joint tokens at all; without them they hold evidence alone
            (ours, D7).
        evidence: Whether nodes also hold the channels of ``comparison.channels`` (ours, D7).
        readings: Whether the evidence also holds what patches read like in the joint space
            (ours, D7).
        direction: Whether the readings also hold those along a learned direction of the joint
            space (ours, D7).
        head_width: Hidden channels of the anomaly head (ours).
        residual: Whether a layer adds to its input instead of replacing it (ours, D8).
        base_skip: Adds the base map's log-odds and, with evidence, weighted sums of the node's own
            evidence to the head's, so that an untrained graph says what the base map says (ours,
            D8).
        dropout: In every layer (ours).
        token_dropout: Share of whole token channels left out in training (ours, D7).
        propagation: Share of the neighbourhood's mean in the parameter-free step of ``sghm``
            (ours).
    """

    neighbours: int = 8
    layers: int = 2
    structure: Literal["joint", "visual"] = "joint"
    structure_tap: int | None = None
    include_self: bool = True
    norm: Normalisation = "sym"
    weights: Literal["prompt", "ones"] = "prompt"
    weight_temperature: float = 0.07
    width: int = 640
    squeeze: int = 0
    tokens: bool = True
    evidence: bool = False
    readings: bool = False
    direction: bool = False
    head_width: int = 640
    residual: bool = False
    base_skip: bool = False
    dropout: float = 0.1
    token_dropout: float = 0.0
    propagation: float = 0.5


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """The learned image score.

    Attributes:
        bins: Bins of the soft histogram (ours: 16).
        hidden: Hidden width of the MLP behind it (ours: 64).
        extras: Whether the MLP also sees the maximum and the top-percent mean of the map, which
            the histogram pools away (ours, D9).
        scale: Resolution of the map that is summed up, values per patch and side (the paper's
            pixels: 16 on its encoder; ours: 1, the cells themselves, D10).
        base_skip: Whether the score starts as the base map's top-percent score and weighs those
            of the other maps beside the histogram (ours, D9).
        detached: Whether the score learns from finished maps instead of shaping them (ours, D9).
        dropout: In the MLP (ours).
        top_percent: Share of cells behind that score, in % (ours: 1).
    """

    bins: int = 16
    hidden: int = 64
    extras: bool = True
    scale: int = 16
    base_skip: bool = False
    detached: bool = False
    dropout: float = 0.0
    top_percent: float = 1.0


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Weights and margins of eq. 8 to 11.

    Attributes:
        align: Weight of the alignment loss (eq. 8: 1).
        structure: lambda_str (H2VLR 4.1: 0.02).
        segmentation: lambda_seg (H2VLR 4.1: 1).
        image: Weight of the image term that no equation has (ours: 1, D11).
        ranking: Weight of the pairwise order of the pictures of one episode (ours, D11).
        margin: gamma of eq. 9, cosine (ours: 0.1).
        triplet_margin: Of the triplet term, squared distance (PromptAD: 0).
        smoothness: xi of eq. 10 (ours: 0.1).
        node_target: A node is anomalous if its cell holds ``any`` masked pixel or more than a
            quarter (``area``) of them (ours).
        balance: Weight of an anomalous node in eq. 10's BCE and focal term over that of a normal
            one; 1 is the paper's (ours, D12).
        focal_gamma: Exponent of every focal term (ours: 2).
    """

    align: float = 1.0
    structure: float = 0.02
    segmentation: float = 1.0
    image: float = 1.0
    ranking: float = 0.0
    margin: float = 0.1
    triplet_margin: float = 0.0
    smoothness: float = 0.1
    node_target: Literal["any", "area"] = "any"
    balance: float = 1.0
    focal_gamma: float = 2.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a stage of the training runs.

    Attributes:
        optimiser: ``sgd`` (H2VLR 4.1, momentum 0.9 of PromptAD) or ``adamw`` (ours, D13).
        rate: Peak learning rate; a cosine carries it to zero (H2VLR 4.1: 2e-3).
        decay: Weight decay (PromptAD: 5e-4).
        epochs: Passes (H2VLR 4.1: 100).
        batch: Queries per step (H2VLR 4.1: 400 views, all of an epoch).
    """

    optimiser: Literal["sgd", "adamw"] = "sgd"
    rate: float = 2e-3
    decay: float = 5e-4
    epochs: int = 100
    batch: int = 40


@dataclass(frozen=True, slots=True)
class H2vlrConfig:
    """H2VLR on one preset.

    Attributes:
        induction: Prompts and text map.
        gallery: Support gallery and visual map.
        graph: Hypergraph reasoning.
        score: Image score.
        loss: Objective.
        text_weight: alpha of eq. 5, share of the text map (H2VLR 4.3: 0.5).
        residual_gain: beta of eq. 6 (2 alone fills the stated range of the residual).
        residual_centre: mu of eq. 6 (0.5 alone puts it at the decision boundary).
        residual_weight: eta of eq. 7 (H2VLR 4.3: 0.4).
        sigma: Smoothing of pixel maps, pixels at the encoder's input size (PromptAD: 4).
        margin: Distance of the threshold above the largest normal score, log-odds at one normal;
            it shrinks with the square root of their number (ours).
        pixel_floor: Least fused value of a region. A patch as odd as the support's own oddest,
            in which the text sees nothing, reads 0.25 (ours).
        induce: First stage of the training: the mapper.
        reason: Second stage: graph and score.
        tuning: "Tune to these parts" (ours), or the paper's training where ``joint``.
        joint: Whether mapper, graph and score are trained at once, as published, instead of in
            two stages, which lets one checkpoint serve every step of the ladder (D13).
        views: Views of the supports for tuning (H2VLR 4.1: 400).
        autocast: Whether gallery search and reasoning run in bfloat16.
        bridge: Training of the joint space; None where the encoders have one of their own.
        cross_fit: Parts of the training categories; the text evidence of a part comes from a
            bridge that was trained without it, so that it is as good in training as it will be
            on categories never seen (ours, D14). 0: one bridge for all.
    """

    induction: InductionConfig = field(default_factory=InductionConfig)
    gallery: GalleryConfig = field(default_factory=GalleryConfig)
    graph: GraphConfig = field(default_factory=GraphConfig)
    score: ScoreConfig = field(default_factory=ScoreConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    text_weight: float = 0.5
    residual_gain: float = 2.0
    residual_centre: float = 0.5
    residual_weight: float = 0.4
    sigma: float = 4.0
    margin: float = 0.25
    pixel_floor: float = 0.3
    induce: Schedule = field(default_factory=Schedule)
    reason: Schedule = field(default_factory=Schedule)
    tuning: Schedule = field(default_factory=Schedule)
    joint: bool = True
    views: int = 400
    autocast: bool = False
    bridge: BridgeConfig | None = None
    cross_fit: int = 0

    def search_dtype(self, encoder: str) -> torch.dtype:
        """Return the arithmetic of the gallery search behind an encoder of that arithmetic."""
        return torch.bfloat16 if self.autocast and encoder == "bfloat16" else torch.float32

    def static(self) -> "H2vlrConfig":
        """Return these constants with prompts that know nothing of the support (``sab``)."""
        return replace(self, induction=replace(self.induction, anchor="none"))
