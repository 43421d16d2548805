"""Every constant of ADSeeker's expert, with unit, range and source.

"spec" marks what the paper leaves open and the project settled; "ours" what it adds (README.md
numbers these deviations).
"""

from dataclasses import dataclass, field
from typing import Literal

from adapp.auxiliary.sampling import Mixture

Variant = Literal["base", "obj", "cls", "obj_cls", "full"]
VARIANTS: tuple[Variant, ...] = ("base", "obj", "cls", "obj_cls", "full")
TRAINING_FREE: Variant = VARIANTS[0]
NAMED: frozenset[Variant] = frozenset({"obj", "obj_cls", "full"})
"""Steps whose prompts name the part."""
TYPED: frozenset[Variant] = frozenset({"cls", "obj_cls", "full"})
"""Steps whose prompts name the type of defect."""
TypeForm = Literal["nearest", "direction", "linear"]
"""How a region's type is told."""


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """Type-level prompts.

    Attributes:
        prefix: Learnable word embeddings before the words (spec: 12).
        init_std: Standard deviation of what is added to them at first; 0 leaves the words alone.
        anchored: Whether the prompts are the static ones plus what the learned prefix changes, so
            that an untrained prompt is a static one (ours, D4).
        neutral: Share of the prompts about ``fallback`` in the static prompts of a named part, in
            [0, 1]; anchored prompts only (ours, D4).
        fallback: Word for a part without a name (AnomalyCLIP).
        name_dropout: Share of the training pictures that are called ``fallback`` (ours, D9).
        top: Types that share a picture's abnormal prompt, most probable first (spec: 3).
        focus: What the first pass's log-odds are multiplied by before the softmax that says where
            the defect is (spec).
    """

    prefix: int = 12
    init_std: float = 0.02
    anchored: bool = False
    neutral: float = 0.0
    fallback: str = "object"
    name_dropout: float = 0.0
    top: int = 3
    focus: float = 1.0


@dataclass(frozen=True, slots=True)
class TypeConfig:
    """Type centroids and the choice among them.

    Attributes:
        stages: Tokens that describe a region: of the ``last`` stage (spec) or of ``all`` (ours,
            D5).
        lloyd_steps: Rounds of k-means from the predefined centres (spec: 10).
        free: Whether regions of a known type may leave its centre in these rounds (ours: they
            may not, D5).
        shrink: Share of the identity in the covariance within the types by which the space is
            whitened; 1 does not whiten (ours, D5).
        least: Regions below which a type has no centroid (ours).
        groups: Parts the categories are cut into to learn how sure a choice is (ours, D6).
        form: The ``nearest`` centroid of a Gaussian (ours, D5), the one whose ``direction`` from
            what is normal a region takes (the paper's cosine; ours, D13), or a ``linear``
            classifier (ours, D13).
        rivals: Other forms; a training takes whichever is most often right about regions of
            categories that it was fitted without (ours, D13).
        outline: Weight of the region's form beside its tokens, in spreads of what those say; 0
            leaves it out (ours, D13).
    """

    stages: Literal["last", "all"] = "last"
    lloyd_steps: int = 10
    free: bool = False
    shrink: float = 0.9
    least: int = 4
    groups: int = 5
    form: TypeForm = "nearest"
    rivals: tuple[TypeForm, ...] = ()
    outline: float = 0.0


@dataclass(frozen=True, slots=True)
class SparseConfig:
    """Hierarchical sparse prompts (HSP), one dictionary a stage.

    Attributes:
        atoms: Learnable prompt embeddings of a stage, K (spec: 16).
        steps: Unrolled steps, N (spec: 5).
        sparsity: lambda of eq. 9, for unit queries and atoms (spec: 0.1).
        descent: mu, length of a step (spec: 1).
        inside: Whether the tokens enter the encoder's blocks (ADSeeker 4.4), or its tapped tokens
            read them behind the encoder (ours, D2).
        text_depth: First layers of the text tower with tokens of their own (AdaCLIP: 4).
        text_tokens: Their number (AdaCLIP: 5).
        temperature: Of the attention from tapped tokens to sparse tokens (ours, D2).
        dropout: Share of the training pictures whose code is left out, so that the map does
            without it (ours, D2).
        projection: Whether each tap has a learned projection beside the frozen one (AdaCLIP).
    """

    atoms: int = 16
    steps: int = 5
    sparsity: float = 0.1
    descent: float = 1.0
    inside: bool = True
    text_depth: int = 4
    text_tokens: int = 5
    temperature: float = 0.1
    dropout: float = 0.0
    projection: bool = True


