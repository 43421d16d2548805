"""Every constant of KAnoCLIP, with unit, range and source.

"spec" marks what the paper leaves open and the project settled; "ours" what it adds (README.md
numbers these deviations).
"""

from dataclasses import dataclass, field
from typing import Literal

from adapp.auxiliary.cells import Path
from adapp.auxiliary.sampling import Mixture

Variant = Literal["base", "knpl", "vv", "bicmci", "full"]
VARIANTS: tuple[Variant, ...] = ("base", "knpl", "vv", "bicmci", "full")
TRAINING_FREE: Variant = VARIANTS[0]


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """Knowledge-driven prompts (KnPL).

    Attributes:
        prefix: Learnable word embeddings before the state, K (KAnoCLIP 3.1: 12).
        init_std: Standard deviation they are drawn with (AnomalyCLIP: 0.02).
        normal: Adjectives of the normal prompts (KAnoCLIP 2.2.2).
        abnormal: Adjectives of the abnormal prompts (KAnoCLIP 2.2.2).
        fallback: Word for a part without a name (AnomalyCLIP).
        name_dropout: Share of the training pictures that are called ``fallback`` (ours, D9).
        kd_margin: Added to the knowledge-driven hinge (KAnoCLIP eq. 2: none).
        picture_texts: Most image-specific descriptions of a class (KAnoCLIP: one a picture).
    """

    prefix: int = 12
    init_std: float = 0.02
    normal: tuple[str, ...] = ("normal", "perfect")
    abnormal: tuple[str, ...] = ("abnormal", "defective")
    fallback: str = "object"
    name_dropout: float = 0.0
    kd_margin: float = 0.0
    picture_texts: int = 1_000_000


@dataclass(frozen=True, slots=True)
class InteractionConfig:
    """Bi-CMCI, one block a stage.

    Attributes:
        inner: Channels inside the attentions (spec: 256).
        heads: Heads of every attention (spec: 8).
        groups: Groups of channels with offsets of their own (DAT: 4).
        stride: Stride of the offset network: one sampled key per so many cells and side (DAT: 4).
        kernel: Side of the offset network's depthwise kernel, cells (DAT: 5).
        reach: Largest offset of a key, cells (spec: 2).
        gate: First value of every gate (GroundingDINO: 1e-4).
        dropout: Share of patch channels dropped in training before the attentions (ours, D5).
        self_neighbours: Numbers of most similar patches of the same picture that a patch's
            self-dissimilarity averages over; empty leaves it out (ours, D6).
        self_stages: Positions of the stages whose patches it is taken of (ours, D6).
        self_stride: Only every so many rows and columns are compared with (ours, D6).
        evidence_dropout: Share of the training pictures whose map comes from the
            self-dissimilarity alone, and of those whose map does without it: so that each learns
            to speak for itself, and neither leans on how well the other fits the training
            categories (ours, D6).
    """

    inner: int = 256
    heads: int = 8
    groups: int = 4
    stride: int = 4
    kernel: int = 5
    reach: float = 2.0
    gate: float = 1e-4
    dropout: float = 0.0
    self_neighbours: tuple[int, ...] = ()
    self_stages: tuple[int, ...] = ()
    self_stride: int = 1
    evidence_dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class GlobalConfig:
    """The global branch: Conv-Adapter and image score.

    Attributes:
        adapter: ``conv`` reads the last stage's grid, ``linear`` is eq. 11 literally (spec).
        reduction: Width over the adapter's inner width (CLIP-Adapter: 4).
        share: Weight of the adapter's output beside the pooled vector (CLIP-Adapter: 0.2).
        reader: Whether the score is read off the whole map, the self-dissimilarity and the global
            log-odds in place of eq. 12 (ours, D7).
        soft_top_percent: Share of cells, in %, whose mean stands for max(M) in training, at
            least one cell (spec: 0.1).
    """

    adapter: Literal["conv", "linear"] = "conv"
    reduction: int = 4
    share: float = 0.2
    reader: bool = False
    soft_top_percent: float = 0.1


@dataclass(frozen=True, slots=True)
class LossConfig:
    """The objective, KAnoCLIP eq. 13-15.

    Attributes:
        kd_weight: alpha of eq. 13 (KAnoCLIP: 1).
        global_weight: beta (KAnoCLIP: 1).
        local_weight: gamma (KAnoCLIP: 1).
        guide_weight: Weight of the distance of the prompts' direction and text maps from those of
            a linear classifier of the same patches (KAnoCLIP: none; ours, D13).
        focal_gamma: Focusing exponent (APRIL-GAN: 2).
        stages: Whether the local loss is the ``sum`` over the stages' maps (spec), or half the
            mean over them and half that of the averaged map, which is what is shown
            (``fused``; ours, D10).
    """

    kd_weight: float = 1.0
    global_weight: float = 1.0
    local_weight: float = 1.0
    guide_weight: float = 0.0
    focal_gamma: float = 2.0
    stages: Literal["sum", "fused"] = "sum"


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """The recipe.

    Attributes:
        epochs: Passes (AnomalyCLIP: 15).
        steps: Steps of a pass; None takes as many as there are pictures for (AnomalyCLIP).
        batch: Pictures a step (AnomalyCLIP: 8).
        mixture: Proportions of real, synthetic and rendered pictures (KAnoCLIP: real ones; ours,
            D9).
        prompt_rate: Adam's rate for the prompts (AnomalyCLIP: 1e-3).
        network_rate: Adam's rate for Bi-CMCI and the adapter (FiLo: 1e-4).
        betas: Of Adam (AnomalyCLIP).
        weight_decay: Decoupled decay of the network's weights; 0 is Adam (ours, D9).
        schedule: ``constant`` rate (AnomalyCLIP) or a ``cosine`` down to zero (ours, D9).
        clip: Largest norm of the gradient (ours, D9).
        threshold_folds: Parts the training categories are cut into to set the generic threshold:
            each is scored by a short training without it (ours, D11).
        threshold_epochs: Share of the epochs of those short trainings (ours, D11).
        false_alarms: Share of good pictures of unseen categories that the generic threshold may
            call anomalous (ours, D11).
    """

    epochs: int = 15
    steps: int | None = None
    batch: int = 8
    mixture: Mixture = field(default_factory=lambda: Mixture(1.0, 0.0, 0.0))
    prompt_rate: float = 1e-3
    network_rate: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    clip: float = 1.0
    threshold_folds: int = 3
    threshold_epochs: float = 0.34
    false_alarms: float = 0.05


@dataclass(frozen=True, slots=True)
class KanoConfig:
    """KAnoCLIP on one preset.

    Attributes:
        prompts: Knowledge-driven prompts.
        interaction: Bi-CMCI.
        globals: Conv-Adapter and image score.
        loss: Objective.
        training: Recipe.
        local_from: First block with a V-V path, counted from 1 (AnomalyCLIP: the last 19 of 24).
        path: Tokens that are compared with the text from the step ``vv`` on: those of the V-V path,
            or the mean of ``both`` paths (ours, D5).
        centre: Whether patches are centred on the mean of the training patches before they are
            compared with text: the V-V path has a mean of its own (ours, D4).
        sigma: Smoothing of pixel maps, pixels at the encoder's input size (AnomalyCLIP: 4).
        size: Side of the encoder's square, pixels; None takes the encoder's own (AnomalyCLIP:
            518).
        margin: Distance of a threshold above the largest score of the supports, log-odds of
            score / 2 at one support; it shrinks with the square root of their number (ours).
        autocast: Whether the trained parts compute in bfloat16: where the encoder does, and in
            training on a machine that has it (ours).
    """

    prompts: PromptConfig = PromptConfig()
    interaction: InteractionConfig = InteractionConfig()
    globals: GlobalConfig = GlobalConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    local_from: int = 6
    path: Path = "local"
    centre: bool = False
    sigma: float = 4.0
    size: int | None = None
    margin: float = 0.5
    autocast: bool = True