@dataclass(frozen=True, slots=True)
class ContrastConfig:
    """Self-dissimilarity of the patches (ours, D7); without neighbours it is left out.

    Attributes:
        neighbours: Numbers of most similar patches of the same picture to average over.
        stages: Positions of the stages whose patches it is taken of.
        stride: Only every so many rows and columns are compared with.
        dropout: Share of the training pictures whose map comes from it alone, and of those whose
            map does without it, so that each learns to speak for itself.
    """

    neighbours: tuple[int, ...] = ()
    stages: tuple[int, ...] = ()
    stride: int = 1
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """The expert's map and image score.

    Attributes:
        form: ``softmax`` of the two cosines, or their literal ``ratio`` of eq. 2 (spec: softmax
            for scoring, ratio for tokens).
        shift: Added to the cosines in the ratio, so that it stays in [0, 1] where they fall below
            zero (ours, D3).
        pool: ``mean`` of the global score and the map's maximum (spec), or the ``statistics`` of
            the map's log-odds: what stands out of its own median as well as its top (ours, D8).
        soft_top_percent: Share of cells, in %, whose mean stands for the maximum in training.
        sigma: Smoothing of pixel maps, pixels at the encoder's input size (AdaCLIP: 4).
    """

    form: Literal["softmax", "ratio"] = "softmax"
    shift: float = 0.0
    pool: Literal["mean", "statistics"] = "mean"
    soft_top_percent: float = 0.1
    sigma: float = 4.0


@dataclass(frozen=True, slots=True)
class LossConfig:
    """The objective (spec: focal and dice a stage, cross-entropy of the score, sparse coding).

    Attributes:
        local_weight: Of focal and dice loss.
        image_weight: Of the cross-entropy of the image score.
        sparse_weight: Of eq. 9 (spec: 0.1).
        focal_gamma: Focusing exponent (APRIL-GAN: 2).
        stages: Whether the local loss is the ``sum`` over the stages' maps (spec), or half the
            mean over them and half that of the averaged map, which is what is shown (``fused``;
            ours, D9).
        balanced: Whether the anomalous cells of a picture weigh as much as its normal ones in
            place of the plain focal mean (ours, D9).
    """

    local_weight: float = 1.0
    image_weight: float = 1.0
    sparse_weight: float = 0.1
    focal_gamma: float = 2.0
    stages: Literal["sum", "fused"] = "sum"
    balanced: bool = False


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """The recipe.

    Attributes:
        stage_epochs: Passes for each stage's linear layer and dictionary alone, before all parts
            train together (ADSeeker 4.4: stage-wise; spec: 1).
        stage_steps: Steps of such a pass; None takes those of a joint one.
        epochs: Joint passes (spec: 10).
        steps: Steps of a pass; None takes as many as there are pictures for.
        batch: Pictures a step (spec: 8).
        mixture: Proportions of real, synthetic and rendered pictures (ADSeeker: real ones; ours,
            D9).
        rate: AdamW's (spec: 1e-3).
        prompt_rate: Of the learnable prefixes.
        betas: Of AdamW (AdaCLIP).
        weight_decay: Decoupled decay of everything but the prefixes (spec).
        schedule: ``constant`` rate or a ``cosine`` down to zero (ours, D9).
        clip: Largest norm of the gradient (ours, D9).
        threshold_folds: Parts the training categories are cut into to set the generic threshold
            (ours, D10).
        threshold_epochs: Share of the epochs of those short trainings (ours, D10).
        false_alarms: Share of good pictures of unseen categories that the generic threshold may
            call anomalous (ours, D10).
    """

    stage_epochs: int = 1
    stage_steps: int | None = None
    epochs: int = 10
    steps: int | None = None
    batch: int = 8
    mixture: Mixture = field(default_factory=lambda: Mixture(1.0, 0.0, 0.0))
    rate: float = 1e-3
    prompt_rate: float = 1e-3
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 1e-2
    schedule: Literal["constant", "cosine"] = "constant"
    clip: float = 1.0
    threshold_folds: int = 3
    threshold_epochs: float = 0.34
    false_alarms: float = 0.05


@dataclass(frozen=True, slots=True)
class SeekerConfig:
    """ADSeeker's expert on one preset.

    Attributes:
        prompts: Type-level prompts.
        types: Type centroids that choose the prompts.
        telling: Type centroids that name a region's type (ours, D13).
        sparse: Hierarchical sparse prompts.
        contrast: Self-dissimilarity.
        score: Map and image score.
        loss: Objective.
        training: Recipe.
        size: Side of the encoder's square, pixels; None takes the encoder's own (AdaCLIP: 518).
        margin: Distance of a threshold above the largest score of the supports, log-odds at one
            support; it shrinks with the square root of their number (ours).
    """

    prompts: PromptConfig = PromptConfig()
    types: TypeConfig = TypeConfig()
    telling: TypeConfig = TypeConfig()
    sparse: SparseConfig = SparseConfig()
    contrast: ContrastConfig = ContrastConfig()
    score: ScoreConfig = ScoreConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    size: int | None = None
    margin: float = 0.5
